// Generated YAML read back by yaml-cpp, which is not what wrote it.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json_value.h"

namespace portreeve::substrate {

// The documents of the text. Strings stand in quotes; a plain scalar must be a whole number.
std::vector<JsonValue> read_yaml_documents(const std::string& text);

}  // namespace portreeve::substrate

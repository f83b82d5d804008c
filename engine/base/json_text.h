// JSON for people.
#pragma once

#include <string>

#include "engine/base/json_value.h"

namespace portreeve {

// Indented by two, lists of plain values in one line, a line feed at the end. Depth is that of the call stack.
std::string to_indented_json(const JsonValue& value);

}  // namespace portreeve

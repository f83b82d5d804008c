// JSON values as YAML that people read.
#pragma once

#include <string>

#include "engine/base/json_value.h"

namespace portreeve::substrate {

// Block style, indented by two, members sorted; strings in double quotes, as JSON writes them, so that no reader of
// YAML takes one for anything else; empty containers as `[]` and `{}`. Requires: an object; depth is that of the call
// stack.
std::string to_yaml(const JsonValue& document);

}  // namespace portreeve::substrate

// Values whole, for `portreeve cel`: as a CEL literal and as JSON that keeps the types.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/cel/value.h"

namespace portreeve::cel {

// The value as a CEL literal, maps in the map's own order. Fails where it takes more than limits::kCelResultBytes.
Result<std::string> to_literal(const Value& value);

// The value as {"type", "value"}: int and uint as decimal strings; a double as a number or "NaN", "Infinity",
// "-Infinity"; bytes in base64; a list as an array of such objects, a map as an array of [key, value]; a timestamp in
// RFC 3339; a duration as "1.5s"; a type its name; an optional what it holds, or null. An error as {"error"}.
// Fails as to_literal().
Result<std::string> to_typed_json(const Value& value);

}  // namespace portreeve::cel

// Boost.JSON without its leniency.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pep {

// Parses one JSON text (RFC 8259): UTF-8, nesting up to limits::kJsonDepth, no key twice in an object, nothing behind
// it.
Result<boost::json::value> read_json(std::string_view text);

}  // namespace portreeve::pep

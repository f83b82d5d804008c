// Boost.JSON without its leniency.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pep {

// Parses one JSON text (RFC 8259): UTF-8, nesting up to limits::kJsonDepth, no key twice in an object, nothing behind
// it.
Result<boost::json::value> read_json(std::string_view text);

// A text of 1 to 128 printable ASCII characters without spaces, as identifiers are; nothing otherwise.
std::optional<std::string> as_identifier(const boost::json::value& value);

// Members of an object; nothing where there is none of that name and kind.
const boost::json::object* object_in(const boost::json::object& parent, std::string_view name);
std::optional<std::string> identifier_in(const boost::json::object& parent, std::string_view name);
// A whole number from 0.
std::optional<std::int64_t> count_in(const boost::json::object& parent, std::string_view name);

}  // namespace portreeve::pep

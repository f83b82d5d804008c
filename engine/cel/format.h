// What CEL writes as text: format(), strings.quote(), base64 (cel-spec's string and encoder extensions).
#pragma once

#include <string_view>

#include "engine/cel/cel.h"

namespace portreeve::cel {

// The clauses %s %d %f %e %b %o %x %X and %% of `format`, filled from the list; %f and %e take a precision (`%.3f`).
// Requires: `arguments` is a list.
Value formatted(std::string_view format, const Value& arguments, Arena& arena);
// In double quotes, what does not print escaped.
Value quoted(std::string_view text, Arena& arena);

Value base64_encoded(std::string_view bytes, Arena& arena);
// Standard alphabet (RFC 4648 §4), padded or not.
Value base64_decoded(std::string_view text, Arena& arena);

}  // namespace portreeve::cel

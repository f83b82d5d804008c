// The bodies of OAuth's endpoints: application/x-www-form-urlencoded, read strictly.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pdp {

// Of a form: one token, some names, and labels; the largest real one stays far below.
inline constexpr std::size_t kFormBytes = 64u << 10;
inline constexpr std::size_t kFormFields = 32;

using Form = std::map<std::string, std::string, std::less<>>;

// Decodes `a=b&c=d` (WHATWG URL §5.1, with what OAuth adds: RFC 6749 §3.1, no field twice). Refused: more than the
// bounds, a field without `=` or name, bad or truncated escapes, bytes outside printable ASCII, decoded text that is no
// UTF-8 or holds NUL. Errors name the field, never its value.
Result<Form> parse_form(std::string_view body);

}  // namespace portreeve::pdp

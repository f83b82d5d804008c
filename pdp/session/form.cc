#include "pdp/session/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower_ascii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Null where an escape is bad, a byte is none that stands in a form, or the text is not UTF-8 without NUL.
std::optional<std::string> decode(std::string_view encoded) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const char c = encoded[i];
    if (c <= ' ' || c >= '\x7F') return std::nullopt;
    if (c == '+') {
      text += ' ';
    } else if (c != '%') {
      text += c;
    } else {
      if (i + 2 >= encoded.size()) return std::nullopt;
      const int high = hex_digit(encoded[i + 1]), low = hex_digit(encoded[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      text += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_valid_utf8(text)) return std::nullopt;
  return text;
}

}  // namespace

Result<Form> parse_form(std::string_view body) {
  if (body.size() > kFormBytes) return fail(fmt::format("the form is longer than {} bytes", kFormBytes));
  Form form;
  bool more = !body.empty();
  while (more) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    more = end != body.size();
    body.remove_prefix(more ? end + 1 : end);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return fail("the form has a field without name or `=`");
    auto name = decode(pair.substr(0, equals));
    if (!name) return fail("the form has a field whose name cannot be decoded");
    auto value = decode(pair.substr(equals + 1));
    if (!value) return fail(fmt::format("field `{}` cannot be decoded", printable(*name, 64)));
    if (form.size() == kFormFields) return fail(fmt::format("the form has more than {} fields", kFormFields));
    const auto [at, is_new] = form.emplace(std::move(*name), std::move(*value));
    if (!is_new) return fail(fmt::format("field `{}` stands twice", printable(at->first, 64)));
  }
  return form;
}

}  // namespace portreeve::pdp

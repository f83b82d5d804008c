#include "pdp/admin/cookie.h"

#include <fmt/format.h>

namespace portreeve::pdp {
namespace {

constexpr std::size_t kCookieBytes = 128;  // ours are 43

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string_view> find_cookie(const HttpRequest& request, std::string_view name) {
  std::optional<std::string_view> found;
  for (std::string_view rest : request.headers("Cookie")) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found) return std::nullopt;
      found = pair.substr(equals + 1);
    }
  }
  if (found && (found->empty() || found->size() > kCookieBytes)) return std::nullopt;
  return found;
}

std::string to_field(const NewCookie& cookie) {
  return fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite={}{}", cookie.name, cookie.value, cookie.path,
                     cookie.value.empty() ? 0 : cookie.lifetime.count(),
                     cookie.same_site == SameSite::strict ? "Strict" : "Lax",
                     cookie.transport == CookieTransport::tls_only ? "; Secure" : "");
}

}  // namespace portreeve::pdp

#include "pep/egress/credentials.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

HeadError unreadable(std::string message) { return HeadError{HeadFault::field, 400, std::move(message)}; }

}  // namespace

std::variant<std::string, NoToken, HeadError> read_token(const RequestHead& head) {
  const std::string* header = head.find("proxy-authorization");
  if (header == nullptr) return NoToken{};
  const std::size_t blank = header->find(' ');
  const std::string_view scheme = std::string_view(*header).substr(0, blank);
  std::string_view credentials =
      blank == std::string::npos ? std::string_view() : std::string_view(*header).substr(blank);
  while (!credentials.empty() && credentials.front() == ' ') credentials.remove_prefix(1);

  std::string token;
  if (equal_ignoring_ascii_case(scheme, "bearer")) {
    token = credentials;
  } else if (equal_ignoring_ascii_case(scheme, "basic")) {
    const auto pair = base64_decode(credentials);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return unreadable("Proxy-Authorization is no Basic credential");
    token = pair->substr(colon + 1);
    if (token.empty()) token = pair->substr(0, colon);
  } else {
    return NoToken{};
  }
  if (token.empty()) return NoToken{};
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return unreadable("the token in Proxy-Authorization holds a byte that has no place there");
  }
  return token;
}

}  // namespace portreeve::pep

#include "pep/broker/session_token.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

HeadError unreadable(std::string message) { return HeadError{HeadFault::field, 400, std::move(message)}; }

// The token in an Authorization value; empty for none, nothing where it cannot be read.
std::optional<std::string> token_in(std::string_view value) {
  const std::size_t blank = value.find(' ');
  const std::string_view scheme = value.substr(0, blank);
  const std::string_view credentials =
      blank == std::string_view::npos ? std::string_view() : trim_blanks(value.substr(blank));
  if (equal_ignoring_ascii_case(scheme, "bearer")) return std::string(credentials);
  if (!equal_ignoring_ascii_case(scheme, "basic")) return std::string();
  const auto pair = base64_decode(credentials);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  std::string token = pair->substr(colon + 1);
  return token.empty() ? pair->substr(0, colon) : token;
}

}  // namespace

std::variant<std::string, MissingToken, HeadError> read_session_token(const RequestHead& head) {
  if (head.count("x-api-key") > 1) return unreadable("the header `x-api-key` comes more than once");
  std::string token;
  if (const std::string* key = head.find("x-api-key")) token = *key;
  if (const std::string* authorization = head.find("authorization")) {
    auto found = token_in(*authorization);
    if (!found) return unreadable("Authorization is no Basic credential");
    if (!token.empty() && !found->empty() && *found != token) {
      return unreadable("x-api-key and Authorization hold two different tokens");
    }
    if (token.empty()) token = *std::move(found);
  }
  if (token.empty()) return MissingToken{};
  const bool visible = std::all_of(token.begin(), token.end(), is_visible);
  if (!visible || token.size() > limits::kTokenBytes) return unreadable("the session token cannot be read");
  return token;
}

}  // namespace portreeve::pep

#include "pep/broker/request_target.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/text.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::pep {
namespace {

constexpr std::array<std::string_view, 3> kCredentialParameters = {"key", "api_key", "access_token"};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent escapes decoded; nothing where one is malformed.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool holds(std::string_view text, std::string_view token) {
  return !token.empty() && text.find(token) != std::string_view::npos;
}

Result<std::string> clean_query(std::string_view query, std::string_view token) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto plain = decoded(parameter);
    if (!plain) return fail("`%` in the query is followed by two hexadecimal digits");
    if (std::any_of(plain->begin(), plain->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
      return fail("the query has no control character");
    }
    const std::string name = to_lower_ascii(plain->substr(0, plain->find('=')));
    const bool credential =
        std::find(kCredentialParameters.begin(), kCredentialParameters.end(), name) != kCredentialParameters.end();
    if (credential || holds(*plain, token)) continue;
    if (!out.empty()) out += '&';
    out += parameter;
  }
  return out;
}

}  // namespace

Result<RequestTarget> read_target(std::string_view target, std::string_view token) {
  if (!target.starts_with('/')) return fail("the request target is a path, such as `/anthropic/v1/messages`");
  if (target.find('#') != std::string_view::npos) return fail("the request target has no fragment");
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  RequestTarget read;
  TRY_ASSIGN(read.path, wire::normalise_http_path(path));
  if (read.path.find("//") != std::string::npos) return fail("a path has no `//`");
  for (const std::string_view banned : {";", "%25", "%3B"}) {
    if (read.path.find(banned) != std::string::npos) return fail("a path has no `" + std::string(banned) + "`");
  }
  const auto plain = decoded(read.path);
  if (!plain || !is_valid_utf8(*plain)) return fail("a path is UTF-8");
  if (holds(*plain, token)) return fail("the path holds the session token");
  if (mark != std::string_view::npos) {
    TRY_ASSIGN(read.query, clean_query(target.substr(mark + 1), token));
  }
  return read;
}

std::string without_parameter(std::string_view query, std::string_view name) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (decoded(parameter.substr(0, parameter.find('='))) == name) continue;
    if (!out.empty()) out += '&';
    out += parameter;
  }
  return out;
}

std::string path_below(std::string_view path, std::string_view route) {
  if (route == "/") return std::string(path);
  path.remove_prefix(route.size());
  return path.empty() ? "/" : std::string(path);
}

}  // namespace portreeve::pep

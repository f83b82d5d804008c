#include "engine/wire/upstream_url.h"

#include <fmt/format.h>

#include "engine/base/text.h"

namespace portreeve::wire {
namespace {

constexpr std::size_t kMostPathBytes = 8192;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// RFC 3986 §2.3.
bool is_unreserved(char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_dot_segment(std::string_view path) {
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

Result<std::string> normalise_http_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (!path.starts_with('/')) return fail("a path begins with `/`");
  if (path.size() > kMostPathBytes) return fail("the path is longer than 8192 bytes");
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c <= 0x20 || c == 0x7F || static_cast<unsigned char>(c) >= 0x80) {
      return fail("a path has no blank, control or non-ASCII character");
    }
    if (c == '\\' || c == '#') return fail(fmt::format("a path has no `{}`", c));
    if (c != '%') {
      out += c;
      continue;
    }
    const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
    if (high < 0 || low < 0) return fail("`%` is followed by two hexadecimal digits");
    const char decoded = static_cast<char>(high * 16 + low);
    if (decoded == '/' || decoded == '\\' || decoded == '\0') return fail("a path has no encoded `/`, `\\` or NUL");
    if (is_unreserved(decoded)) {
      out += decoded;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(decoded));
    }
    i += 2;
  }
  if (has_dot_segment(out)) return fail("a path has no `.` or `..` segment");
  return out;
}

bool is_http_method(std::string_view method) {
  static constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  if (method.empty() || method.size() > 32) return false;
  for (const char c : method) {
    const bool lower = c >= 'a' && c <= 'z';
    if (lower || (!is_alphanumeric(c) && kTokenMarks.find(c) == std::string_view::npos)) return false;
  }
  return true;
}

Result<UpstreamUrl> UpstreamUrl::parse(std::string_view text) {
  static constexpr std::string_view kScheme = "https://";
  const auto bad = [&](std::string_view why) {
    return fail(
        fmt::format("`{}` is not an upstream: {}; write it like `https://api.example.com`", printable(text), why));
  };
  if (!equal_ignoring_ascii_case(text.substr(0, kScheme.size()), kScheme)) return bad("it is not https");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return bad("it has user info");
  if (rest.find('?') != std::string_view::npos) return bad("it has a query");
  if (rest.find('#') != std::string_view::npos) return bad("it has a fragment");
  if (rest.find('*') != std::string_view::npos) return bad("it has a wildcard");
  auto origin = net::Endpoint::parse(authority, std::uint16_t{443});
  if (!origin) return bad(origin.error().message);
  std::string_view path = rest.substr(slash);
  if (path.ends_with('/')) path.remove_suffix(1);
  std::string canonical;
  if (!path.empty()) {
    auto normal = normalise_http_path(path);
    if (!normal) return bad(normal.error().message);
    const bool empty_segment = path.ends_with('/') || path.find("//") != std::string_view::npos;
    if (*normal != path || empty_segment) return bad("its path is not canonical");
    canonical = *std::move(normal);
  }
  return UpstreamUrl{*std::move(origin), std::move(canonical)};
}

std::string UpstreamUrl::to_string() const {
  const bool default_port = origin.port == 443;
  std::string host = origin.to_string();
  if (default_port) host.resize(host.rfind(':'));
  return "https://" + host + path;
}

}  // namespace portreeve::wire

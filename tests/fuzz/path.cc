// Paths of HTTP requests and of programs, and methods: normal forms are normal, and what is judged is what is meant.
#include <filesystem>
#include <optional>
#include <string>

#include "engine/wire/program_path.h"
#include "engine/wire/upstream_url.h"
#include "tests/fuzz/input.h"

namespace {

using portreeve::wire::normalise_http_path;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// What a server that decodes everything would see. Requires: well-formed escapes.
std::string decoded(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      CHECK(i + 2 < path.size() && digit(path[i + 1]) >= 0 && digit(path[i + 2]) >= 0);
      out += static_cast<char>(digit(path[i + 1]) * 16 + digit(path[i + 2]));
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

void check_http_path(std::string_view text) {
  const auto path = normalise_http_path(text);
  if (!path) {
    CHECK(!path.error().message.empty());
    return;
  }
  CHECK(path->starts_with('/') && path->size() <= text.size());
  CHECK(normalise_http_path(*path) == *path);
  const std::string seen = decoded(*path);
  CHECK(seen == decoded(text.substr(0, text.find('?'))));
  CHECK(seen.find('\0') == std::string::npos && seen.find('\\') == std::string::npos);
  CHECK((seen + "/").find("/./") == std::string::npos && (seen + "/").find("/../") == std::string::npos);
  for (const char c : *path) CHECK(c > 0x20 && c < 0x7F && c != '?' && c != '#');
}

bool slow_is_clean(std::string_view text) {
  const std::filesystem::path path(text);
  return text.find('\0') == std::string_view::npos && path.is_absolute() && path.lexically_normal() == path &&
         path.native() == path.lexically_normal().native() && (text == "/" || !text.ends_with('/'));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::wire;
  const std::string_view text = as_text(data, size);
  check_http_path(text);
  CHECK(is_clean_path(text) == slow_is_clean(text));
  CHECK(is_dynamic_loader(text) == is_dynamic_loader(text.substr(text.rfind('/') + 1)));
  if (is_http_method(text)) CHECK(text.size() <= 32 && text.find_first_of(" \t\r\n/:()<>@,;\\\"[]?={}") == text.npos);
  return 0;
}

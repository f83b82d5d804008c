// Makes ClientHellos, good and bad, byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve::pep {

inline std::string number(std::size_t value, int width) {
  std::string out;
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}
inline std::string sized(std::string_view bytes, int width) { return number(bytes.size(), width) + std::string(bytes); }

inline std::string extension(std::uint16_t type, std::string_view data) { return number(type, 2) + sized(data, 2); }
// A server_name extension with these names.
inline std::string server_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += std::string(1, '\0') + sized(name, 2);
  return extension(0, sized(list, 2));
}

struct HelloParts {
  std::size_t version = 0x0303;
  std::string session = std::string(32, 's');
  std::string suites = "\x13\x01\x13\x02";
  std::string compressions = std::string(1, '\0');
  std::optional<std::string> extensions = std::string();
};

inline std::string hello_body(const HelloParts& parts) {
  std::string body = number(parts.version, 2) + std::string(32, 'r') + sized(parts.session, 1) +
                     sized(parts.suites, 2) + sized(parts.compressions, 1);
  if (parts.extensions) body += sized(*parts.extensions, 2);
  return body;
}
inline std::string message_of(std::string_view body, char type = 1) { return type + sized(body, 3); }
inline std::string record_of(std::string_view payload, char type = 22) {
  return type + std::string("\x03\x01") + sized(payload, 2);
}
// The bytes cut into records of at most `size` bytes of payload.
inline std::string records_of(std::string_view message, std::size_t size = 1u << 14) {
  std::string out;
  for (; !message.empty(); message.remove_prefix(std::min(size, message.size())))
    out += record_of(message.substr(0, size));
  return out;
}
// A plain hello for `name`, as one record.
inline std::string hello_for(const std::string& name) {
  HelloParts parts;
  parts.extensions = extension(43, std::string("\x02\x03\x04", 3)) + server_names({name}) + extension(16, "");
  return records_of(message_of(hello_body(parts)));
}

}  // namespace portreeve::pep

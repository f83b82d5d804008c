#include "tools/substrate/link_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/base/text.h"

namespace portreeve::substrate {
namespace {

constexpr std::size_t kLongestName = 15;  // IFNAMSIZ counts a terminating zero

bool is_name(std::string_view text) {
  const auto is_plain = [](char c) {
    const char lower = to_lower_ascii(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kLongestName && !text.starts_with('-') && text != "." && text != ".." &&
         std::ranges::all_of(text, is_plain);
}

std::optional<std::uint8_t> hex_digit(char c) {
  const char lower = to_lower_ascii(c);
  if (lower >= '0' && lower <= '9') return static_cast<std::uint8_t>(lower - '0');
  if (lower >= 'a' && lower <= 'f') return static_cast<std::uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

std::optional<std::array<std::uint8_t, 6>> six_bytes(std::string_view text) {
  std::array<std::uint8_t, 6> bytes{};
  if (text.size() != 3 * bytes.size() - 1) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = hex_digit(text[3 * i]);
    const auto low = hex_digit(text[3 * i + 1]);
    if (!high || !low || (i + 1 < bytes.size() && text[3 * i + 2] != ':')) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return bytes;
}

}  // namespace

Result<InterfaceName> InterfaceName::parse(std::string_view text) {
  if (!is_name(text)) {
    return fail(fmt::format("`{}` is not the name of a network interface (1 to {} of letters, digits, `.`, `_`, `-`)",
                            printable(text), kLongestName));
  }
  InterfaceName name;
  name.text_ = text;
  return name;
}

Result<InterfacePattern> InterfacePattern::parse(std::string_view text) {
  InterfacePattern pattern;
  pattern.prefix_ = text.ends_with('*');
  if (text == "*")
    return fail("`*` would be every interface, those of sandboxes too (name them, like `eth0` or `br-*`)");
  const std::string_view stem = pattern.prefix_ ? text.substr(0, text.size() - 1) : text;
  if (!is_name(stem)) {
    return fail(
        fmt::format("`{}` is not the name of a network interface, nor the beginning of one and `*`", printable(text)));
  }
  pattern.stem_ = stem;
  return pattern;
}

bool InterfacePattern::matches(const InterfaceName& name) const {
  return prefix_ ? name.text().starts_with(stem_) : name.text() == stem_;
}

Result<MacAddress> MacAddress::parse(std::string_view text) {
  const auto bytes = six_bytes(text);
  if (!bytes) return fail(fmt::format("`{}` is not a MAC address, like `02:00:5e:10:00:01`", printable(text)));
  const bool is_zero = std::ranges::all_of(*bytes, [](std::uint8_t byte) { return byte == 0; });
  if (is_zero || ((*bytes)[0] & 1) != 0) {
    return fail(fmt::format("`{}` is not the address of one interface (a group's, or all zeros)", printable(text)));
  }
  MacAddress address;
  address.bytes_ = *bytes;
  return address;
}

std::string MacAddress::to_string() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes_[0], bytes_[1], bytes_[2], bytes_[3], bytes_[4],
                     bytes_[5]);
}

}  // namespace portreeve::substrate

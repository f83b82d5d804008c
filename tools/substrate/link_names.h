// Names and hardware addresses of network interfaces, as the deployment file gives them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::substrate {

// The name of a Linux network interface: 1 to 15 of letters, digits, `.`, `_`, `-`, not `.` or `..`. Linux takes more
// characters; those would need quoting in one rule language or mean something else in another.
class InterfaceName {
 public:
  static Result<InterfaceName> parse(std::string_view text);
  const std::string& text() const { return text_; }
  friend auto operator<=>(const InterfaceName&, const InterfaceName&) = default;

 private:
  std::string text_;
};

// One interface, or with `*` at the end all whose names begin so. `*` alone is refused.
class InterfacePattern {
 public:
  static Result<InterfacePattern> parse(std::string_view text);
  // Without the `*`.
  const std::string& stem() const { return stem_; }
  bool is_prefix() const { return prefix_; }
  bool matches(const InterfaceName& name) const;
  friend auto operator<=>(const InterfacePattern&, const InterfacePattern&) = default;

 private:
  std::string stem_;
  bool prefix_ = false;
};

// The hardware address of one Ethernet interface. Group addresses and all zeros are refused.
class MacAddress {
 public:
  // Six pairs of hexadecimal digits between colons, in any case.
  static Result<MacAddress> parse(std::string_view text);
  std::string to_string() const;  // lower case
  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace portreeve::substrate

#include "engine/net/ip_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/text.h"

namespace portreeve::net {
namespace {

constexpr int kGroups = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower_ascii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Cuts what stands before `separator` (or everything) off the front of `rest`; tells whether a separator was there.
bool cut(std::string_view& rest, char separator, std::string_view& piece) {
  const std::size_t at = rest.find(separator);
  piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return at != std::string_view::npos;
}

std::optional<std::uint32_t> read_v4(std::string_view text) {
  std::uint32_t address = 0;
  for (int octet = 0; octet < 4; ++octet) {
    std::string_view digits;
    if (cut(text, '.', digits) != (octet < 3)) return std::nullopt;
    if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), is_digit))
      return std::nullopt;
    if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : digits) value = value * 10 + static_cast<std::uint32_t>(c - '0');
    if (value > 255) return std::nullopt;
    address = address << 8 | value;
  }
  return address;
}

// Groups on one side of the `::`, or all of them; an IPv4 tail counts as two.
struct Groups {
  std::array<std::uint16_t, kGroups> values{};
  int count = 0;
  bool ends_in_v4 = false;

  bool read(std::string_view text) {
    bool more = !text.empty();
    while (more) {
      std::string_view piece;
      more = cut(text, ':', piece);
      if (piece.find('.') != std::string_view::npos) {
        const auto tail = read_v4(piece);
        if (more || !tail || count > kGroups - 2) return false;
        values[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(*tail >> 16);
        values[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(*tail & 0xffff);
        ends_in_v4 = true;
        return true;
      }
      if (piece.empty() || piece.size() > 4 || count == kGroups) return false;
      unsigned value = 0;
      for (const char c : piece) {
        if (hex_value(c) < 0) return false;
        value = value << 4 | static_cast<unsigned>(hex_value(c));
      }
      values[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(value);
    }
    return true;
  }
};

std::optional<IpAddress> read_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  Groups head;
  Groups tail;
  if (!head.read(text.substr(0, gap))) return std::nullopt;
  if (gap != std::string_view::npos) {
    // RFC 4291 §2.2: `::` stands for one group of zeros or more, so that seven are the most beside it.
    if (!tail.read(text.substr(gap + 2)) || head.ends_in_v4 || head.count + tail.count >= kGroups) return std::nullopt;
  } else if (head.count != kGroups) {
    return std::nullopt;
  }
  std::array<std::uint16_t, kGroups> all{};
  std::copy_n(head.values.begin(), head.count, all.begin());
  std::copy_n(tail.values.begin(), tail.count, all.end() - tail.count);
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    high = high << 16 | all[i];
    low = low << 16 | all[i + 4];
  }
  return IpAddress::from_words(high, low);
}

std::optional<IpAddress> read_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return read_v6(text);
  const auto v4 = read_v4(text);
  if (!v4) return std::nullopt;
  return IpAddress::from_words(0, std::uint64_t{0xffff} << 32 | *v4);
}

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// WHATWG URL, "ends in a number", though with any count of trailing dots.
bool ends_in_number(std::string_view text) {
  while (!text.empty() && text.back() == '.') text.remove_suffix(1);
  std::string_view last = text.substr(text.rfind('.') + 1);
  if (last.empty()) return false;
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  if (last.size() < 2 || last[0] != '0' || to_lower_ascii(last[1]) != 'x') return false;
  last.remove_prefix(2);
  return std::all_of(last.begin(), last.end(), [](char c) { return hex_value(c) >= 0; });
}

// `text` holds no percent escapes that matter.
bool reads_as_address(std::string_view text) {
  text = without_blanks(text);
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons >= 2 || (!text.empty() && (text.front() == '[' || text.back() == ']'))) return true;
  return ends_in_number(text) || (colons == 1 && ends_in_number(text.substr(0, text.find(':'))));
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (const auto address = read_address(text)) return *address;
  return fail(fmt::format("`{}` is not an address; write it like `192.0.2.1` or `2001:db8::1`", printable(text)));
}

std::array<std::uint8_t, 4> IpAddress::v4_bytes() const {
  DCHECK(is_v4());
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(low_ >> (24 - 8 * i));
  return bytes;
}

std::array<std::uint8_t, 16> IpAddress::v6_bytes() const {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high_ >> (56 - 8 * i));
    bytes[i + 8] = static_cast<std::uint8_t>(low_ >> (56 - 8 * i));
  }
  return bytes;
}

std::string IpAddress::to_string() const {
  if (is_v4()) {
    const auto bytes = v4_bytes();
    return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  std::array<std::uint16_t, kGroups> groups{};
  for (std::size_t i = 0; i < 4; ++i) {
    groups[i] = static_cast<std::uint16_t>(high_ >> (48 - 16 * i));
    groups[i + 4] = static_cast<std::uint16_t>(low_ >> (48 - 16 * i));
  }
  // RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals.
  std::size_t gap = kGroups;
  std::size_t gap_size = 1;
  for (std::size_t start = 0; start < kGroups; ++start) {
    std::size_t end = start;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - start > gap_size) {
      gap = start;
      gap_size = end - start;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    fmt::format_to(std::back_inserter(text), "{:x}", groups[i]);
  }
  return text;
}

AddressSpelling address_spelling(std::string_view text) noexcept {
  if (read_address(text)) return AddressSpelling::canonical;
  if (reads_as_address(text)) return AddressSpelling::hostile;
  if (text.find('%') == std::string_view::npos) return AddressSpelling::none;

  // Longer than any name, and escaped: nobody's honest spelling.
  std::array<char, 1024> decoded;
  if (text.size() > decoded.size()) return AddressSpelling::hostile;
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      c = static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    }
    decoded[size++] = c;
  }
  return reads_as_address(std::string_view(decoded.data(), size)) ? AddressSpelling::hostile : AddressSpelling::none;
}

}  // namespace portreeve::net

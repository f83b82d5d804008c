// Numbers in as few bytes as they need: seven bits a byte, the lowest first, the high bit on all but the last.
#pragma once

#include <cstdint>
#include <vector>

namespace portreeve::index {

template <class Byte>
void append_varint(std::vector<Byte>& out, std::uint32_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<Byte>(number | 0x80));
  out.push_back(static_cast<Byte>(number));
}

// Reads what append_varint wrote, and moves `at` behind it.
template <class Byte>
std::uint32_t take_varint(const Byte*& at) {
  std::uint32_t number = static_cast<std::uint8_t>(*at++);
  if (number < 0x80) return number;
  number &= 0x7f;
  for (unsigned shift = 7;; shift += 7) {
    const std::uint32_t byte = static_cast<std::uint8_t>(*at++);
    number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
}

}  // namespace portreeve::index

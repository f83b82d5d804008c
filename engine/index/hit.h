// What an index answers: an entry, and whether it matches for certain.
#pragma once

#include <compare>
#include <cstdint>

namespace portreeve::index {

using EntryId = std::uint32_t;  // below 2^31

// A value of four bytes, so that lists of them stay small. Sorted by entry; of two of one entry the certain one last.
class Hit {
 public:
  enum class Certainty : std::uint8_t { possible, certain };

  constexpr Hit() = default;
  constexpr Hit(EntryId id, Certainty certainty) : bits_(id << 1 | static_cast<std::uint32_t>(certainty)) {}
  static constexpr Hit from_bits(std::uint32_t bits) {
    Hit hit;
    hit.bits_ = bits;
    return hit;
  }

  constexpr EntryId id() const { return bits_ >> 1; }
  constexpr bool is_certain() const { return (bits_ & 1) != 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  friend constexpr auto operator<=>(Hit, Hit) = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace portreeve::index

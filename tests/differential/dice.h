// Seeded choices, the same on every machine; or choices that a fuzzer makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace portreeve::differential {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // Each choice takes one or two of the bytes; when they are used up, every choice is the first. `bytes` outlive the
  // dice.
  explicit Dice(std::span<const std::uint8_t> bytes) : bytes_(bytes), from_bytes_(true) {}

  // Requires: 0 < n <= 65536.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(from_bytes_ ? number(n) % n : engine_() % n); }
  bool chance(std::size_t percent) { return 100 - percent <= below(100); }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }
  // `least` to `most` of them, each at most once, in their order.
  template <class T>
  std::vector<T> some_of(const std::vector<T>& choices, std::size_t least, std::size_t most) {
    const std::size_t wanted = least + below(most - least + 1);
    std::vector<T> taken;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (below(choices.size() - i) < wanted - taken.size()) taken.push_back(choices[i]);
    }
    return taken;
  }
  // False where the bytes are used up.
  bool has_more() const { return !from_bytes_ || !bytes_.empty(); }

 private:
  std::size_t number(std::size_t n) {
    std::size_t value = next_byte();
    if (n > 256) value = value << 8 | next_byte();
    return value;
  }
  std::size_t next_byte() {
    if (bytes_.empty()) return 0;
    const std::size_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  std::mt19937_64 engine_;
  std::span<const std::uint8_t> bytes_;
  bool from_bytes_ = false;
};

}  // namespace portreeve::differential

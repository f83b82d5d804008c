// Seeded choices, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace portreeve::differential {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // Requires: n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool chance(std::size_t percent) { return below(100) < percent; }
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

 private:
  std::mt19937_64 engine_;
};

}  // namespace portreeve::differential

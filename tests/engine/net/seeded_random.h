// Random runs that can be run again.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

namespace portreeve::net {

// A generator of a fixed seed, printed, that PORTREEVE_SEED in the environment overrides.
inline std::mt19937_64 seeded_random(std::string_view run) {
  const char* given = std::getenv("PORTREEVE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  std::cout << run << ": PORTREEVE_SEED=" << seed << "\n";
  return std::mt19937_64(seed);
}

// Uniform over 0 … bound-1.
inline std::size_t below(std::mt19937_64& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

}  // namespace portreeve::net

// What a run may be told from outside.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace portreeve::differential {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::uint64_t seed() { return from_environment("PORTREEVE_SEED", 20'261'124); }

}  // namespace portreeve::differential

// What every fuzz target begins with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The input's first lines, for properties of several texts; the last takes all that is left.
template <std::size_t Lines>
std::array<std::string_view, Lines> as_lines(const std::uint8_t* data, std::size_t size) {
  std::array<std::string_view, Lines> lines;
  std::string_view rest = as_text(data, size);
  for (std::size_t i = 0; i + 1 < Lines; ++i) {
    lines[i] = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(lines[i].size() < rest.size() ? lines[i].size() + 1 : rest.size());
  }
  lines.back() = rest;
  return lines;
}

// How deep the keys of an index lie, so that nothing is looked up where there can be none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portreeve::index {

// Small numbers; all from 63 on are one. A value.
class DepthSet {
 public:
  void add(std::size_t depth) { bits_ |= bit(depth); }
  bool contains(std::size_t depth) const { return (bits_ & bit(depth)) != 0; }

 private:
  static std::uint64_t bit(std::size_t depth) { return std::uint64_t{1} << std::min<std::size_t>(depth, 63); }
  std::uint64_t bits_ = 0;
};

inline std::size_t count_of(char mark, std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), mark));
}

}  // namespace portreeve::index

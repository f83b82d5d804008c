// Host patterns the naive way: split both at the dots.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve::net {

inline std::vector<std::string> slow_labels(std::string_view text) {
  std::vector<std::string> labels(1);
  for (const char c : text) {
    if (c == '.') {
      labels.emplace_back();
    } else {
      labels.back() += c;
    }
  }
  return labels;
}

// Requires: both in canonical form.
inline bool slow_matches(std::string_view pattern_text, std::string_view name_text) {
  const auto pattern = slow_labels(pattern_text);
  auto name = slow_labels(name_text);
  if (pattern.front() == "**") {
    if (name.size() < pattern.size()) return false;
    name.erase(name.begin(), name.end() - static_cast<std::ptrdiff_t>(pattern.size()));
  }
  if (pattern.size() != name.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != name[i] && !(i == 0 && pattern[i].front() == '*')) return false;
  }
  return true;
}

}  // namespace portreeve::net

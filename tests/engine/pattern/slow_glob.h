// Globs the naive way.
#pragma once

#include <string_view>

namespace portreeve::pattern {

// glob_matches() by recursion over every choice: slow, obvious. Exponential in the wildcards. `segment_start`: true for
// the whole.
inline bool slow_matches(std::string_view glob, std::string_view text, bool segment_start) {
  if (glob == "/**" && text.empty()) return true;
  if (glob.empty()) return text.empty();
  if (glob.starts_with("/**/")) {
    if (!text.starts_with("/")) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '/' && slow_matches(glob.substr(4), text.substr(i + 1), true)) return true;
    }
    return false;
  }
  if (glob.starts_with("**")) {
    const bool segments = segment_start && glob.size() > 2 && glob[2] == '/';
    if (segments && slow_matches(glob.substr(3), text, true)) return true;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (segments && (i == 0 || text[i - 1] != '/')) continue;
      if (slow_matches(glob.substr(segments ? 3 : 2), text.substr(i), segments)) return true;
    }
    return false;
  }
  if (glob.starts_with("*")) {
    const bool whole = segment_start && (glob.size() == 1 || glob[1] == '/');
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if ((!whole || i > 0) && slow_matches(glob.substr(1), text.substr(i), false)) return true;
      if (i < text.size() && text[i] == '/') break;
    }
    return false;
  }
  return !text.empty() && glob[0] == text[0] && slow_matches(glob.substr(1), text.substr(1), glob[0] == '/');
}

}  // namespace portreeve::pattern

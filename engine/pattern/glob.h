// Globs over `/`-separated text: paths, programs, models, environment names (SEMANTICS §9).
#pragma once

#include <string_view>

namespace portreeve::pattern {

// True where `glob` covers the whole of `text`. `*` is zero or more characters within a segment, a segment that is only
// `*` at least one; `/**/` zero or more whole segments; a trailing `/**` includes the directory itself; `**` elsewhere
// any characters. Case-sensitive, bytewise. Any thread, no allocation; O(|glob| × |text|) at worst.
bool glob_matches(std::string_view glob, std::string_view text) noexcept;

}  // namespace portreeve::pattern

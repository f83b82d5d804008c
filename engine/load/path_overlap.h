// Whether a pattern over file paths can reach into a folder.
#pragma once

#include <string_view>

#include "engine/pattern/pattern.h"

namespace portreeve::load {

// False only where no path at or below `folder` (absolute, clean) is matched by the pattern. Globs are followed segment
// by segment; of an expression only the literal text it begins with is known, and without any it may match everywhere.
bool may_match_below(const pattern::Pattern& pattern, std::string_view folder);

}  // namespace portreeve::load

// Secrets for a workload, in memory that only it can read and nobody can change.
#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "pep/supervisor/descriptor.h"

namespace portreeve::supervisor {

// An anonymous file that holds `bytes`, sealed: it can neither grow, shrink nor be written again. Its offset is 0. It
// never touches a disk but by swapping. `name` is only seen in /proc.
Result<Descriptor> seal(std::string_view name, std::string_view bytes);

}  // namespace portreeve::supervisor

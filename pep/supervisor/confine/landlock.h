// Landlock: what a process may write (landlock(7)). Without libraries: the kernel's own numbers.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "pep/supervisor/descriptor.h"

namespace portreeve::supervisor {

// Truncation is a write that older ones cannot hold.
inline constexpr int kLeastLandlockAbi = 3;

// The version that the running kernel has; 0 where it has none.
int landlock_abi();

// Where writing is granted: policy's paths (`DIR/**`, or one file), and the terminal's, empty without one.
struct WriteGrants {
  std::vector<std::string> paths;
  std::string terminal;
};

// A rule set that handles every right to write of `abi`, moving files, truncation, device commands, and reaching
// outside by abstract sockets and signals. Grants what `grants` names where it exists, and /dev/null, /dev/zero,
// /dev/full, /dev/tty. Nothing is opened by a link: a grant that leads over one fails. Requires: abi >= 1.
Result<Descriptor> make_landlock_rules(int abi, const WriteGrants& grants);

// Applies them to this thread, for good. Requires: no_new_privs.
bool restrict_self(int rules) noexcept;

}  // namespace portreeve::supervisor

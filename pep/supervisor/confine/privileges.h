// Giving up what the supervisor may and a workload may not. For a child on its way to exec; async-signal-safe.
#pragma once

#include <sys/types.h>

namespace portreeve::supervisor {

// All of these: false, and errno, where the kernel does not do it.

// Empties the bounding set, so that no file can give anything back.
bool drop_bounding_set() noexcept;
// No supplementary groups, then the group, then the user: real, effective, saved.
bool become(uid_t uid, gid_t gid) noexcept;
// Empties the ambient, inheritable, permitted and effective sets.
bool drop_capabilities() noexcept;
bool forbid_new_privileges() noexcept;

}  // namespace portreeve::supervisor

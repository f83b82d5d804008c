// The default system call filter, and how it is installed.
#pragma once

#include <linux/filter.h>

#include <span>

namespace portreeve::supervisor {

// Compiled at build time (seccomp_compile.cc) for this architecture. What it denies: docs/supervisor.md
std::span<const sock_filter> seccomp_profile();

// Installs it on this thread, for good. Requires: no_new_privs. Async-signal-safe; errno on failure.
bool filter_self() noexcept;

}  // namespace portreeve::supervisor

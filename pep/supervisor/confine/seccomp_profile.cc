#include "pep/supervisor/confine/seccomp_profile.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace portreeve::supervisor {

namespace {

// The instructions, as seccomp_compile wrote them.
constexpr sock_filter kProfile[] = {
#include "pep/supervisor/confine/seccomp_profile.inc"
};

}  // namespace

std::span<const sock_filter> seccomp_profile() { return kProfile; }

bool filter_self() noexcept {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(std::size(kProfile));
  program.filter = const_cast<sock_filter*>(kProfile);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace portreeve::supervisor

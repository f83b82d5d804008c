#include "pep/supervisor/confine/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace portreeve::supervisor {

namespace {

constexpr int kMostCapabilities = 64;

}  // namespace

bool drop_bounding_set() noexcept {
  for (int capability = 0; capability < kMostCapabilities; ++capability) {
    const int has = prctl(PR_CAPBSET_READ, capability);
    if (has < 0) return errno == EINVAL;  // beyond the kernel's last
    if (has == 1 && prctl(PR_CAPBSET_DROP, capability) != 0) return false;
  }
  return true;
}

bool become(uid_t uid, gid_t gid) noexcept {
  // A user namespace made without privilege forbids setgroups(2); that is no loss where there are none.
  if (setgroups(0, nullptr) != 0 && getgroups(0, nullptr) != 0) return false;
  return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

bool drop_capabilities() noexcept {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

bool forbid_new_privileges() noexcept { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

}  // namespace portreeve::supervisor

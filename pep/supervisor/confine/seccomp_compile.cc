// Build-time program: compiles the default system call profile to BPF and prints it for seccomp_profile.cc. So the
// supervisor carries the filter and no library.
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

// What no program in a sandbox has a use for that it should be granted. Kept in the order of docs/supervisor.md.
constexpr const char* kDenied[] = {
    // Looking into other processes, or taking what is theirs.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "perf_event_open",
    // System calls that go past this filter.
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    // Keyrings are not namespaced.
    "add_key", "request_key", "keyctl",
    // New namespaces, mounts and roots.
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "name_to_handle_at",
    // The kernel itself.
    "bpf", "userfaultfd", "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "syslog", "acct", "quotactl", "quotactl_fd", "iopl", "ioperm",
    "modify_ldt", "lookup_dcookie", "nfsservctl", "vhangup", "uselib", "ustat", "sysfs", "_sysctl", "fanotify_init",
    // What all share.
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname"};

// Sockets of other families reach drivers and hosts (vsock) past every other gate.
constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
constexpr int kHighestFamily = AF_NETLINK;

constexpr unsigned kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

void need(int result, const char* what) {
  if (result == 0) return;
  std::fprintf(stderr, "seccomp_compile: %s: %s\n", what, seccomp_version() != nullptr ? "refused" : "no library");
  std::exit(1);
}

void deny(scmp_filter_ctx context, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR || number < 0) return;  // this architecture has none
  need(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), number, 0), name);
}

void deny_families(scmp_filter_ctx context, int number) {
  const std::uint32_t action = SCMP_ACT_ERRNO(EAFNOSUPPORT);
  for (int family = 0; family <= kHighestFamily; ++family) {
    bool allowed = false;
    for (const int other : kFamilies) allowed = allowed || other == family;
    if (!allowed) {
      need(seccomp_rule_add(context, action, number, 1, SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family))),
           "socket");
    }
  }
  need(seccomp_rule_add(context, action, number, 1, SCMP_A0(SCMP_CMP_GT, kHighestFamily)), "socket");
}

}  // namespace

int main() {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  if (context == nullptr) return 1;
  // x32 and i386 calls have other numbers: a program that makes one is ended.
  need(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "foreign architectures");
  need(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "order");
  for (const char* name : kDenied) deny(context, name);
  // One bit at a time: the comparison is of all masked bits.
  for (unsigned bit = 1; bit != 0; bit <<= 1) {
    if ((kNamespaces & bit) == 0) continue;
    need(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)),
         "clone");
  }
  // Its flags are behind a pointer, where no filter can look; libraries fall back to clone.
  need(seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
  deny_families(context, SCMP_SYS(socket));
  deny_families(context, SCMP_SYS(socketpair));
  // Typing into a terminal that others read. The kernel looks at 32 bits of the command.
  for (const unsigned long command : {0x5412UL /* TIOCSTI */, 0x541cUL /* TIOCLINUX */}) {
    need(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                          SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffff'ffffUL, command)),
         "ioctl");
  }

  char path[] = "/tmp/seccomp_profile.XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return 1;
  unlink(path);
  need(seccomp_export_bpf(context, file), "export");
  seccomp_release(context);
  if (lseek(file, 0, SEEK_SET) != 0) return 1;
  sock_filter instruction{};
  while (read(file, &instruction, sizeof instruction) == static_cast<ssize_t>(sizeof instruction)) {
    std::printf("{0x%04x, %u, %u, 0x%08x},\n", instruction.code, instruction.jt, instruction.jf, instruction.k);
  }
  return 0;
}

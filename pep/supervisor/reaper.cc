#include "pep/supervisor/reaper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace portreeve::supervisor {

namespace {

std::int64_t millis_of(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

}  // namespace

void Reaper::reap() {
  while (true) {
    siginfo_t ended{};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    const pid_t pid = ended.si_pid;
    const auto found = waiters_.find(pid);
    if (found != waiters_.end()) found->second.before();
    rusage usage{};
    if (syscall(SYS_waitid, P_PID, pid, &ended, WEXITED | WNOHANG, &usage) != 0) return;
    if (found == waiters_.end()) {
      ++orphans_;
      continue;
    }
    const Waiter waiter = std::move(found->second);
    waiters_.erase(found);
    Exit exit;
    (ended.si_code == CLD_EXITED ? exit.status : exit.signal) = ended.si_status;
    exit.cpu = Millis(millis_of(usage.ru_utime) + millis_of(usage.ru_stime));
    waiter.after(exit);
  }
}

}  // namespace portreeve::supervisor

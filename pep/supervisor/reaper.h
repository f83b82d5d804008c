// Collects every process that ends below this one, and tells who waits for one of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "engine/base/time.h"

namespace portreeve::supervisor {

// How a process ended.
struct Exit {
  int status = 0;  // where it exited
  int signal = 0;  // where a signal ended it; else 0
  Millis cpu{0};   // its own, and that of the children it waited for
};

// Looks before it takes (WNOWAIT): a process that somebody waits for is told to its waiter while it is still a zombie,
// so that its pid, process group and session can be used once more without meeting another's; then it is reaped. So no
// status is stolen from a waiter, whoever reaps. One thread.
class Reaper {
 public:
  struct Waiter {
    std::function<void()> before;  // it has ended and is not reaped yet
    std::function<void(const Exit&)> after;
  };
  // Requires: `pid` is a child that is not reaped yet.
  void wait_for(pid_t pid, Waiter waiter) { waiters_[pid] = std::move(waiter); }

  // Takes whatever has ended. To be called after each SIGCHLD.
  void reap();
  // How many were taken that nobody waited for.
  std::uint64_t orphans() const { return orphans_; }

 private:
  std::unordered_map<pid_t, Waiter> waiters_;
  std::uint64_t orphans_ = 0;
};

}  // namespace portreeve::supervisor

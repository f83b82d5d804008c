// A mutex that Clang's -Wthread-safety can check; std::mutex in libstdc++ is not annotated.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PORTREEVE_TSA(x) __attribute__((x))
#else
#define PORTREEVE_TSA(x)
#endif

#define CAPABILITY(name) PORTREEVE_TSA(capability(name))
#define SCOPED_CAPABILITY PORTREEVE_TSA(scoped_lockable)
#define GUARDED_BY(mutex) PORTREEVE_TSA(guarded_by(mutex))
#define REQUIRES(mutex) PORTREEVE_TSA(requires_capability(mutex))
#define ACQUIRE(...) PORTREEVE_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) PORTREEVE_TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS PORTREEVE_TSA(no_thread_safety_analysis)

namespace portreeve {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for a scope. wait() releases it while `condition` sleeps, as std::condition_variable_any does.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void wait(std::condition_variable_any& condition) NO_THREAD_SAFETY_ANALYSIS { condition.wait(mutex_); }
  // False once `deadline` has passed.
  template <class Clock, class Duration>
  bool wait_until(std::condition_variable_any& condition,
                  std::chrono::time_point<Clock, Duration> deadline) NO_THREAD_SAFETY_ANALYSIS {
    return condition.wait_until(mutex_, deadline) == std::cv_status::no_timeout;
  }

 private:
  Mutex& mutex_;
};

}  // namespace portreeve

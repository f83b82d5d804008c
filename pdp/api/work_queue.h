// One thread for what blocks on the disk, so that the listener's threads never do.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "engine/base/mutex.h"

namespace portreeve::pdp {

// Runs tasks in order. Any thread may add. Destroyed, it finishes the task under way and drops the others, whose
// responders then answer 503 by themselves.
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t most_waiting);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False where the queue is full: the task is dropped.
  bool add(std::function<void()> task);

 private:
  void run();

  const std::size_t most_waiting_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace portreeve::pdp

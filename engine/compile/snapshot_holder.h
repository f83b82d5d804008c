// One writer publishes snapshots; any number of threads read the newest without a lock on the hot path.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "engine/base/mutex.h"

namespace portreeve::compile {

class Snapshot;

// Thread-safe. A publication never waits for readers; a reader that holds an old snapshot keeps it alive.
class SnapshotHolder {
 public:
  void publish(std::shared_ptr<const Snapshot> snapshot) {
    MutexLock lock(mutex_);
    snapshot_ = std::move(snapshot);
    generation_.fetch_add(1, std::memory_order_release);
  }
  std::shared_ptr<const Snapshot> load() const {
    MutexLock lock(mutex_);
    return snapshot_;
  }
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> generation_{0};
};

// One thread's view. The lock is taken only when something was published since the last look.
class SnapshotReader {
 public:
  explicit SnapshotReader(const SnapshotHolder& holder) : holder_(holder) {}

  // The newest snapshot; null before the first publication. Valid until the next call. Hot path: one atomic read.
  const std::shared_ptr<const Snapshot>& current() {
    const std::uint64_t generation = holder_.generation();
    if (generation != generation_) {
      snapshot_ = holder_.load();
      generation_ = generation;
    }
    return snapshot_;
  }

 private:
  const SnapshotHolder& holder_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::uint64_t generation_ = 0;
};

}  // namespace portreeve::compile

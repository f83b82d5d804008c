// Postings of many requests in one transaction: what waits while one commits goes with the next.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "accounting/ledger/ledger.h"
#include "daemon/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"

namespace portreeve::accounting {

// Owns the ledger, on a thread of its own. Any thread may post.
class CommitQueue {
 public:
  // `clock` outlives the queue.
  CommitQueue(std::unique_ptr<Ledger> ledger, const daemon::Clock& clock);
  // Commits what waits, then stops. Requires: nobody posts any more.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Returns once the postings are durable, or with the reason why none is. Fails at once where more waits than
  // limits::kWaitingPostings.
  Result<PostCounts> post(std::vector<Posting> postings);
  // Ledger::set_prices(), after what waits.
  Result<std::int64_t> set_prices(PriceBook book);

  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }

 private:
  struct Task;
  void run();
  void commit(std::vector<Task*> group);

  const daemon::Clock& clock_;
  std::unique_ptr<Ledger> ledger_;  // the thread's
  std::atomic<std::uint64_t> commits_{0};

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any done_;
  std::deque<Task*> waiting_ GUARDED_BY(mutex_);  // each on the stack of who waits for it
  std::size_t waiting_postings_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace portreeve::accounting

#include "accounting/ingest/commit_queue.h"

#include <utility>

#include "engine/base/limits.h"

namespace portreeve::accounting {

struct CommitQueue::Task {
  std::vector<Posting> postings;
  std::optional<PriceBook> prices;  // then there are no postings
  std::optional<Result<PostCounts>> posted;
  std::optional<Result<std::int64_t>> rated;
  bool done() const { return posted || rated; }
};

CommitQueue::CommitQueue(std::unique_ptr<Ledger> ledger, const daemon::Clock& clock)
    : clock_(clock), ledger_(std::move(ledger)), thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

Result<PostCounts> CommitQueue::post(std::vector<Posting> postings) {
  if (postings.empty()) return PostCounts{};
  Task task;
  task.postings = std::move(postings);
  MutexLock lock(mutex_);
  if (waiting_postings_ + task.postings.size() > limits::kWaitingPostings) return fail("too much waits to be posted");
  waiting_.push_back(&task);
  waiting_postings_ += task.postings.size();
  wake_.notify_one();
  while (!task.done()) lock.wait(done_);
  return std::move(*task.posted);
}

Result<std::int64_t> CommitQueue::set_prices(PriceBook book) {
  Task task;
  task.prices = std::move(book);
  MutexLock lock(mutex_);
  waiting_.push_back(&task);
  wake_.notify_one();
  while (!task.done()) lock.wait(done_);
  return std::move(*task.rated);
}

void CommitQueue::run() {
  while (true) {
    std::vector<Task*> group;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) lock.wait(wake_);
      if (waiting_.empty()) return;
      group.assign(waiting_.begin(), waiting_.end());
      waiting_.clear();
      waiting_postings_ = 0;
    }
    // New prices hold for what comes after them.
    std::vector<Task*> postings;
    for (Task* task : group) {
      if (!task->prices) {
        postings.push_back(task);
        continue;
      }
      commit(std::exchange(postings, {}));
      Result<std::int64_t> rated = ledger_->set_prices(std::move(*task->prices));
      const MutexLock lock(mutex_);
      task->rated = std::move(rated);
      done_.notify_all();
    }
    commit(std::move(postings));
  }
}

void CommitQueue::commit(std::vector<Task*> group) {
  if (group.empty()) return;
  std::vector<Posting> all;
  for (Task* task : group) {
    all.insert(all.end(), std::make_move_iterator(task->postings.begin()),
               std::make_move_iterator(task->postings.end()));
  }
  Result<PostCounts> posted = ledger_->post(all, clock_.now());
  commits_.fetch_add(1, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  // Each is told; the counts are the group's, and are told once.
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->posted =
        !posted ? Result<PostCounts>(fail(posted.error())) : Result<PostCounts>(i == 0 ? *posted : PostCounts{});
  }
  done_.notify_all();
}

}  // namespace portreeve::accounting

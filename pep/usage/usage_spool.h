// The broker's usage, on disk before a call is sent on, and until accounting has it.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/log.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/wire/usage_event.h"
#include "storage/segments/spool.h"

namespace portreeve::pep {

struct UsageSpoolOptions {
  std::string directory;
  std::uint64_t total_bytes = 256u << 20;
};

// A durable queue of usage events, numbered from 1 by this run of the gate (its boot id). Nothing here waits for
// accounting. Any thread.
class UsageSpool {
 public:
  // A call whose intent is durable. Exactly one completion is written for it: complete()'s, or, where it is destroyed
  // without, none, and the call's usage stays unknown. Holds room for the completion until then. Outlived by the spool.
  class Call {
   public:
    Call() = default;
    Call(Call&& other) noexcept;
    Call& operator=(Call&& other) noexcept;
    ~Call() { release(); }
    explicit operator bool() const { return spool_ != nullptr; }

    // Writes the completion: the intent's event with what `completion` says beyond it (`key`, `kind` and the fields of
    // the beginning are the intent's). Never blocks; room is kept for it.
    void complete(const wire::UsageEvent& completion);
    const wire::UsageEvent& intent() const { return intent_; }

   private:
    friend class UsageSpool;
    Call(UsageSpool& spool, wire::UsageEvent intent, std::uint64_t reserved)
        : spool_(&spool), intent_(std::move(intent)), reserved_(reserved) {}
    void release();
    UsageSpool* spool_ = nullptr;
    wire::UsageEvent intent_;
    std::uint64_t reserved_ = 0;
  };

  // `files` and `log` outlive the spool. `boot`: 32 hexadecimal digits, new at each start.
  static Result<std::unique_ptr<UsageSpool>> open(storage::FileSystem& files, UsageSpoolOptions options,
                                                  std::string boot, const daemon::Log& log);
  ~UsageSpool();

  // Makes an intent durable; `key` and `kind` are set here. Resumes on the caller's executor once it is on disk. Fails,
  // at once, where no room is left for it and its completion, or the disk failed: then the call must not be made.
  // Requires: the executor's context runs until then.
  boost::asio::awaitable<Result<Call>> begin(wire::UsageEvent intent);
  // The same for a caller that may block.
  Result<Call> begin_and_wait(wire::UsageEvent intent);

  // False where begin() would fail.
  bool has_room() const;
  const std::string& boot() const { return boot_; }
  // Completions that found a failed disk.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Bytes on disk, and events that accounting has not acknowledged.
  std::uint64_t bytes() const { return queue_->bytes(); }
  std::uint64_t waiting() const;
  // Blocks until accounting has acknowledged what is on disk now, however long that takes.
  void wait_until_acknowledged_for_test() const;

  // For the shipper, its thread only: what waits, and that all below `end` is taken.
  storage::Spool& queue() { return *queue_; }
  Status acknowledge(std::uint64_t end);

 private:
  UsageSpool(std::string boot, std::uint64_t total_bytes, const daemon::Log& log,
             std::unique_ptr<storage::Spool> queue);
  Result<std::uint64_t> reserve(const wire::UsageEvent& intent);
  enum class Urgency : std::uint8_t { waited_for, may_linger };
  void append(const wire::UsageEvent& event, Urgency urgency, storage::Spool::Completion done);
  void write_completion(const wire::UsageEvent& completion);
  std::string next_key();
  bool fits(std::uint64_t more) const;

  // Constant after construction.
  const std::string boot_;
  const std::uint64_t total_bytes_;
  const daemon::Log& log_;

  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> waiting_bytes_{0};   // appended, not yet synced
  std::atomic<std::uint64_t> reserved_bytes_{0};  // for completions to come
  std::atomic<std::uint64_t> acknowledged_{0};
  Mutex mutex_;
  std::int64_t next_seq_ GUARDED_BY(mutex_) = 1;
  std::int64_t next_call_ GUARDED_BY(mutex_) = 1;

  // Constant after construction. Last, since its end runs the completions of what waits, which use the counts.
  std::unique_ptr<storage::Spool> queue_;
};

}  // namespace portreeve::pep

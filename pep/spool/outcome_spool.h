// What the gate did, kept on disk until the PDP has it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/log.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pep/client/outcome.h"
#include "storage/segments/spool.h"

namespace portreeve::pep {

struct OutcomeSpoolOptions {
  std::string directory;
  std::uint64_t total_bytes = 256u << 20;
  // Refusals a second that become records of their own; beyond, they are only counted, and the next record says how
  // many there were, so that a flood of bad requests neither fills the spool nor crowds out outcomes.
  int refusals_per_second = 50;
};

// A durable queue of records, numbered from 1 by this run of the gate (its boot id). Appending never blocks and never
// waits for the PDP. Any thread.
class OutcomeSpool {
 public:
  // `files` and `log` outlive the spool. `boot`: 32 hexadecimal digits, new at each start.
  static Result<std::unique_ptr<OutcomeSpool>> open(storage::FileSystem& files, OutcomeSpoolOptions options,
                                                    std::string boot, const daemon::Log& log);

  void add(const Outcome& outcome);
  void add(const Use& use);
  void add(Refusal refusal);

  // False once no further outcome is sure to find room, or the disk failed: then nothing new may be opened.
  bool has_room() const;
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  // For the shipper, its thread only.
  storage::Spool& queue() { return *queue_; }

 private:
  OutcomeSpool(OutcomeSpoolOptions options, std::string boot, const daemon::Log& log,
               std::unique_ptr<storage::Spool> queue);
  template <class Record>
  void append(const Record& record);
  bool admit_refusal(Timestamp time);

  // Constant after construction.
  const OutcomeSpoolOptions options_;
  const std::string boot_;
  const daemon::Log& log_;

  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> waiting_bytes_{0};  // appended, not yet synced
  std::atomic<std::uint64_t> left_out_{0};
  Mutex mutex_;
  std::int64_t next_seq_ GUARDED_BY(mutex_) = 1;
  std::int64_t second_ GUARDED_BY(mutex_) = 0;
  int refusals_this_second_ GUARDED_BY(mutex_) = 0;

  // Constant after construction. Last, since its end runs the completions of what waits, which use the counts.
  std::unique_ptr<storage::Spool> queue_;
};

}  // namespace portreeve::pep

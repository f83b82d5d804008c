// The decision log: durable before the answer, searchable a moment later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/wire/record.h"
#include "storage/log/record_filter.h"
#include "storage/segments/callback.h"

namespace portreeve::storage {

// Proof that a decision's record is durable: only a DecisionLog makes one, and only these are answered.
class RecordedDecision {
 public:
  const wire::DecisionRecord& record() const { return record_; }
  // Its leaf number in the journal.
  std::uint64_t index() const { return index_; }

 private:
  friend class DecisionLog;
  RecordedDecision(wire::DecisionRecord record, std::uint64_t index) : record_(std::move(record)), index_(index) {}
  wire::DecisionRecord record_;
  std::uint64_t index_;
};

// What became of a batch that a gate delivered. Everything up to `last_seq` need not be sent again.
struct OutcomeReceipt {
  struct Refused {
    std::int64_t seq = 0;
    std::string why;
    friend bool operator==(const Refused&, const Refused&) = default;
  };
  std::int64_t last_seq = 0;  // the highest of this (gate, boot) that is durable or refused
  std::size_t stored = 0;
  std::size_t duplicates = 0;    // already stored, by an earlier delivery
  std::vector<Refused> refused;  // names a decision that this gate was not given
  friend bool operator==(const OutcomeReceipt&, const OutcomeReceipt&) = default;
};

struct LogStats {
  std::uint64_t records = 0;  // durable
  std::uint64_t indexed = 0;  // of them, how many the index holds
  std::uint64_t bytes = 0;    // of the journal's segments
  std::uint64_t commits = 0;  // group commits since the start
  std::size_t waiting = 0;    // records queued for the next commit
  std::string journal_error;  // not empty: nothing can be recorded any more, reopen the log
  std::string index_error;    // not empty: the index is behind and retrying
};

// Any thread may call anything. Completions run once each: on the commit thread, in the order of the calls, after one
// sync that covers their records; or, where a call fails at once, on the calling thread before it returns. They must
// not block. A failed write or sync is final: that and every later call fails until the log is opened anew.
class DecisionLog {
 public:
  using CommitDone = Callback<Result<std::vector<RecordedDecision>>>;
  using OutcomesDone = Callback<Result<OutcomeReceipt>>;
  using AdminDone = Callback<Result<std::uint64_t>>;

  virtual ~DecisionLog() = default;

  // Makes the decisions durable together, in this order. Costs one queue entry; allocates their bytes.
  // Fails with `the journal's queue is full …` at once, or with what the disk said.
  virtual void commit(std::vector<wire::DecisionRecord> decisions, CommitDone done) = 0;

  // Takes in what a gate reports, each (gate, boot, seq) once, also across restarts and concurrent deliveries.
  // `gate`, `boot`, `received` and `source` of each record are set by the caller, from the authenticated channel.
  // Requires: one gate and boot in the batch, seq rising. Looks decisions up in the index where they are not recent.
  virtual void report(std::vector<wire::OutcomeRecord> outcomes, OutcomesDone done) = 0;

  // Records what an admin did.
  virtual void note(wire::AdminRecord record, AdminDone done) = 0;

  // The highest sequence number taken in from this run of a gate; 0 where there is none.
  virtual std::int64_t last_outcome_seq(std::string_view gate, std::string_view boot) = 0;

  // The PDP's clock must not be behind this: the time of the last durable record, if there is one.
  virtual std::optional<Timestamp> last_time() const = 0;

  // The decision of that id, also if it was made durable a moment ago.
  virtual Result<std::optional<LoggedRecord>> find(std::string_view decision_id) = 0;
  virtual Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) = 0;
  // Waits at most `wait` until a durable record at or after `from` matches. Blocks the calling thread.
  virtual Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) = 0;

  virtual LogStats stats() const = 0;

 protected:
  static RecordedDecision recorded(wire::DecisionRecord record, std::uint64_t index) {
    return {std::move(record), index};
  }
};

}  // namespace portreeve::storage

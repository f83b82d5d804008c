#include "storage/sqlite/decision_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "storage/journal/journal.h"
#include "storage/sqlite/indexer.h"
#include "storage/sqlite/log_reader.h"

namespace portreeve::storage {
namespace {

// Which gate was given a recent decision: what the index does not hold yet. Any thread.
class RecentDecisions {
 public:
  void add(std::string id, std::string pep, std::uint64_t index) {
    const MutexLock lock(mutex_);
    order_.emplace_back(index, id);
    peps_.insert_or_assign(std::move(id), std::move(pep));
    if (order_.size() > kMost) drop_oldest();  // the journal's tail still answers for it
  }
  std::optional<std::string> pep_of(const std::string& id) const {
    const MutexLock lock(mutex_);
    const auto at = peps_.find(id);
    return at == peps_.end() ? std::nullopt : std::optional(at->second);
  }
  void forget_below(std::uint64_t index) {
    const MutexLock lock(mutex_);
    while (!order_.empty() && order_.front().first < index) drop_oldest();
  }

 private:
  static constexpr std::size_t kMost = 500'000;

  void drop_oldest() REQUIRES(mutex_) {
    peps_.erase(order_.front().second);
    order_.pop_front();
  }

  mutable Mutex mutex_;
  std::deque<std::pair<std::uint64_t, std::string>> order_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::string> peps_ GUARDED_BY(mutex_);
};

// A LogReader is one thread's; this lends it to one at a time.
struct SharedReader {
  Mutex mutex;
  std::unique_ptr<LogReader> reader;
};

class SqliteDecisionLog final : public DecisionLog {
 public:
  static Result<std::unique_ptr<DecisionLog>> open(FileSystem& files, const std::string& data,
                                                   const DecisionLogOptions& options) {
    std::unique_ptr<SqliteDecisionLog> log(new SqliteDecisionLog());
    TRY_ASSIGN(log->journal_, Journal::open(files, data + "/journal", options.journal));
    TRY_ASSIGN(log->indexer_, Indexer::open(data, *log->journal_));
    TRY_ASSIGN(log->search_.reader, open_log_reader(data));
    TRY_ASSIGN(log->lookup_.reader, open_log_reader(data));
    {
      const MutexLock lock(log->outcomes_mutex_);
      log->sequences_ = log->indexer_->sequences_at_open();
    }
    log->indexer_->start([raw = log.get()](std::uint64_t next) { raw->recent_.forget_below(next); });
    return std::unique_ptr<DecisionLog>(std::move(log));
  }

  void commit(std::vector<wire::DecisionRecord> decisions, CommitDone done) override {
    std::vector<std::string> bytes;
    bytes.reserve(decisions.size());
    Timestamp last;
    for (const wire::DecisionRecord& decision : decisions) {
      auto canonical = wire::to_bytes(decision);
      if (!canonical) return done(fail(std::move(canonical).error()));
      bytes.push_back(*std::move(canonical));
      last = std::max(last, decision.time);
    }
    auto committed = [this, decisions = std::move(decisions),
                      done = std::move(done)](Result<std::uint64_t> first) mutable {
      if (!first) return done(fail(std::move(first).error()));
      std::vector<RecordedDecision> recorded_all;
      recorded_all.reserve(decisions.size());
      for (wire::DecisionRecord& decision : decisions) {
        recent_.add(decision.id, decision.pep, *first);
        recorded_all.push_back(recorded(std::move(decision), (*first)++));
      }
      done(std::move(recorded_all));
    };
    journal_->append(std::move(bytes), last, std::move(committed));
  }

  void report(std::vector<wire::OutcomeRecord> outcomes, OutcomesDone done) override {
    if (outcomes.empty()) return done(OutcomeReceipt{});
    auto judged = judge(outcomes);
    if (!judged) return done(fail(std::move(judged).error()));
    const auto held = std::make_shared<OutcomesDone>(std::move(done));
    if (Status queued = take_in(outcomes, *std::move(judged), held); !queued) {
      (*held)(fail(std::move(queued).error()));
    }
  }

  void note(wire::AdminRecord record, AdminDone done) override {
    auto bytes = wire::to_bytes(record);
    if (!bytes) return done(fail(std::move(bytes).error()));
    std::vector<std::string> one;
    one.push_back(*std::move(bytes));
    journal_->append(std::move(one), record.time, std::move(done));
  }

  std::int64_t last_outcome_seq(std::string_view gate, std::string_view boot) override {
    const MutexLock lock(outcomes_mutex_);
    const auto at = sequences_.find(std::pair(std::string(gate), std::string(boot)));
    return at == sequences_.end() ? 0 : at->second;
  }

  std::optional<Timestamp> last_time() const override { return journal_->last_time(); }

  Result<std::optional<LoggedRecord>> find(std::string_view decision_id) override {
    const MutexLock lock(lookup_.mutex);
    return lookup_.reader->find(decision_id);
  }

  Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) override {
    const MutexLock lock(search_.mutex);
    return search_.reader->search(filter, page);
  }

  Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) override {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    for (;;) {
      const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
      const bool more = journal_->wait_durable(from, std::max(left, Millis{0}));
      TRY_ASSIGN(FollowPage page, follow_now(filter, from, most));
      from = page.next;
      if (!more || !page.records.empty() || left <= Millis{0}) return page;
    }
  }

  LogStats stats() const override {
    LogStats stats;
    stats.records = journal_->durable_end();
    stats.indexed = indexer_->next_index();
    stats.bytes = journal_->bytes();
    stats.commits = journal_->commits();
    stats.waiting = journal_->waiting();
    stats.journal_error = journal_->failure();
    stats.index_error = indexer_->error();
    return stats;
  }

 private:
  struct Judged {
    std::string bytes;
    std::string refused;  // why, where the gate may not report this
  };

  SqliteDecisionLog() = default;

  Result<std::vector<Judged>> judge(const std::vector<wire::OutcomeRecord>& outcomes) {
    std::vector<Judged> judged;
    judged.reserve(outcomes.size());
    for (const wire::OutcomeRecord& outcome : outcomes) {
      TRY_ASSIGN(std::string bytes, wire::to_bytes(outcome));
      TRY_ASSIGN(std::string refused, why_refused(outcome));
      judged.push_back({std::move(bytes), std::move(refused)});
    }
    return judged;
  }

  Result<std::string> why_refused(const wire::OutcomeRecord& outcome) {
    if (outcome.kind == wire::RecordKind::refusal && outcome.decision_id.empty()) return std::string();
    std::optional<std::string> pep = recent_.pep_of(outcome.decision_id);
    if (!pep) {
      const MutexLock lock(lookup_.mutex);
      TRY_ASSIGN(pep, lookup_.reader->pep_of(outcome.decision_id));
    }
    if (!pep) return fmt::format("there is no decision `{}`", outcome.decision_id);
    if (*pep != outcome.gate) return fmt::format("decision `{}` was given to another gate", outcome.decision_id);
    return std::string();
  }

  // Takes the numbers and queues the records in one step: a second delivery of the same batch finds them taken, and its
  // answer queued behind the first's.
  Status take_in(const std::vector<wire::OutcomeRecord>& outcomes, std::vector<Judged> judged,
                 const std::shared_ptr<OutcomesDone>& done) {
    const MutexLock lock(outcomes_mutex_);
    std::int64_t& known = sequences_[std::pair(outcomes.front().gate, outcomes.front().boot)];
    OutcomeReceipt receipt;
    receipt.last_seq = known;
    std::vector<std::string> records;
    Timestamp received;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].seq <= receipt.last_seq) {
        ++receipt.duplicates;
        continue;
      }
      receipt.last_seq = outcomes[i].seq;
      if (!judged[i].refused.empty()) {
        receipt.refused.push_back({outcomes[i].seq, std::move(judged[i].refused)});
        continue;
      }
      records.push_back(std::move(judged[i].bytes));
      received = std::max(received, outcomes[i].received);
    }
    receipt.stored = records.size();
    const std::int64_t last = receipt.last_seq;
    const Status queued = journal_->try_append(
        records, received, [done, receipt = std::move(receipt)](Result<std::uint64_t> first) mutable {
          if (first) {
            (*done)(std::move(receipt));
          } else {
            (*done)(fail(std::move(first).error()));
          }
        });
    if (queued) known = last;
    return queued;
  }

  Result<FollowPage> follow_now(const RecordFilter& filter, std::uint64_t from, std::size_t most) {
    const MutexLock lock(search_.mutex);
    return search_.reader->follow(filter, from, most, Millis{0});
  }

  RecentDecisions recent_;
  Mutex outcomes_mutex_;
  Indexer::Sequences sequences_ GUARDED_BY(outcomes_mutex_);
  SharedReader search_;
  SharedReader lookup_;
  // In this order: the indexer's thread reads the journal, and the journal's completions touch all above.
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Indexer> indexer_;
};

}  // namespace

Result<std::unique_ptr<DecisionLog>> open_decision_log(FileSystem& files, const std::string& data,
                                                       DecisionLogOptions options) {
  return SqliteDecisionLog::open(files, data, options);
}

}  // namespace portreeve::storage

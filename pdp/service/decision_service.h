// Authenticate → decide → record → answer, without HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "daemon/clock.h"
#include "engine/compile/snapshot_holder.h"
#include "engine/reader/batch_reader.h"
#include "pdp/service/pep_authenticator.h"
#include "pdp/service/subject_resolver.h"
#include "storage/log/decision_log.h"

namespace portreeve::pdp {

using reader::BatchSemantic;

// What a caller asks, all of one HTTP request.
struct Evaluation {
  std::vector<reader::Question> questions;
  BatchSemantic semantic = BatchSemantic::execute_all;
  Caller caller;
  std::string trace;  // W3C trace id, or empty
  // Who asks all of them, where the caller knows: then no question's subject is resolved.
  std::optional<Identity> identity = {};
};

// An answer whose record is durable: nothing else may be sent to a gate.
struct RecordedAnswer {
  storage::RecordedDecision recorded;
  Seconds cache_for{0};
  storage::SessionPointer session;  // whose question it was, where it was a session's
};

// Why there is no answer at all. The gate denies.
enum class ServiceFailure : std::uint8_t {
  audit_unavailable,  // the record could not be made durable, or the clock is behind the log's last
  not_ready,          // no policy revision is active
};

// Thread-safe.
class DecisionService {
 public:
  struct Parts {  // all outlive the service
    const compile::SnapshotHolder& snapshots;
    const SubjectResolver& subjects;
    storage::DecisionLog& log;
    const daemon::Clock& clock;
  };
  using Done = std::function<void(tl::expected<std::vector<RecordedAnswer>, ServiceFailure>)>;

  // `source`: this PDP's name and this start's id.
  DecisionService(Parts parts, wire::RecordSource source) : parts_(parts), source_(std::move(source)) {}

  // True where the gate may ask about the action: each reserved action has its domain, all others are `access`.
  static bool may_ask(const Caller& caller, std::string_view action);
  // A supervisor asks about its own session and nobody else.
  static bool may_ask_for(const Caller& caller, const reader::SubjectStatement& subject);

  // Judges the questions in order until the semantic ends the batch, makes the records durable together, and calls
  // `done` once, with an answer for each question judged. `done` runs on the calling thread, on one of the token
  // verifier's, or on the log's commit thread, and must not block.
  // Requires: may_ask() and may_ask_for() for each question.
  void evaluate(Evaluation evaluation, Done done) const;

 private:
  struct Batch;
  void resolve_next(std::shared_ptr<Batch> batch) const;
  void judge(Batch& batch) const;
  void record(std::shared_ptr<Batch> batch) const;

  const Parts parts_;
  const wire::RecordSource source_;
  mutable std::atomic<std::int64_t> next_seq_{1};
};

}  // namespace portreeve::pdp

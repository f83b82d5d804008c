#include "pdp/service/decision_service.h"

#include <memory>

#include "daemon/random.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"

namespace portreeve::pdp {
namespace {

// How far the wall clock may stand behind the last record: two PDP threads read it in one order and append in another.
constexpr std::int64_t kClockSlackMillis = 1'000;

storage::PepDomain domain_of(std::string_view action) {
  if (action == wire::kEgressResolve || action == wire::kEgressConnect) return storage::PepDomain::egress;
  if (action == wire::kSecretUse) return storage::PepDomain::secrets;
  if (action == wire::kProcessExec) return storage::PepDomain::execution;
  return storage::PepDomain::access;
}

// What is written of a decision before its answer leaves.
wire::DecisionRecord make_record(const reader::Question& question, const wire::Decision& decision,
                                 const storage::SessionPointer& session) {
  const wire::Request& request = question.request;
  wire::DecisionRecord record;
  record.id = daemon::new_id("dec_", request.time);
  record.time = request.time;
  record.subject = {question.subject.type, question.subject.id};
  if (request.principal.session) {
    record.session = request.principal.session->id;
    record.subject = {request.principal.type, request.principal.id};
  } else if (session != nullptr) {
    record.session = session->id;
  } else if (question.subject.type == "session") {
    record.session = question.subject.id;
  }
  record.tenant = decision.tenant.value_or("");
  record.action = request.action;
  record.resource = {request.resource_type, request.resource_id,
                     wire::recordable_properties(request.action, request.resource_properties)};
  record.decision = decision.allowed;
  record.reason = wire::code(decision.reason);
  record.rule_reason = decision.rule_reason;
  record.rules = decision.rules;
  record.obligations = wire::obligations_to_json(decision.obligations);
  if (decision.dry_run) record.dry_run = wire::RecordDryRun{decision.dry_run->allowed, decision.dry_run->rules};
  record.roles = decision.roles;
  return record;
}

bool ends_batch(BatchSemantic semantic, bool allowed) {
  switch (semantic) {
    case BatchSemantic::execute_all:
      return false;
    case BatchSemantic::deny_on_first_deny:
      return !allowed;
    case BatchSemantic::permit_on_first_permit:
      return allowed;
  }
  return true;
}

// Asked by a gate for what runs in a session; a person's token proves the person and no session (SEMANTICS §8).
bool is_of_sandbox(const wire::Request& request) {
  return !std::holds_alternative<wire::AccessQuestion>(request.question);
}

}  // namespace

struct DecisionService::Batch {
  Evaluation evaluation;
  Done done;
  std::int64_t started_micros = 0;
  std::size_t resolved = 0;
  std::vector<wire::DecisionRecord> records;
  std::vector<Seconds> cache_for;
  // Of each question resolved.
  std::vector<storage::SessionPointer> sessions;
  std::vector<std::int64_t> events;
};

bool DecisionService::may_ask(const Caller& caller, std::string_view action) {
  return caller.domains.contains(domain_of(action));
}

bool DecisionService::may_ask_for(const Caller& caller, const reader::SubjectStatement& subject) {
  return !caller.is_supervisor() || (subject.type == "session" && subject.id == caller.session);
}

void DecisionService::evaluate(Evaluation evaluation, Done done) const {
  auto batch = std::make_shared<Batch>();
  batch->evaluation = std::move(evaluation);
  batch->done = std::move(done);
  batch->started_micros = parts_.clock.steady_micros();
  resolve_next(std::move(batch));
}

void DecisionService::resolve_next(std::shared_ptr<Batch> batch) const {
  auto& questions = batch->evaluation.questions;
  if (const auto& known = batch->evaluation.identity) {
    for (reader::Question& question : questions) {
      question.request.identity_failure = known->failure;
      question.request.principal = known->principal;
    }
    batch->resolved = questions.size();
    batch->sessions.assign(questions.size(), known->session);
    batch->events.assign(questions.size(), known->event);
  }
  while (batch->resolved < questions.size()) {
    // Identity may come inline or later; a loop for the first keeps the stack flat for a batch of any size.
    struct Progress {
      std::atomic<int> arrivals{0};
    };
    auto progress = std::make_shared<Progress>();
    reader::Question& question = questions[batch->resolved];
    parts_.subjects.resolve({question.subject, question.request.source, batch->evaluation.caller}, parts_.clock.now(),
                            [this, batch, progress, &question](Identity identity) {
                              question.request.identity_failure = identity.failure;
                              question.request.principal = std::move(identity.principal);
                              batch->sessions.push_back(std::move(identity.session));
                              batch->events.push_back(identity.event);
                              ++batch->resolved;
                              if (progress->arrivals.fetch_add(1) == 1)
                                resolve_next(batch);  // the caller has left: go on from here
                            });
    if (progress->arrivals.fetch_add(1) == 0) return;  // not here yet
  }
  judge(*batch);
  if (!batch->records.empty()) record(std::move(batch));
}

void DecisionService::judge(Batch& batch) const {
  const std::shared_ptr<const compile::Snapshot> snapshot = parts_.snapshots.load();
  const Timestamp now = parts_.clock.now();
  if (snapshot == nullptr) return batch.done(tl::unexpected(ServiceFailure::not_ready));
  const auto last = parts_.log.last_time();
  if (last && now.unix_millis() + kClockSlackMillis < last->unix_millis()) {
    return batch.done(tl::unexpected(ServiceFailure::audit_unavailable));
  }
  thread_local decide::Workspace workspace;  // keeps what it has grown to, whatever the snapshot
  for (std::size_t i = 0; i < batch.evaluation.questions.size(); ++i) {
    reader::Question& question = batch.evaluation.questions[i];
    question.request.time = now;
    if (!question.request.identity_failure && is_of_sandbox(question.request) && !question.request.principal.session) {
      question.request.identity_failure = wire::Reason::token_missing;
    }
    const wire::Decision decision =
        decide::to_decision(decide::decide(*snapshot, question.request, workspace), *snapshot);
    wire::DecisionRecord record = make_record(question, decision, batch.sessions[i]);
    record.revocation_event = batch.events[i];
    record.source = source_;
    record.seq = next_seq_.fetch_add(1, std::memory_order_relaxed);
    record.revision = snapshot->revision();
    record.pep = batch.evaluation.caller.name;
    record.trace = batch.evaluation.trace;
    record.latency_micros = parts_.clock.steady_micros() - batch.started_micros;
    batch.records.push_back(std::move(record));
    // An address may be bound to another session at any time, and no gate hears of that.
    batch.cache_for.push_back(question.subject.type == "address" ? Seconds{0} : decision.cache_for);
    if (ends_batch(batch.evaluation.semantic, decision.allowed)) break;
  }
}

void DecisionService::record(std::shared_ptr<Batch> batch) const {
  std::vector<wire::DecisionRecord> records = std::move(batch->records);
  parts_.log.commit(
      std::move(records), [batch = std::move(batch)](Result<std::vector<storage::RecordedDecision>> recorded) {
        if (!recorded) return batch->done(tl::unexpected(ServiceFailure::audit_unavailable));
        std::vector<RecordedAnswer> answers;
        answers.reserve(recorded->size());
        for (std::size_t i = 0; i < recorded->size(); ++i) {
          answers.push_back({std::move((*recorded)[i]), batch->cache_for[i], std::move(batch->sessions[i])});
        }
        batch->done(std::move(answers));
      });
}

}  // namespace portreeve::pdp

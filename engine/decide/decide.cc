#include "engine/decide/decide.h"

#include <algorithm>

#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

// How long a gate may go by an answer that nothing in it bounds more closely.
constexpr Seconds kMostCached{30};

bool needs_verified_subject(const wire::Question& question) {
  return !std::holds_alternative<wire::AccessQuestion>(question);
}

Seconds cache_for(const wire::Request& request, const rbac::Activation& subject, bool reads_clock) {
  if (reads_clock) return Seconds{0};
  Seconds most = kMostCached;
  const auto end_before = [&](const std::optional<Timestamp>& at) {
    // Strictly before: an answer given in the second of the change would outlive it.
    if (at)
      most = std::min(most, Seconds{std::max<std::int64_t>(0, at->unix_seconds() - request.time.unix_seconds() - 1)});
  };
  end_before(subject.next_change);
  end_before(request.principal.token_expires);
  return most;
}

// Why the subject is not taken, where it is not.
std::optional<wire::Reason> subject_failure(const compile::Snapshot& snapshot, const wire::Request& request) {
  if (request.identity_failure) return request.identity_failure;
  if (snapshot.directory().referred_claim(request.principal.provider, request.principal.claims)) {
    return wire::Reason::token_invalid;
  }
  const bool unverified =
      needs_verified_subject(request.question) && request.principal.assurance != wire::Assurance::verified;
  return unverified ? std::optional(wire::Reason::token_missing) : std::nullopt;
}

std::string referred_claim(const compile::Snapshot& snapshot, const wire::Request& request) {
  return std::string(
      snapshot.directory().referred_claim(request.principal.provider, request.principal.claims).value_or(""));
}

void clear(Verdict& verdict) {
  verdict.allowed = false;
  verdict.reason = wire::Reason::default_deny;
  verdict.rule_reason = {};
  verdict.rules.clear();
  verdict.terms = std::monostate{};
  verdict.dry_run.reset();
  verdict.dry_run_rules.clear();
  verdict.subject = nullptr;
  verdict.cache_for = Seconds{0};
}

void judge_question(const compile::Snapshot& snapshot, const wire::Request& request, Scratch& scratch, Trace* trace,
                    std::vector<RuleSurvey>* survey) {
  scratch.candidates.clear();
  scratch.reads_clock = false;
  std::visit([&](const auto& question) { find(question, request, snapshot, scratch); }, request.question);
  snapshot.directory().activate(request.principal, request.time, scratch.subject);
  const RequestActivation attributes(snapshot, request, scratch);
  const Judgement judgement{snapshot, request, scratch.subject, attributes, scratch, trace, survey};
  std::visit([&](const auto& question) { judge(question, judgement); }, request.question);
}

}  // namespace

void settle_candidates(std::vector<index::Hit>& candidates) {
  if (candidates.empty()) return;
  std::ranges::sort(candidates);
  std::size_t last = 0;
  for (const index::Hit hit : candidates) {  // of one rule the certain hit comes last, and stays
    if (hit.id() != candidates[last].id()) ++last;
    candidates[last] = hit;
  }
  candidates.resize(last + 1);
}

Clause condition_clause(const cel::Program& condition, const Judgement& judgement, std::string* detail) {
  switch (condition.run_condition(judgement.attributes, detail)) {
    case cel::Truth::true_:
      return Clause::holds;
    case cel::Truth::false_:
      return Clause::fails;
    case cel::Truth::unknown:
      return Clause::unknown;
    case cel::Truth::error:
      return Clause::error;
  }
  return Clause::error;
}

const Verdict& decide(const compile::Snapshot& snapshot, const wire::Request& request, Workspace& workspace,
                      Trace* trace) {
  Scratch& scratch = workspace.scratch();
  Verdict& verdict = scratch.verdict;
  clear(verdict);
  if (const auto failure = subject_failure(snapshot, request)) {
    verdict.reason = *failure;
    if (trace != nullptr) trace->referred_claim = referred_claim(snapshot, request);
    return verdict;
  }
  judge_question(snapshot, request, scratch, trace, nullptr);
  verdict.subject = &scratch.subject;
  verdict.cache_for = cache_for(request, scratch.subject, scratch.reads_clock);
  if (trace != nullptr) {
    const rbac::Activation& subject = scratch.subject;
    for (const rbac::BindingId id : subject.bindings) {
      trace->bindings.emplace_back(snapshot.directory().binding_name(id));
    }
    trace->violated_constraints.assign(subject.violated_constraints.begin(), subject.violated_constraints.end());
  }
  return verdict;
}

wire::Decision decide(const compile::Snapshot& snapshot, const wire::Request& request, Trace* trace) {
  Workspace workspace;
  return to_decision(decide(snapshot, request, workspace, trace), snapshot);
}

std::vector<RuleSurvey> survey(const compile::Snapshot& snapshot, const wire::Request& request) {
  std::vector<RuleSurvey> out;
  if (subject_failure(snapshot, request)) return out;
  Workspace workspace;
  judge_question(snapshot, request, workspace.scratch(), nullptr, &out);
  return out;
}

}  // namespace portreeve::decide

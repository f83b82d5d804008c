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

wire::Decision denial(wire::Reason reason) {
  wire::Decision decision;
  decision.reason = reason;
  return decision;
}

}  // namespace

Clause condition_clause(const model::RuleHeader& rule, const Judgement& judgement, std::string* detail) {
  switch (rule.when->program->run_condition(judgement.attributes, detail)) {
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

wire::Decision decide(const compile::Snapshot& snapshot, const wire::Request& request, Trace* trace) {
  if (request.identity_failure) return denial(*request.identity_failure);
  if (needs_verified_subject(request.question) && request.principal.assurance != wire::Assurance::verified) {
    return denial(wire::Reason::token_missing);
  }
  const rbac::Activation subject = snapshot.directory().activate(request.principal, request.time);
  const RequestActivation attributes(snapshot, request, subject);
  const Judgement judgement{snapshot, request, subject, attributes, trace};

  bool reads_clock = false;
  wire::Decision decision =
      std::visit([&](const auto& question) { return judge(question, judgement, reads_clock); }, request.question);
  const rbac::Directory& directory = snapshot.directory();
  decision.roles.reserve(subject.roles.size());
  subject.roles.for_each([&](rbac::RoleId id) { decision.roles.emplace_back(directory.role_name(id)); });
  if (subject.tenant) decision.tenant = *subject.tenant;
  decision.cache_for = cache_for(request, subject, reads_clock);
  if (trace != nullptr) {
    for (const rbac::BindingId id : subject.bindings) trace->bindings.emplace_back(directory.binding_name(id));
    trace->violated_constraints.assign(subject.violated_constraints.begin(), subject.violated_constraints.end());
  }
  return decision;
}

std::vector<RuleSurvey> survey(const compile::Snapshot& snapshot, const wire::Request& request) {
  std::vector<RuleSurvey> out;
  const bool taken = !request.identity_failure && (!needs_verified_subject(request.question) ||
                                                   request.principal.assurance == wire::Assurance::verified);
  if (!taken) return out;
  const rbac::Activation subject = snapshot.directory().activate(request.principal, request.time);
  const RequestActivation attributes(snapshot, request, subject);
  const Judgement judgement{snapshot, request, subject, attributes, nullptr, &out};
  bool reads_clock = false;
  std::visit([&](const auto& question) { return judge(question, judgement, reads_clock); }, request.question);
  return out;
}

}  // namespace portreeve::decide

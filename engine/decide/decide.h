// The decision: a pure function of a snapshot and a request (docs/semantics as SEMANTICS states them).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/decide/verdict.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::decide {

// What a clause says of a request (SEMANTICS §2).
enum class Clause : std::uint8_t { holds, fails, unknown, error };

// One rule that was considered, and why it matched or did not. Borrows names from the snapshot.
struct RuleTrace {
  std::string_view rule;  // `policy/rule`
  SourcePlace place;
  model::Effect effect = model::Effect::deny;
  bool enforced = true;
  bool matched = false;
  std::string_view clause;  // where not matched, or matched by an error: the first clause that did not hold
  Clause state = Clause::holds;
  std::string detail;  // of a condition: the expression's own error
};

// Everything considered on the way to an answer. Explaining is running: the same code fills it.
struct Trace {
  std::vector<RuleTrace> rules;  // candidates in scope, sorted by name
  std::vector<std::string> bindings;
  std::vector<std::string> violated_constraints;
  std::string referred_claim;  // that the token refers to and does not hold (rbac::Directory::referred_claim), or empty
};

// One rule of a question's domain, whether or not the request touches it. Borrows from the snapshot.
struct RuleSurvey {
  struct Failing {
    std::string_view clause;
    Clause state = Clause::fails;
    std::string detail;  // of a condition: the expression's own error
  };
  std::string_view rule;  // `policy/rule`
  SourcePlace place;
  model::Effect effect = model::Effect::deny;
  bool enforced = true;
  bool in_scope = false;  // the subject has one of the policy's roles, and its tenant
  bool tenant_fits = false;
  std::vector<std::string_view> roles;  // the policy's: any of these would do; empty: it is there for everyone
  bool matched = false;                 // its clauses hold, whatever the scope
  std::vector<Failing> failing;         // the clauses that do not hold, each
};

// Judges every rule of the question's domain clause by clause, for explanations; sorted by name. Empty where the
// subject is none that judgement takes. Cost: the domain's rules.
std::vector<RuleSurvey> survey(const compile::Snapshot& snapshot, const wire::Request& request);

// Judges. Never fails: what cannot be judged is denied, and `reason` says why. Thread-safe, given a workspace a thread;
// reads no clock, does no I/O. Cost: the rules that the request touches, not the policy set. The verdict borrows from
// snapshot, request and workspace until the workspace judges again. Once the workspace has grown to such requests it
// allocates nothing, regular expressions and conditions that make text apart. Hot path where `trace` is null.
const Verdict& decide(const compile::Snapshot& snapshot, const wire::Request& request, Workspace& workspace,
                      Trace* trace = nullptr);
// The same, in a workspace of its own, owned.
wire::Decision decide(const compile::Snapshot& snapshot, const wire::Request& request, Trace* trace = nullptr);

}  // namespace portreeve::decide

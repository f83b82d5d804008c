#include "engine/base/check.h"
#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

using wire::Reason;
using wire::SecretUse;

// SEMANTICS §1, point 2: what is wrong with the question itself.
std::optional<Reason> question_failure(const wire::SecretQuestion& question, const compile::Snapshot& snapshot) {
  switch (snapshot.upstream_of(question.secret, question.upstream)) {
    case compile::Snapshot::Upstream::unknown_secret:
      return Reason::unknown_secret;
    case compile::Snapshot::Upstream::foreign:
      return Reason::foreign_upstream;
    case compile::Snapshot::Upstream::own:
      return std::nullopt;
  }
  UNREACHABLE_DENY(Reason::internal_error);
}

void add_clauses(const compile::CompiledRule<model::SecretRule>& compiled, const compile::MatchPool& lists,
                 const wire::SecretQuestion& question, Fold& fold) {
  const auto& gate = compiled.gate;
  const bool named =
      gate.secrets == compile::kNoList || fold.is_of_candidate() || lists.matches(gate.secrets, question.secret);
  if (fold.add("secrets", clause(named))) return;
  if (gate.restricts_uses && fold.add("uses", listed(compiled.rule->uses, question.use))) return;
  // A lease has no method, path or model: a clause on them is an error (SEMANTICS §4).
  const auto of_injection = [&](compile::ListId list, const std::optional<std::string>& value) {
    return list != compile::kNoList && question.use == SecretUse::lease ? Clause::error : in_list(lists, list, value);
  };
  if (fold.add("methods", of_injection(gate.methods, question.method))) return;
  if (fold.add("paths", of_injection(gate.paths, question.path))) return;
  fold.add("models", of_injection(gate.models, question.model));
}

wire::SecretObligations terms(const compile::RuleTable<model::SecretRule>& table, const std::vector<Match>& allows,
                              const wire::SecretQuestion& question) {
  wire::SecretObligations out;
  out.use = question.use.value_or(SecretUse::inject);
  for (const Match& match : allows) {
    if (!match.enforce || !table.rules[match.rule].gate.has_limits) continue;
    const model::SecretRule& rule = *table.rules[match.rule].rule;
    merge_minimum(out.requests_per_minute, rule.requests_per_minute);
    merge_minimum(out.lease_ttl, rule.lease_ttl);
  }
  return out;
}

}  // namespace

void find(const wire::SecretQuestion& question, const wire::Request&, const compile::Snapshot& snapshot,
          Scratch& scratch) {
  snapshot.secrets().find(question.secret, scratch.candidates);
  bring_near(snapshot.secrets().table(), scratch);
}

void judge(const wire::SecretQuestion& question, const Judgement& judgement) {
  const compile::SecretRules& rules = judgement.snapshot.secrets();
  Scratch& scratch = judgement.scratch;
  match_rules(rules.table(), judgement, scratch.matches, [&](const auto& compiled, Fold& fold, Match&) {
    add_clauses(compiled, rules.table().lists, question, fold);
  });
  const std::optional<Reason> failure = question_failure(question, judgement.snapshot);
  const bool allowed = answer(rules.table(), scratch.matches, scratch, [&](Enforcement enforcement) -> Conclusion {
    if (failure) return {false, *failure};
    if (any_counts(scratch.matches.denies, enforcement)) return {false, Reason::rule_deny};
    if (any_counts(scratch.matches.allows, enforcement)) return {true, Reason::rule_allow};
    return {};
  });
  if (allowed) scratch.verdict.terms = terms(rules.table(), scratch.matches.allows, question);
}

}  // namespace portreeve::decide

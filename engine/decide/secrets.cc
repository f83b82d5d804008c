#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

using wire::Reason;
using wire::SecretUse;

// SEMANTICS §1, point 2: what is wrong with the question itself.
std::optional<Reason> question_failure(const wire::SecretQuestion& question, const compile::Snapshot& snapshot) {
  if (snapshot.secret(question.secret) == nullptr) return Reason::unknown_secret;
  const bool known = question.upstream && snapshot.is_upstream_of(question.secret, *question.upstream);
  return known ? std::nullopt : std::optional(Reason::foreign_upstream);
}

// A lease has no method, path or model: a clause on them is an error (SEMANTICS §4).
template <class T>
Clause unless_lease(const wire::SecretQuestion& question, const std::optional<T>& restriction, Clause state) {
  return restriction && question.use == SecretUse::lease ? Clause::error : state;
}

void add_clauses(const model::SecretRule& rule, const wire::SecretQuestion& question, Fold& fold) {
  const bool named = !rule.secrets || std::ranges::any_of(*rule.secrets, [&](const model::Reference& secret) {
    return secret.name == question.secret;
  });
  if (fold.add("secrets", clause(named))) return;
  if (fold.add("uses", listed(rule.uses, question.use))) return;
  if (fold.add("methods", unless_lease(question, rule.methods, listed(rule.methods, question.method)))) return;
  if (fold.add("paths", unless_lease(question, rule.paths, matched(rule.paths, question.path)))) return;
  fold.add("models", unless_lease(question, rule.models, matched(rule.models, question.model)));
}

wire::SecretObligations terms(const compile::RuleTable<model::SecretRule>& table, const std::vector<Match>& allows,
                              const wire::SecretQuestion& question) {
  wire::SecretObligations out;
  out.use = question.use.value_or(SecretUse::inject);
  for (const Match& match : allows) {
    if (!match.enforce) continue;
    const model::SecretRule& rule = *table.rules[match.rule].rule;
    merge_minimum(out.requests_per_minute, rule.requests_per_minute);
    merge_minimum(out.lease_ttl, rule.lease_ttl);
  }
  return out;
}

}  // namespace

void judge(const wire::SecretQuestion& question, const Judgement& judgement) {
  const compile::SecretRules& rules = judgement.snapshot.secrets();
  Scratch& scratch = judgement.scratch;
  rules.find(question.secret, scratch.candidates);
  match_rules(rules.table(), judgement, scratch.matches,
              [&](const auto& compiled, Fold& fold, Match&) { add_clauses(*compiled.rule, question, fold); });
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

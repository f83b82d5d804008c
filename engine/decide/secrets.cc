#include "engine/base/check.h"
#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

using wire::Reason;
using wire::SecretUse;

// SEMANTICS §1, point 2: what is wrong with the question itself.
std::optional<Reason> question_failure(const wire::SecretQuestion& question, std::optional<std::uint32_t> secret,
                                       const compile::Snapshot& snapshot) {
  if (!secret) return Reason::unknown_secret;
  const bool own = question.upstream && snapshot.is_upstream_of(*secret, *question.upstream);
  return own ? std::nullopt : std::optional(Reason::foreign_upstream);
}

Clause uses_clause(std::uint8_t uses, const std::optional<SecretUse>& use) {
  if (uses == 0) return Clause::holds;
  return use ? clause((uses & compile::use_bit(*use)) != 0) : Clause::error;
}

void add_clauses(const compile::CompiledRule<model::SecretRule>& rule, bool named, const compile::MatchPool& lists,
                 const wire::SecretQuestion& question, Fold& fold) {
  const auto& gate = rule.gate;
  if (fold.add("secrets", clause(named))) return;
  if (fold.add("uses", uses_clause(gate.uses, question.use))) return;
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
    const std::uint32_t stated = table.rules[match.rule].gate.limits;
    if (!match.enforce || stated == 0) continue;
    const compile::SecretRuleLimits& limits = table.pools.limits[stated];
    merge_minimum(out.requests_per_minute, limits.requests_per_minute);
    merge_minimum(out.lease_ttl, limits.lease_ttl);
  }
  return out;
}

}  // namespace

void find(const wire::SecretQuestion& question, const wire::Request&, const compile::Snapshot& snapshot,
          Scratch& scratch) {
  scratch.secret = snapshot.secrets().find(question.secret, scratch.candidates);
  bring_near(snapshot.secrets().table(), scratch);
}

void judge(const wire::SecretQuestion& question, const Judgement& judgement) {
  const compile::SecretRules& rules = judgement.snapshot.secrets();
  Scratch& scratch = judgement.scratch;
  match_rules(rules.table(), judgement, scratch.matches, [&](const auto& rule, bool certain, Fold& fold, Match&) {
    add_clauses(rule, certain, rules.table().lists, question, fold);
  });
  const std::optional<Reason> failure = question_failure(question, scratch.secret, judgement.snapshot);
  const bool allowed = answer(rules.table(), scratch.matches, scratch, [&](Enforcement enforcement) -> Conclusion {
    if (failure) return {false, *failure};
    if (any_counts(scratch.matches.denies, enforcement)) return {false, Reason::rule_deny};
    if (any_counts(scratch.matches.allows, enforcement)) return {true, Reason::rule_allow};
    return {};
  });
  if (allowed) scratch.verdict.terms = terms(rules.table(), scratch.matches.allows, question);
}

}  // namespace portreeve::decide

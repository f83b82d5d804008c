#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

using wire::Reason;
using wire::SecretUse;

// SEMANTICS §1, point 2: what is wrong with the question itself.
std::optional<Reason> question_failure(const wire::SecretQuestion& question, const model::Secret* secret) {
  if (secret == nullptr) return Reason::unknown_secret;
  const bool known =
      question.upstream && std::ranges::any_of(secret->upstreams, [&](const wire::UpstreamUrl& upstream) {
        return upstream.to_string() == *question.upstream;
      });
  return known ? std::nullopt : std::optional(Reason::foreign_upstream);
}

// A lease has no method, path or model: a clause on them is an error (SEMANTICS §4).
template <class T>
Clause unless_lease(const wire::SecretQuestion& question, const std::optional<T>& restriction, Clause state) {
  return restriction && question.use == SecretUse::lease ? Clause::error : state;
}

void add_clauses(const model::SecretRule& rule, const wire::SecretQuestion& question, Fold& fold) {
  fold.add("secrets", clause(!rule.secrets || std::ranges::any_of(*rule.secrets, [&](const model::Reference& secret) {
             return secret.name == question.secret;
           })));
  fold.add("uses", listed(rule.uses, question.use));
  fold.add("methods", unless_lease(question, rule.methods, listed(rule.methods, question.method)));
  fold.add("paths", unless_lease(question, rule.paths, matched(rule.paths, question.path)));
  fold.add("models", unless_lease(question, rule.models, matched(rule.models, question.model)));
}

wire::SecretObligations obligations(const std::vector<Match<model::SecretRule>>& allows, Enforcement enforcement,
                                    const wire::SecretQuestion& question) {
  wire::SecretObligations out;
  out.use = question.use.value_or(SecretUse::inject);
  for (const auto& match : allows) {
    if (!counts(match, enforcement)) continue;
    merge_minimum(out.requests_per_minute, match.rule().requests_per_minute);
    merge_minimum(out.lease_ttl, match.rule().lease_ttl);
  }
  return out;
}

}  // namespace

wire::Decision judge(const wire::SecretQuestion& question, const Judgement& judgement, bool& reads_clock) {
  std::vector<compile::RuleIndex> candidates;
  judgement.snapshot.secrets().find(question.secret, candidates);
  const auto matches =
      match_rules(judgement.snapshot.secrets().table(), std::move(candidates), judgement,
                  [&](const model::SecretRule& rule, Fold& fold, auto&) { add_clauses(rule, question, fold); });
  reads_clock = matches.reads_clock;
  const std::optional<Reason> failure = question_failure(question, judgement.snapshot.secret(question.secret));
  return answer(matches.any_dry_run(), [&](Enforcement enforcement) {
    Conclusion conclusion;
    name_rules(matches.denies, enforcement, conclusion);
    if (failure || !conclusion.rules.empty()) {
      conclusion.reason = failure.value_or(Reason::rule_deny);
      return conclusion;
    }
    name_rules(matches.allows, enforcement, conclusion);
    if (conclusion.rules.empty()) return conclusion;
    conclusion.allowed = true;
    conclusion.reason = Reason::rule_allow;
    conclusion.obligations = obligations(matches.allows, enforcement, question);
    return conclusion;
  });
}

}  // namespace portreeve::decide

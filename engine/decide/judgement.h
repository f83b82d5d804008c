// What all domains share: candidate rules to matches, matches to a verdict. Private to decide/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/cel/cel.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/clause.h"
#include "engine/decide/decide.h"
#include "engine/decide/request_activation.h"
#include "engine/decide/scratch.h"

namespace portreeve::decide {

// One decision under way. Borrows everything.
struct Judgement {
  const compile::Snapshot& snapshot;
  const wire::Request& request;
  const rbac::Activation& subject;
  const RequestActivation& attributes;
  Scratch& scratch;
  Trace* trace = nullptr;
  std::vector<RuleSurvey>* survey = nullptr;  // every rule of the domain is judged into it
};

Clause condition_clause(const cel::Program& condition, const Judgement& judgement, std::string* detail);

// Judges every rule of the table into the judgement's survey.
template <class Rule, class Judge>
void survey_rules(const compile::RuleTable<Rule>& table, const Judgement& judgement, Judge judge) {
  const rbac::Directory& directory = judgement.snapshot.directory();
  std::vector<bool> found(table.rules.size());
  for (const index::Hit hit : judgement.scratch.candidates) found[hit.id()] = found[hit.id()] || hit.is_certain();
  for (compile::RuleIndex index = 0; index < table.rules.size(); ++index) {
    const compile::CompiledRule<Rule>& rule = table.rules[index];
    const compile::Scope& scope = table.scopes[rule.scope];
    RuleSurvey& entry = judgement.survey->emplace_back();
    entry.rule = table.name(rule);
    entry.place = table.place(index);
    entry.effect = rule.effect;
    entry.enforced = rule.enforce;
    entry.in_scope = scope.covers(judgement.subject);
    entry.tenant_fits = scope.covers_tenant(judgement.subject);
    if (scope.roles) {
      scope.roles->for_each([&](rbac::RoleId id) { entry.roles.push_back(directory.role_name(id)); });
    }
    Fold fold(rule.effect, Fold::Until::end, &entry.failing);
    Match match;
    judge(rule, found[index], fold, match);
    if (rule.condition != 0) {
      std::string detail;
      fold.add("when", condition_clause(*table.conditions[rule.condition], judgement, &detail));
      if (!entry.failing.empty() && entry.failing.back().clause == "when") entry.failing.back().detail = detail;
    }
    entry.matched = fold.matches();
  }
}

// The scratch's candidates by rule, each once, certain where one of its hits was.
void settle_candidates(std::vector<index::Hit>& candidates);

// Judges each of the scratch's candidates in scope into `out`: `judge(rule, certain, fold, match)` adds the clauses of
// the domain and fills the match, where `certain` says that the rule's target holds; the condition, dearest of all,
// comes last and only where the others leave it open.
template <class Rule, class Judge>
void match_rules(const compile::RuleTable<Rule>& table, const Judgement& judgement, Matches& out, Judge judge) {
  out.clear();
  if (judgement.survey != nullptr) {
    survey_rules(table, judgement, judge);
    return;
  }
  settle_candidates(judgement.scratch.candidates);
  std::uint32_t scope = 0;  // rules beside one another are most often of one policy, and so of one scope
  bool in_scope = !table.scopes.empty() && table.scopes[scope].covers(judgement.subject);
  for (const index::Hit hit : judgement.scratch.candidates) {
    const compile::CompiledRule<Rule>& rule = table.rules[hit.id()];
    if (rule.scope != scope) {
      scope = rule.scope;
      in_scope = table.scopes[scope].covers(judgement.subject);
    }
    if (!in_scope) continue;
    judgement.scratch.reads_clock |= rule.reads_clock;
    Fold fold(rule.effect, judgement.trace == nullptr ? Fold::Until::decided : Fold::Until::end);
    Match match{hit.id(), rule.enforce};
    judge(rule, hit.is_certain(), fold, match);
    std::string detail;
    if (rule.condition != 0 && !fold.decided()) {
      fold.add("when", condition_clause(*table.conditions[rule.condition], judgement,
                                        judgement.trace == nullptr ? nullptr : &detail));
    }
    const bool matched = fold.matches();
    if (matched) (rule.effect == model::Effect::allow ? out.allows : out.denies).push_back(match);
    if (judgement.trace != nullptr) {
      judgement.trace->rules.push_back({table.name(rule), table.place(hit.id()), rule.effect, rule.enforce, matched,
                                        fold.first(), fold.first_state(), std::move(detail)});
    }
  }
}

// The part of an answer that depends on which rules count.
struct Conclusion {
  bool allowed = false;
  wire::Reason reason = wire::Reason::default_deny;
};

template <class Rule>
void name_rules(const compile::RuleTable<Rule>& table, const std::vector<Match>& matches, Enforcement enforcement,
                std::vector<std::string_view>& out) {
  for (const Match& match : matches) {
    if (counts(match, enforcement)) out.push_back(table.name(match.rule));
  }
}

// The first reason that a rule among those that count states.
template <class Rule>
std::string_view stated_reason(const compile::RuleTable<Rule>& table, const std::vector<Match>& matches) {
  for (const Match& match : matches) {
    const std::uint32_t reason = table.rules[match.rule].reason;
    if (match.enforce && reason != 0) return table.reasons[reason];
  }
  return {};
}

// Writes the scratch's verdict, but for its terms: `conclude(enforcement)` is asked once, and once more where a dry-run
// rule matched. An allow is by the allow rules that count, anything else by the deny rules. True on an allow.
template <class Rule, class Conclude>
bool answer(const compile::RuleTable<Rule>& table, const Matches& matches, Scratch& scratch, Conclude conclude) {
  Verdict& verdict = scratch.verdict;
  const Conclusion enforced = conclude(Enforcement::enforced_rules);
  const std::vector<Match>& by = enforced.allowed ? matches.allows : matches.denies;
  verdict.allowed = enforced.allowed;
  verdict.reason = enforced.reason;
  verdict.rule_reason = stated_reason(table, by);
  name_rules(table, by, Enforcement::enforced_rules, verdict.rules);
  if (matches.any_dry_run()) {
    const Conclusion all = conclude(Enforcement::all_rules);
    verdict.dry_run = all.allowed;
    name_rules(table, all.allowed ? matches.allows : matches.denies, Enforcement::all_rules, verdict.dry_run_rules);
  }
  return enforced.allowed;
}

// Asks for the records of the scratch's candidates to be brought near: they come while the subject is worked out.
template <class Rule>
void bring_near(const compile::RuleTable<Rule>& table, const Scratch& scratch) {
  for (const index::Hit hit : scratch.candidates) __builtin_prefetch(&table.rules[hit.id()]);
}

// Each domain's candidates into the scratch; of an execution those of its program.
void find(const wire::EgressQuestion& question, const wire::Request& request, const compile::Snapshot& snapshot,
          Scratch& scratch);
void find(const wire::SecretQuestion& question, const wire::Request& request, const compile::Snapshot& snapshot,
          Scratch& scratch);
void find(const wire::ExecQuestion& question, const wire::Request& request, const compile::Snapshot& snapshot,
          Scratch& scratch);
void find(const wire::AccessQuestion& question, const wire::Request& request, const compile::Snapshot& snapshot,
          Scratch& scratch);

// Each domain's judgement of the candidates found, into the scratch's verdict.
void judge(const wire::EgressQuestion& question, const Judgement& judgement);
void judge(const wire::SecretQuestion& question, const Judgement& judgement);
void judge(const wire::ExecQuestion& question, const Judgement& judgement);
void judge(const wire::AccessQuestion& question, const Judgement& judgement);

// The lesser of two limits, where an absent one does not limit.
template <class T>
void merge_minimum(std::optional<T>& into, const std::optional<T>& limit) {
  if (limit && (!into || *limit < *into)) into = limit;
}

}  // namespace portreeve::decide

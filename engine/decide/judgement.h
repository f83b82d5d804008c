// What all domains share: candidate rules to matches, matches to a conclusion. Private to decide/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/cel/cel.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/clause.h"
#include "engine/decide/decide.h"
#include "engine/decide/request_activation.h"
#include "engine/rbac/directory.h"

namespace portreeve::decide {

// One decision under way. Borrows everything.
struct Judgement {
  const compile::Snapshot& snapshot;
  const wire::Request& request;
  const rbac::Activation& subject;
  const RequestActivation& attributes;
  Trace* trace;
  std::vector<RuleSurvey>* survey = nullptr;  // every rule of the domain is judged into it
};

template <class Rule>
struct Match {
  const compile::CompiledRule<Rule>* compiled = nullptr;
  std::uint64_t covered = 0;  // egress: the addresses covered, by position
  bool says_tls = false;      // egress: the rule lets TLS flow
  const Rule& rule() const { return *compiled->rule; }
};

template <class Rule>
struct Matches {
  std::vector<Match<Rule>> allows, denies;  // sorted by name
  bool reads_clock = false;
  bool any_dry_run() const {
    const auto dry = [](const Match<Rule>& m) { return !m.rule().enforce; };
    return std::ranges::any_of(allows, dry) || std::ranges::any_of(denies, dry);
  }
};

enum class Enforcement : std::uint8_t { enforced_rules, all_rules };

template <class Rule>
bool counts(const Match<Rule>& match, Enforcement enforcement) {
  return match.rule().enforce || enforcement == Enforcement::all_rules;
}

Clause condition_clause(const model::RuleHeader& rule, const Judgement& judgement, std::string* detail);

// Judges every rule of the table into the judgement's survey.
template <class Rule, class Judge>
void survey_rules(const compile::RuleTable<Rule>& table, const Judgement& judgement, Judge judge) {
  const rbac::Directory& directory = judgement.snapshot.directory();
  for (const compile::CompiledRule<Rule>& compiled : table.rules) {
    const Rule& rule = *compiled.rule;
    const compile::Scope& scope = table.scopes[compiled.scope];
    RuleSurvey& entry = judgement.survey->emplace_back();
    entry.rule = compiled.name;
    entry.header = &rule;
    entry.in_scope = scope.covers(judgement.subject);
    entry.tenant_fits = scope.covers_tenant(judgement.subject);
    if (scope.roles) {
      scope.roles->for_each([&](rbac::RoleId id) { entry.roles.push_back(directory.role_name(id)); });
    }
    Fold fold(&entry.failing);
    Match<Rule> match{&compiled};
    judge(rule, fold, match);
    if (rule.when) {
      std::string detail;
      fold.add("when", condition_clause(rule, judgement, &detail));
      if (!entry.failing.empty() && entry.failing.back().clause == "when") entry.failing.back().detail = detail;
    }
    entry.matched = fold.matches(rule.effect);
  }
}

// Judges each candidate in scope: `judge(rule, fold, match)` adds the clauses of the domain and fills the match; the
// condition, dearest of all, comes last and only where the others leave it open.
template <class Rule, class Judge>
Matches<Rule> match_rules(const compile::RuleTable<Rule>& table, std::vector<compile::RuleIndex> candidates,
                          const Judgement& judgement, Judge judge) {
  std::ranges::sort(candidates);
  const auto repeated = std::ranges::unique(candidates);
  candidates.erase(repeated.begin(), repeated.end());
  Matches<Rule> out;
  if (judgement.survey != nullptr) {
    survey_rules(table, judgement, judge);
    return out;
  }
  for (const compile::RuleIndex index : candidates) {
    const compile::CompiledRule<Rule>& compiled = table.rules[index];
    if (!table.scopes[compiled.scope].covers(judgement.subject)) continue;
    const Rule& rule = *compiled.rule;
    out.reads_clock |= compiled.reads_clock;
    Fold fold;
    Match<Rule> match{&compiled};
    judge(rule, fold, match);
    std::string detail;
    if (rule.when && !fold.decided(rule.effect)) {
      fold.add("when", condition_clause(rule, judgement, judgement.trace == nullptr ? nullptr : &detail));
    }
    const bool matched = fold.matches(rule.effect);
    if (matched) (rule.effect == model::Effect::allow ? out.allows : out.denies).push_back(match);
    if (judgement.trace != nullptr) {
      judgement.trace->rules.push_back(
          {compiled.name, rule.effect, rule.enforce, matched, fold.first(), fold.first_state(), std::move(detail)});
    }
  }
  return out;
}

// The part of an answer that depends on which rules count.
struct Conclusion {
  bool allowed = false;
  wire::Reason reason = wire::Reason::default_deny;
  std::vector<std::string> rules;
  std::string rule_reason;
  wire::Obligations obligations;
};

// Adds the rules among `matches` that count to the conclusion's, with the first reason that one states.
template <class Rule>
void name_rules(const std::vector<Match<Rule>>& matches, Enforcement enforcement, Conclusion& conclusion) {
  for (const Match<Rule>& match : matches) {
    if (!counts(match, enforcement)) continue;
    conclusion.rules.push_back(match.compiled->name);
    if (conclusion.rule_reason.empty()) conclusion.rule_reason = match.rule().reason;
  }
}

// The answer of a domain: `conclude(enforcement)` is asked once, and once more where a dry-run rule matched.
template <class Conclude>
wire::Decision answer(bool any_dry_run, Conclude conclude) {
  Conclusion enforced = conclude(Enforcement::enforced_rules);
  wire::Decision decision;
  decision.allowed = enforced.allowed;
  decision.reason = enforced.reason;
  decision.rules = std::move(enforced.rules);
  decision.rule_reason = std::move(enforced.rule_reason);
  decision.obligations = std::move(enforced.obligations);
  if (any_dry_run) {
    Conclusion all = conclude(Enforcement::all_rules);
    decision.dry_run = wire::DryRun{all.allowed, std::move(all.rules)};
  }
  return decision;
}

// Each domain's judgement; `reads_clock` is set where a rule considered reads the clock.
wire::Decision judge(const wire::EgressQuestion& question, const Judgement& judgement, bool& reads_clock);
wire::Decision judge(const wire::SecretQuestion& question, const Judgement& judgement, bool& reads_clock);
wire::Decision judge(const wire::ExecQuestion& question, const Judgement& judgement, bool& reads_clock);
wire::Decision judge(const wire::AccessQuestion& question, const Judgement& judgement, bool& reads_clock);

// The lesser of two limits, where an absent one does not limit.
template <class T>
void merge_minimum(std::optional<T>& into, const std::optional<T>& limit) {
  if (limit && (!into || *limit < *into)) into = limit;
}

}  // namespace portreeve::decide

#include "engine/analyze/why_not.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/decide/decide.h"
#include "engine/wire/reason.h"

namespace portreeve::analyze {
namespace {

using decide::RuleSurvey;
using wire::Reason;

constexpr std::size_t kFarthest = 2;  // clauses and scope that may be missing of a rule that is near

// Clauses that say what a rule is about: a rule that fails one of these is about something else.
constexpr std::array<std::string_view, 7> kTargets{"hosts",   "cidrs",    "services", "internet",
                                                   "secrets", "programs", "resources"};

bool is_target(std::string_view clause) { return std::ranges::find(kTargets, clause) != kTargets.end(); }

bool is_soft(Reason reason) {
  return reason == Reason::guard_private_address || reason == Reason::guard_shared_address ||
         reason == Reason::guard_unique_local_address;
}
bool is_guard(Reason reason) { return wire::code(reason).starts_with("guard:"); }

Suggestion suggestion(Remedy remedy, std::string text) {
  Suggestion out;
  out.remedy = remedy;
  out.text = std::move(text);
  return out;
}

Suggestion about(const RuleSurvey& rule, Remedy remedy, std::string text) {
  Suggestion out = suggestion(remedy, std::move(text));
  out.rule = rule.rule;
  out.place = rule.place;
  for (const std::string_view role : rule.roles) out.roles.emplace_back(role);
  for (const auto& failing : rule.failing) out.clauses.emplace_back(failing.clause);
  return out;
}

// What the reason says by itself, whatever the rules say.
std::vector<Suggestion> by_reason(Reason reason) {
  const std::string meaning(wire::meaning(reason));
  if (reason < Reason::unknown_secret)
    return {suggestion(Remedy::identify, meaning + ": no policy is consulted before the subject is known")};
  if (is_soft(reason)) {
    return {suggestion(Remedy::declare_service,
                       meaning + ": an InternalService with that name, port and prefix, and a rule with `services`, "
                                 "would open it")};
  }
  if (is_guard(reason)) return {suggestion(Remedy::none, meaning + ": no policy opens it")};
  const bool question = reason == Reason::unknown_secret || reason == Reason::foreign_upstream ||
                        reason == Reason::sni_mismatch || reason == Reason::sni_missing;
  if (question) return {suggestion(Remedy::ask_differently, meaning)};
  return {};
}

std::string failing_text(const RuleSurvey& rule) {
  std::vector<std::string> clauses;
  for (const auto& failing : rule.failing) {
    clauses.push_back(
        fmt::format("`{}`{}", failing.clause,
                    failing.state == decide::Clause::error ? " (the request does not say, or it fails)" : ""));
  }
  return fmt::format("{}", fmt::join(clauses, " and "));
}

std::string scope_text(const RuleSurvey& rule) {
  if (!rule.tenant_fits) return "it is a policy of other tenants";
  if (rule.roles.size() == 1) return fmt::format("the subject lacks the role `{}`", rule.roles[0]);
  return fmt::format("the subject has none of the roles {}", fmt::join(rule.roles, ", "));
}

struct Near {
  std::size_t distance = 0;
  Suggestion suggestion;
};

// How an allow rule that did not count would count; nothing where it is about something else.
std::vector<Near> near_rules(const std::vector<RuleSurvey>& rules) {
  std::vector<Near> out;
  for (const RuleSurvey& rule : rules) {
    if (rule.effect != model::Effect::allow) continue;
    const bool elsewhere = std::ranges::any_of(rule.failing, [](const auto& f) { return is_target(f.clause); });
    const std::size_t distance = rule.failing.size() + (rule.in_scope ? 0 : 1) + (rule.enforced ? 0 : 1);
    if (elsewhere || distance == 0 || distance > kFarthest) continue;
    if (!rule.failing.empty()) {
      const std::string also = rule.in_scope ? "" : ", and " + scope_text(rule);
      out.push_back({distance, about(rule, Remedy::change_clause,
                                     fmt::format("{} lacks {}{}", rule.rule, failing_text(rule), also))});
    } else if (!rule.in_scope) {
      out.push_back({distance, about(rule, Remedy::give_role,
                                     fmt::format("{} would allow it, but {}", rule.rule, scope_text(rule)))});
    } else {
      out.push_back(
          {distance, about(rule, Remedy::enforce_rule, fmt::format("{} would allow it, but is a dry run", rule.rule))});
    }
  }
  std::ranges::stable_sort(out, {}, &Near::distance);
  return out;
}

}  // namespace

std::string_view to_text(Remedy remedy) {
  switch (remedy) {
    case Remedy::identify:
      return "identify";
    case Remedy::ask_differently:
      return "ask-differently";
    case Remedy::declare_service:
      return "declare-service";
    case Remedy::none:
      return "none";
    case Remedy::lift_deny:
      return "lift-deny";
    case Remedy::give_role:
      return "give-role";
    case Remedy::change_clause:
      return "change-clause";
    case Remedy::enforce_rule:
      return "enforce-rule";
    case Remedy::write_rule:
      return "write-rule";
  }
  return "none";
}

std::vector<Suggestion> why_not(const compile::Snapshot& snapshot, const wire::Request& request,
                                const wire::Decision& decision, std::size_t most) {
  if (decision.allowed) return {};
  std::vector<Suggestion> out = by_reason(decision.reason);
  if (!out.empty() && (out[0].remedy == Remedy::identify || out[0].remedy == Remedy::none)) return out;
  const std::vector<RuleSurvey> rules = decide::survey(snapshot, request);
  for (const RuleSurvey& rule : rules) {
    const bool denies = rule.effect == model::Effect::deny && rule.enforced && rule.in_scope;
    if (!denies || !rule.matched) continue;
    const bool by_error = !rule.failing.empty();
    out.push_back(about(rule, Remedy::lift_deny,
                        by_error ? fmt::format("{} denies it, because {} cannot be told", rule.rule, failing_text(rule))
                                 : fmt::format("{} denies it", rule.rule)));
  }
  const bool allowed_otherwise = std::ranges::any_of(rules, [](const RuleSurvey& rule) {
    return rule.effect == model::Effect::allow && rule.enforced && rule.in_scope && rule.failing.empty();
  });
  if (allowed_otherwise) return out;
  auto near = near_rules(rules);
  if (near.empty()) out.push_back(suggestion(Remedy::write_rule, "no allow rule names this target"));
  for (std::size_t i = 0; i < near.size() && i < most; ++i) out.push_back(std::move(near[i].suggestion));
  return out;
}

}  // namespace portreeve::analyze

#include "engine/decide/judgement.h"

namespace portreeve::decide {
namespace {

Clause resource_clause(const model::AccessRule& rule, const wire::Request& request) {
  if (!rule.resources) return Clause::holds;
  return clause(std::ranges::any_of(*rule.resources, [&](const model::ResourceMatch& resource) {
    return resource.type == request.resource_type && (!resource.id || resource.id->matches(request.resource_id));
  }));
}

}  // namespace

void judge(const wire::AccessQuestion&, const Judgement& judgement) {
  const wire::Request& request = judgement.request;
  const compile::AccessRules& rules = judgement.snapshot.access();
  Scratch& scratch = judgement.scratch;
  rules.find(request.resource_type, scratch.candidates);
  match_rules(rules.table(), judgement, scratch.matches, [&](const auto& compiled, Fold& fold, Match&) {
    const model::AccessRule& rule = *compiled.rule;
    if (fold.add("resources", resource_clause(rule, request))) return;
    fold.add("actions", !rule.actions ? Clause::holds : one_of(*rule.actions, request.action));
  });
  answer(rules.table(), scratch.matches, scratch, [&](Enforcement enforcement) -> Conclusion {
    if (any_counts(scratch.matches.denies, enforcement)) return {false, wire::Reason::rule_deny};
    if (any_counts(scratch.matches.allows, enforcement)) return {true, wire::Reason::rule_allow};
    return {};
  });
}

}  // namespace portreeve::decide

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

wire::Decision judge(const wire::AccessQuestion&, const Judgement& judgement, bool& reads_clock) {
  const wire::Request& request = judgement.request;
  std::vector<compile::RuleIndex> candidates;
  judgement.snapshot.access().find(request.resource_type, candidates);
  const auto matches = match_rules(judgement.snapshot.access().table(), std::move(candidates), judgement,
                                   [&](const model::AccessRule& rule, Fold& fold, auto&) {
                                     fold.add("resources", resource_clause(rule, request));
                                     fold.add("actions", listed(rule.actions, std::optional(request.action)));
                                   });
  reads_clock = matches.reads_clock;
  return answer(matches.any_dry_run(), [&](Enforcement enforcement) {
    Conclusion conclusion;
    name_rules(matches.denies, enforcement, conclusion);
    if (!conclusion.rules.empty()) {
      conclusion.reason = wire::Reason::rule_deny;
      return conclusion;
    }
    name_rules(matches.allows, enforcement, conclusion);
    conclusion.allowed = !conclusion.rules.empty();
    if (conclusion.allowed) conclusion.reason = wire::Reason::rule_allow;
    return conclusion;
  });
}

}  // namespace portreeve::decide

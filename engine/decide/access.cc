#include "engine/decide/judgement.h"

namespace portreeve::decide {

void find(const wire::AccessQuestion&, const wire::Request& request, const compile::Snapshot& snapshot,
          Scratch& scratch) {
  snapshot.access().find(request.resource_type, scratch.candidates);
  bring_near(snapshot.access().table(), scratch);
}

void judge(const wire::AccessQuestion&, const Judgement& judgement) {
  const wire::Request& request = judgement.request;
  const compile::AccessRules& rules = judgement.snapshot.access();
  Scratch& scratch = judgement.scratch;
  match_rules(rules.table(), judgement, scratch.matches, [&](const auto& rule, bool certain, Fold& fold, Match&) {
    const auto& gate = rule.gate;
    const compile::MatchPool& lists = rules.table().lists;
    const bool covered = certain || gate.resources == compile::kNoList ||
                         lists.matches(gate.resources, request.resource_type, request.resource_id);
    if (fold.add("resources", clause(covered))) return;
    fold.add("actions", clause(gate.actions == compile::kNoList || lists.matches(gate.actions, request.action)));
  });
  answer(rules.table(), scratch.matches, scratch, [&](Enforcement enforcement) -> Conclusion {
    if (any_counts(scratch.matches.denies, enforcement)) return {false, wire::Reason::rule_deny};
    if (any_counts(scratch.matches.allows, enforcement)) return {true, wire::Reason::rule_allow};
    return {};
  });
}

}  // namespace portreeve::decide

// The clauses of one egress rule (SEMANTICS §2, §3). Private to decide/.
#pragma once

#include "engine/decide/judgement.h"

namespace portreeve::decide {

// Adds every clause but the condition, and fills what the rule covers of the question's addresses. `found`: one of the
// rule's host patterns, or of its services', matches the question's host; of a rule with prefixes alone, one of these
// holds one of the question's addresses.
void add_egress_clauses(const compile::CompiledRule<model::EgressRule>& rule, bool found,
                        const wire::EgressQuestion& question, const compile::Snapshot& snapshot, Fold& fold,
                        Match& match);

}  // namespace portreeve::decide

// The clauses of one egress rule (SEMANTICS §2, §3). Private to decide/.
#pragma once

#include "engine/decide/judgement.h"

namespace portreeve::decide {

// Adds every clause but the condition, and fills what the rule covers of the question's addresses. `named`: one of the
// rule's host patterns, or of its services', matches the question's host.
void add_egress_clauses(const compile::CompiledRule<model::EgressRule>& rule, bool named,
                        const wire::EgressQuestion& question, const compile::Snapshot& snapshot, Fold& fold,
                        Match& match);

}  // namespace portreeve::decide

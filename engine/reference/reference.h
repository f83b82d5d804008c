// SEMANTICS once more, as plainly as it can be said: the second implementation to be wrong against.
#pragma once

#include "engine/model/policy_set.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::reference {

// Decides by looking at every document and every rule, sharing with production only the vocabulary, CEL, patterns and
// addresses. Reads the whole set at each call: slow on purpose, for tests alone. `cache_for` is left at 0. Total; any
// thread.
wire::Decision reference_decide(const model::PolicySet& set, const wire::Request& request);

}  // namespace portreeve::reference

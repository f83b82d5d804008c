// A question and its answer as a PolicyTest document.
#pragma once

#include <optional>
#include <string>

#include "engine/wire/decision.h"
#include "tests/differential/question.h"

namespace portreeve::differential {

// A document of one case that asks nearly the question, and expects the answer; to be appended to a policy file. A
// PolicyTest's subject has a session and a `sub` always, its egress both stages: whoever uses the text must run it to
// know that it asks the same. Nothing where a PolicyTest has no words for the question.
std::optional<std::string> policy_test_of(const Question& question, const wire::Decision& answer);

}  // namespace portreeve::differential

// The smallest world and question in which the evaluators still differ, and how to paste them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/differential/contest.h"

namespace portreeve::differential {

struct Difference {
  World world;
  Question question;
  Disagreement disagreement;
};

// Whether world and question are still worth keeping; a world that load refuses is not.
using Differs = std::function<std::optional<Disagreement>(const World&, const Question&)>;

// Both evaluators as they are.
std::optional<Disagreement> differs(const World& world, const Question& question);

// Drops documents, rules, fields, list entries, own addresses, parts of the question, claims: one at a time, until
// nothing can be dropped while `differs` still finds one. Cost: a load for each trial, some hundreds.
Difference shrink(Difference difference, const Differs& differs = differential::differs);

// Policies, question and both answers. The question is a PolicyTest document, with what the reference answers as
// expectation, where a PolicyTest can ask it; else it is a comment with the AuthZEN body and who asks.
std::string to_report(const Difference& difference);

}  // namespace portreeve::differential

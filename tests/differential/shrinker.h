// The smallest world and question in which the evaluators still differ, and how to paste them.
#pragma once

#include <string>

#include "tests/differential/contest.h"

namespace portreeve::differential {

struct Difference {
  World world;
  Question question;
  Disagreement disagreement;
  int mutant = 0;  // that production was judged with
};

// Drops documents, rules, fields, list entries, own addresses, parts of the question, claims: one at a time, until
// nothing can be dropped that leaves a difference. Cost: a load for each trial, some hundreds.
Difference shrink(Difference difference);

// Policies, question and both answers. The question is a PolicyTest document, with what the reference answers as
// expectation, where a PolicyTest can ask it; else it is a comment with the AuthZEN body and who asks.
std::string to_report(const Difference& difference);

}  // namespace portreeve::differential

// Two evaluators, one question, and the smallest policy set in which they still differ.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/wire/decision.h"
#include "engine/wire/request.h"
#include "tests/differential/policy_text.h"

namespace portreeve::differential {

// A question and how to show it.
struct Question {
  wire::Request request;
  std::string shown;  // the AuthZEN body and who asks, as JSON
};

struct Difference {
  PolicySetText set;
  Question question;
  wire::Decision reference;
  wire::Decision production;
};

// The first question that the two answer differently, `cacheFor` left out. `checked` is `set`, loaded; nothing where it
// is null.
std::optional<Difference> compare(const PolicySetText& set,
                                  const std::shared_ptr<const model::CheckedPolicySet>& checked,
                                  const std::vector<Question>& questions);

// The same difference in a smaller set: documents and rules are dropped one at a time while the question is still
// answered differently.
Difference shrink(Difference difference);

// Policies, question, both answers; ready to be pasted.
std::string to_report(const Difference& difference);

}  // namespace portreeve::differential

// All policy sets of one to three rules over two hosts, two roles and one prefix.
#pragma once

#include <functional>
#include <vector>

#include "tests/differential/question.h"
#include "tests/differential/world.h"

namespace portreeve::differential {

// Calls `visit` with every set of at most two rules of the whole catalogue, and of three of its enforced part.
void for_each_small_world(const std::function<void(const World&)>& visit);

// Every question about the two hosts, an address inside the prefix and one outside, both stages, by every combination
// of roles.
std::vector<Question> small_questions();

}  // namespace portreeve::differential

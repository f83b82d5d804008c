// The workload of the engine's benchmarks: a policy set of any size as YAML, and requests that touch a few of its
// rules. README.md beside this states what is in it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/wire/policy_file.h"
#include "engine/wire/request.h"

namespace portreeve::bench {

// `rules` rules. Deterministic.
std::vector<wire::PolicyFile> make_policies(std::size_t rules);

// Whether the requests are for any group's target, or only for those of groups with a regular expression.
enum class Asked { anything, expressions };

// `count` requests against make_policies(rules), each for the target that one group of 2 to 8 rules shares; what a
// request touches does not depend on `rules`. Deterministic. Requires: rules >= 100.
std::vector<wire::Request> make_requests(std::size_t rules, std::size_t count, Asked asked = Asked::anything);

}  // namespace portreeve::bench

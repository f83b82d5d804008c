// The workload of the engine's benchmarks: a policy set of any size as YAML, and requests that touch a few of its
// rules.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/wire/policy_file.h"
#include "engine/wire/request.h"

namespace portreeve::bench {

// `rules` rules in policies of 20, in the mix 50 % egress, 20 % secrets, 20 % execution, 10 % access: 3 to 5 patterns a
// rule, hosts that share suffixes, 50 roles that inherit in chains of five, every tenth rule with a condition, every
// twentieth with a regular expression. Deterministic.
std::vector<wire::PolicyFile> make_policies(std::size_t rules);

// Requests against make_policies(rules), half of them denied. The rules that each touches do not depend on `rules`: a
// group of four rules shares its target, and a request asks for the target of one group. Deterministic.
std::vector<wire::Request> make_requests(std::size_t rules, std::size_t count);

}  // namespace portreeve::bench

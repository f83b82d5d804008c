// What `portreeve eval` says of a decision: the answer, and why.
#pragma once

#include <cstdint>
#include <string>

#include "engine/analyze/explanation.h"
#include "engine/base/json_value.h"
#include "tools/portreeve/policy_folder.h"
#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

// One decision and why it is so. Borrows the policies.
struct Explained {
  const LoadedPolicies& policies;
  analyze::Explanation why;
  analyze::Basis basis = analyze::Basis::replayed;
  std::string note;         // of a recorded decision: what its explanation rests on
  std::string decision_id;  // of a recorded decision
};

// `policies/egress.yaml:3:7`, the place as a person finds it from here; empty where it is not known.
std::string shown_place(const Explained& explained, const SourcePlace& place);
// Where a rule that was considered stands.
std::string place_of(const Explained& explained, std::string_view rule);
// `matched`, or which clause kept the rule from it, what it says and what was asked.
std::string outcome_of(const analyze::ConsideredRule& rule);

enum class Detail : std::uint8_t { answer, every_rule };

void print(const Explained& explained, Detail detail, Stream& stream);
// The AuthZEN answer, and beside it `meaning`, `roles` and `explanation` as in docs/openapi.yaml.
JsonValue to_json(const Explained& explained);

}  // namespace portreeve::cli

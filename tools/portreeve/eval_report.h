// What `portreeve eval` says of a decision: the answer, and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"
#include "tools/portreeve/policy_folder.h"
#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

// One decision and all that it was made of. Borrows everything but the decision.
struct Explained {
  const LoadedPolicies& policies;
  const compile::Snapshot& snapshot;
  const wire::Request& request;
  const decide::Trace& trace;
  wire::Decision decision;
};

// A role in force and how the subject came by it: `binding research-team`, `claim realm_access.roles`, `inherited by
// …`.
struct RoleSource {
  std::string role;
  std::vector<std::string> by;
};
std::vector<RoleSource> role_sources(const Explained& explained);

// `policies/egress.yaml:3:7`, where a rule stands; empty for an unknown one.
std::string place_of(const Explained& explained, std::string_view rule);
// `matched`, or which clause kept the rule from it.
std::string outcome_of(const decide::RuleTrace& rule);

enum class Detail : std::uint8_t { answer, every_rule };

void print(const Explained& explained, Detail detail, Stream& stream);
// The AuthZEN answer, and the explanation beside it.
JsonValue to_json(const Explained& explained);

}  // namespace portreeve::cli

// Why not: what would have to change for a denial to become an allow, the nearest first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/model/source.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

enum class Remedy : std::uint8_t {
  identify,         // the subject first needs a token or session that is good
  ask_differently,  // the question itself is wrong: another secret, upstream, server name
  declare_service,  // the address is inside: an InternalService would have to name it
  none,             // a hard range or name of the guard: nothing opens it
  lift_deny,        // a deny rule matched
  give_role,        // an allow rule is there for other roles, or another tenant
  change_clause,    // an allow rule in force lacks a clause or two
  enforce_rule,     // an allow rule matches, but is a dry run
  write_rule,       // no allow rule is near
};

// One way to an allow; several may be needed together, where several stand in the way.
struct Suggestion {
  Remedy remedy = Remedy::none;
  std::string rule;                  // `policy/rule`; empty where none is concerned
  SourcePlace place;                 // of the rule
  std::vector<std::string> roles;    // any of these would do
  std::vector<std::string> clauses;  // those that do not hold
  std::string text;                  // a sentence for people
};

std::string_view to_text(Remedy remedy);

// For a denial: what stands in the way (deny rules, the guard), then the nearest allow rules, at most `most` of these,
// ranked by how little is missing; a rule whose target is another one is never near. Empty for an allow. Pure; cost:
// the rules of the question's domain. Requires: `decision` is of this snapshot and request.
std::vector<Suggestion> why_not(const compile::Snapshot& snapshot, const wire::Request& request,
                                const wire::Decision& decision, std::size_t most = 5);

}  // namespace portreeve::analyze

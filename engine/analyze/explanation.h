// Why a question is answered as it is: all that was considered on the way, as values that can be shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analyze/why_not.h"
#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/compile/snapshot.h"
#include "engine/wire/decision.h"
#include "engine/wire/policy_file.h"
#include "engine/wire/reason.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

// A rule in force for the subject that the question touches.
struct ConsideredRule {
  std::string rule;   // `policy/rule`
  SourcePlace place;  // line 0 where it is not known
  model::Effect effect = model::Effect::deny;
  bool enforced = true;
  bool matched = false;
  bool of_interpreter = false;  // judged for the interpreter of a script
  std::optional<Gap> gap;       // the first clause that did not hold; a deny may match by one in error
};

// One way in which the subject comes by a role.
struct RoleOrigin {
  enum class Kind : std::uint8_t { binding, claim, inherited };
  Kind kind = Kind::binding;
  std::string name;     // the binding's, the claim's path, or that of the role that inherits it
  std::string through;  // of a binding: what it names of the subject, like `group /research`
  SourcePlace place;    // of a binding: of that; line 0 elsewhere
  std::optional<Timestamp> expires;
};
struct HeldRole {
  std::string role;
  std::vector<RoleOrigin> origins;
  std::vector<std::string> bindings;  // that give it, or a role that inherits it
};

// A binding that names the subject and gives it nothing now.
struct IdleBinding {
  enum class Why : std::uint8_t { not_started, ended, other_tenant };
  std::string binding;
  SourcePlace place;
  Why why = Why::ended;
  std::optional<Timestamp> at;       // when it starts or ended
  std::vector<std::string> tenants;  // those it is for
  std::vector<std::string> roles;    // that it would give, with all that they inherit
};

// A separation of duty that the subject (static) or its session (dynamic) is over.
struct BrokenConstraint {
  std::string constraint;
  SourcePlace place;
  model::ConstraintKind kind = model::ConstraintKind::static_separation;
  std::size_t at_most = 1;
  std::vector<std::string> roles;  // that it took
};

// Something of the question that the guard knows.
struct GuardFinding {
  enum class What : std::uint8_t { name, port, address, program };
  What what = What::address;
  std::string value;
  wire::Reason reason = wire::Reason::guard_reserved_address;
  bool hard = true;                   // nothing opens it
  bool opened = false;                // an InternalService does, and a rule that matched
  std::vector<std::string> services;  // InternalServices that list the name
};

// What Entities documents say of the subject or the resource, where the question does not.
struct DeclaredProperties {
  enum class Of : std::uint8_t { subject, resource };
  Of of = Of::subject;
  SourcePlace place;
  JsonValue applied;                   // an object
  std::vector<std::string> overruled;  // names of those that the question states itself
};

// How one obligation came to its value.
struct ObligationOrigin {
  struct Source {
    std::string rule;
    std::string states;  // as the rule writes it; empty where it states none
    SourcePlace place;
    bool decides = false;
  };
  std::string name;  // `limits.idle`, `env.pass`, `write`
  JsonValue value;
  std::vector<Source> sources;
};

struct Explanation {
  wire::Decision decision;
  // Each reason of SEMANTICS §1 that holds, in its order; the first is the answer's.
  std::vector<wire::Reason> reasons;
  std::string action, resource_type, resource_id, subject_type, subject_id;
  Timestamp time;
  std::string revision;
  std::vector<ConsideredRule> rules;  // sorted by name, those for an interpreter last
  std::vector<HeldRole> roles;        // the closure in force, sorted
  std::vector<std::string> bindings;  // in force for the subject
  std::vector<std::string> inactive;  // roles that the subject is authorised for and its session has not activated
  std::string token_note;             // why a genuine token is not gone by; empty for any other
  std::vector<IdleBinding> idle_bindings;
  std::vector<BrokenConstraint> constraints;
  std::vector<GuardFinding> guard;
  std::vector<std::string> uncovered;  // addresses that no matching allow rule covers, where some are covered
  std::vector<DeclaredProperties> declared;
  std::vector<ObligationOrigin> obligations;  // of an allow
  std::vector<Suggestion> why_not;            // of a denial: what is needed, then alternatives, the nearest first
};

// Judges the question and says why: the same judgement that decides, with its trace. `files` are those that the
// snapshot was made of; without them (null) what clauses say is left out. Pure; any thread. Cost: all rules of the
// question's domain, and reading the documents that hold the rules named. For people, not for the path of a request.
Explanation explain(const compile::Snapshot& snapshot, const wire::Request& request,
                    const std::vector<wire::PolicyFile>* files = nullptr);

// How far an explanation of a recorded decision can be trusted.
enum class Basis : std::uint8_t {
  replayed,     // judged again, with the same answer
  differs,      // judged again, with another: something that the record leaves out decided
  unavailable,  // not judged
};

// `Explanation` of docs/openapi.yaml; null: what could not be explained. `prefix` is put before each file's path.
JsonValue to_json(const Explanation* explanation, Basis basis = Basis::replayed, std::string_view note = {},
                  std::string_view prefix = {});
// `RoleSource`s of docs/openapi.yaml.
JsonValue to_json(const std::vector<HeldRole>& roles, std::string_view prefix = {});

std::string_view to_text(decide::Clause state);
std::string_view to_text(GuardFinding::What what);
// `binding research-team by group /research`, `claim realm_access.roles`, `inherited by research-agent`.
std::string to_text(const RoleOrigin& origin);

}  // namespace portreeve::analyze

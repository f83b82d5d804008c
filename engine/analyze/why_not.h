// Why not: what would have to change for a denial to become an allow, the nearest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/decide/decide.h"

namespace portreeve::analyze {

// What kind of change is meant. Texts: to_text(); docs/command-line.md lists them.
enum class Remedy : std::uint8_t {
  identify,           // the subject first needs a token or session that is good
  ask_differently,    // the question itself is wrong: another secret, upstream, server name, program
  declare_service,    // the name or address is inside: an InternalService would have to name it
  none,               // a hard range, name or port of the guard: nothing opens it
  lift_deny,          // a deny rule matched, and a deny overrides every allow
  cover_addresses,    // allow rules match, but none covers some of the addresses
  enforce_rule,       // an allow rule matches, but is a dry run
  extend_binding,     // a binding names the subject and would give the role, but is not in force
  activate_role,      // the subject is authorised for the role, and the session has not activated it
  settle_constraint,  // a separation of duty took the role away
  give_role,          // an allow rule is there for other roles
  give_tenant,        // an allow rule is there for other tenants
  change_clause,      // an allow rule lacks a clause or two
  write_rule,         // no allow rule is near
};
std::string_view to_text(Remedy remedy);

// A clause of an allow rule that does not hold.
struct Gap {
  std::string clause;
  decide::Clause state = decide::Clause::fails;
  std::string wanted;  // as the policy writes it; empty where the rule leaves it out or its text is not at hand
  std::string asked;   // what the question says; empty where it says nothing
  std::string detail;  // of a condition: the expression's own error
  SourcePlace place;   // of the clause; line 0 where it is not known
};

// One way to an allow, or one thing that stands in every way.
struct Suggestion {
  Remedy remedy = Remedy::none;
  // True: this stands in the way whatever else is changed. False: one of the alternatives.
  bool needed = false;
  std::size_t changes = 1;            // how many things it takes
  std::string rule;                   // `policy/rule`; empty where none is concerned
  SourcePlace place;                  // of the rule, binding or constraint
  std::vector<std::string> roles;     // any of these would do
  std::vector<std::string> bindings;  // that give one of them
  std::vector<Gap> gaps;
  std::string text;  // a sentence for people
  // What to write: documents to add, or of `change_clause` the clause as it would have to read. Empty where that is a
  // matter of judgement. The checker may still refuse it, and a test should.
  std::string yaml;
};

}  // namespace portreeve::analyze

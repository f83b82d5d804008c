// Policy sets made to collide: few names, many rules about them.
#pragma once

#include "tests/differential/dice.h"
#include "tests/differential/policy_text.h"

namespace portreeve::differential {

// Providers, roles, bindings, constraints, a service, secrets, entities and lists, some left out, and rules of all
// domains over the same few hosts, prefixes, programs and names. Nearly every set loads.
PolicySetText random_set(Dice& dice);

// The IdentityProvider `idp`: groups from `groups`, tenant from `org`, and `granted` from `realm.roles`, if any.
DocumentText identity_provider(const std::vector<std::string>& granted);

}  // namespace portreeve::differential

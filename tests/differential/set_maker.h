// Policy sets made to collide: few names, many rules about them.
#pragma once

#include "tests/differential/dice.h"
#include "tests/differential/world.h"

namespace portreeve::differential {

// Providers, roles, bindings, constraints, services, secrets, entities and lists, some left out, rules of all domains
// over the same few hosts, nested prefixes, overlapping globs and names, and sometimes own addresses. Nearly every set
// loads.
World random_world(Dice& dice);

// An IdentityProvider that says nothing of groups, roles and tenants.
DocumentText plain_provider(std::string name);
// The IdentityProvider `idp`: groups from `groups`, tenant from `org`, and `granted` from `realm.roles`, if any.
DocumentText identity_provider(const std::vector<std::string>& granted);

}  // namespace portreeve::differential

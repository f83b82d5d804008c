// Random policies of each domain, for worlds.
#pragma once

#include <string>

#include "tests/differential/dice.h"
#include "tests/differential/world.h"

namespace portreeve::differential {

DocumentText egress_policy(Dice& dice, std::string name);
DocumentText secret_policy(Dice& dice, std::string name);
DocumentText execution_policy(Dice& dice, std::string name);
DocumentText access_policy(Dice& dice, std::string name);

// A prefix around one of a few addresses, some public, some guarded: prefixes of several draws nest.
enum class Around { public_addresses, any_addresses };
std::string random_prefix(Dice& dice, Around around);

}  // namespace portreeve::differential

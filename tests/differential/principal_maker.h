// Who asks in random worlds.
#pragma once

#include "engine/wire/principal.h"
#include "tests/differential/dice.h"

namespace portreeve::differential {

// A subject with a token of one of the providers of random_world() or of none, and claims of every shape; mostly with a
// session.
wire::Principal verified_principal(Dice& dice, Timestamp now);
// A subject on a gate's word.
wire::Principal asserted_principal(Dice& dice);

}  // namespace portreeve::differential

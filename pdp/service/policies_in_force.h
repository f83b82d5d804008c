// What the active revision says of subjects before any question: whose a token is, which roles a session may have.
#pragma once

#include "engine/compile/snapshot_holder.h"
#include "pdp/session/role_activation.h"
#include "pdp/session/token_exchange.h"

namespace portreeve::pdp {

// `snapshots` outlives what is made. Both are for any thread.
ClaimMapper claim_mapper(const compile::SnapshotHolder& snapshots);
RoleActivator role_activator(const compile::SnapshotHolder& snapshots);

}  // namespace portreeve::pdp

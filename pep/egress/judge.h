// From a request that was understood to a permission to dial, or a denial.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <variant>

#include "pep/client/answer.h"
#include "pep/egress/denial.h"
#include "pep/egress/gate.h"

namespace portreeve::pep {

// Asks about the name, resolves it, passes every address by the guard, and asks with all of them. The answer allows and
// names what may be dialled. A name that the PDP denies is never looked
// up. Binds `registration` to the session of each allow, and stops where it objects. Goes by kept answers, and records
// each such use. Records every refusal that has no decision, and what the gate refuses against one. `ask` holds asker
// and target. `registration` outlives the call.
boost::asio::awaitable<std::variant<Answer, Denial>> judge(Lane& lane, EgressAsk ask, Registration& registration);

// The HTTP status of a refusal for this cause.
int status_of(CutCause cause);

}  // namespace portreeve::pep

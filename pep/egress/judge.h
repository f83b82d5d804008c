// From a request that was understood to a permission to dial, or a denial.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <variant>

#include "pep/client/answer.h"
#include "pep/egress/denial.h"
#include "pep/egress/gate.h"

namespace portreeve::pep {

// Asks about the name, resolves it, passes every address by the guard, and asks with all of them. The answer allows and
// names what may be dialled. `ask` holds token, session, target and source. A name that the PDP denies is never looked
// up. Records every refusal that has no decision, and what the guard refuses against one.
boost::asio::awaitable<std::variant<Answer, Denial>> judge(Lane& lane, EgressAsk ask);

}  // namespace portreeve::pep

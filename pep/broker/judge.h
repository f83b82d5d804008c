// From a request that was understood to a permission to spend the secret, or a denial.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <variant>

#include "pep/broker/denial.h"
#include "pep/broker/gate.h"
#include "pep/client/answer.h"

namespace portreeve::pep {

// Asks the PDP, or goes by an answer that it allowed to be kept and records that use. The answer allows. Records a
// refusal that has no decision. Requires: the request is registered with the lane's watch.
boost::asio::awaitable<std::variant<Answer, BrokerDenial>> judge_spending(BrokerLane& lane, SecretAsk ask);

// Records that the gate refuses what nobody decided.
BrokerDenial refuse_undecided(BrokerGate& gate, wire::Reason reason, int status, const std::string& session,
                              net::IpAddress source, std::string detail = "");

}  // namespace portreeve::pep

// A refusal by the broker, as the workload sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/wire/reason.h"

namespace portreeve::pep {

struct BrokerDenial {
  int status = 403;
  std::string reason;            // the fixed code
  std::string rule_reason;       // the rule's own words; may be empty
  std::string decision;          // its id; empty where nobody decided
  std::string secret;            // the Secret's name; empty where no route was found
  std::string detail;            // what else is known and may be told
  std::int64_t retry_after = 0;  // seconds; at 429
};

BrokerDenial broker_denial(wire::Reason reason, int status, std::string detail = "");

// One sentence that an agent can act on.
std::string message_of(const BrokerDenial& denial);

// Whether the connection stays for another request.
enum class AfterDenial : std::uint8_t { keep, close };

// The whole HTTP response: status line, `x-deny-reason`, `x-decision-id`, JSON body, at 401 `WWW-Authenticate: Basic`,
// at 429 `Retry-After`. The body has `error.message` as well, where the model APIs' clients look for it. docs/broker.md
std::string response_of(const BrokerDenial& denial, AfterDenial after, bool with_body = true);

}  // namespace portreeve::pep

// A refusal as the workload sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/wire/reason.h"

namespace portreeve::pep {

struct Denial {
  int status = 403;
  std::string reason;       // the fixed code
  std::string rule_reason;  // the rule's own words; may be empty
  std::string decision;     // its id; empty where nobody decided
  std::string host;         // empty where it was not understood
  std::uint16_t port = 0;
  std::string detail;  // what else is known; becomes part of the message
};

Denial denial_of(wire::Reason reason, int status, std::string detail = "");

// One sentence that an agent can act on.
std::string message_of(const Denial& denial);

// The whole HTTP response: status line, `x-deny-reason`, `x-decision-id`, JSON body; at 407 `Proxy-Authenticate`.
std::string response_of(const Denial& denial, bool keep_alive);

}  // namespace portreeve::pep

// What a supervisor is told at its start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/time.h"
#include "engine/wire/decision.h"
#include "pep/supervisor/peers.h"
#include "pep/supervisor/sandbox_user.h"

namespace portreeve::supervisor {

struct SupervisorOptions {
  daemon::Endpoint listen;        // an address
  std::string control_interface;  // empty: no binding to one
  PeerRules peers;
  daemon::Endpoint pdp;
  Millis pdp_deadline{2000};
  std::vector<SandboxUser> users;  // the first is whom processes run as where the controller names none
  Millis grace{5000};
  std::size_t processes = 64;
  std::size_t outcomes = 4096;
  wire::ExecLimits most;  // policy's limits above these are lowered to them
};

}  // namespace portreeve::supervisor

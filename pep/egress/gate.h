// What every connection of the proxy works with.
#pragma once

#include <optional>
#include <string>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "engine/net/ip_address.h"
#include "pep/client/answer_cache.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/egress/denial.h"
#include "pep/egress/options.h"
#include "pep/net/counts.h"
#include "pep/net/own_addresses.h"
#include "pep/net/resolver.h"
#include "pep/spool/outcome_spool.h"

namespace portreeve::pep {

// Shared by all threads; every member may be used from any. What it refers to outlives it.
struct Gate {
  const EgressOptions& options;
  OutcomeSpool& spool;
  const daemon::Clock& clock;
  const daemon::Log& log;
  KeyedCounts connections;  // by source address
  KeyedCounts tunnels;      // by session and rules
};

// What belongs to one thread.
struct Lane {
  Gate& gate;
  PdpClient& pdp;
  SessionWatch& watch;
  AnswerCache& answers;
  Resolver& resolver;
  OwnAddressWatch& own;
};

}  // namespace portreeve::pep

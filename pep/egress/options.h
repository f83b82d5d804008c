// What the proxy is told at its start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/time.h"
#include "engine/net/ip_prefix.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/net/resolver.h"

namespace portreeve::pep {

// How long each step may take.
struct StepTimes {
  Millis head{30'000};   // until a request head is whole, from the connection's start or from a 407
  Millis dial{10'000};   // all addresses together
  Millis hello{5'000};   // from the 200 until the ClientHello is whole
  Millis linger{1'000};  // for a peer to take in a refusal
  // Where the decision states no limit of its own.
  Seconds idle{300};
  Seconds total{3'600};
};

struct EgressOptions {
  daemon::Endpoint listen;
  std::optional<int> inherited_socket;  // a listening descriptor to take over; stands over `listen`
  PdpOptions pdp;
  SilenceTimes silence;
  Millis first_hearing{2'000};  // how long a start waits for the event stream; then it opens all the same, and refuses
  std::size_t kept_answers = 4096;  // a thread; 0: every connection is asked about
  bool source_sessions = false;     // a client without a token is asked about by its address
  ResolverOptions resolver;
  std::vector<net::IpPrefix> own;  // besides the machine's interfaces, the PDP and the listener
  std::int64_t connections = 4096;
  std::int64_t connections_per_source = 512;
  int threads = 1;
  bool refuse_ech = false;  // an encrypted ClientHello is refused instead of judged by its outer name
  StepTimes times;
};

}  // namespace portreeve::pep

// What the broker is told at its start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/time.h"
#include "engine/net/ip_prefix.h"
#include "pep/broker/upstream.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/net/resolver.h"

namespace portreeve::pep {

// How long each step may take.
struct BrokerTimes {
  Millis head{30'000};         // until a request head is whole
  Millis kept{75'000};         // an idle connection of a client, between requests
  Millis body{60'000};         // without a byte of a request's body
  Millis idle{600'000};        // without a byte either way once a request is sent on: models think for minutes
  Millis total{3'600'000};     // one exchange
  Millis read_on{120'000};     // for the usage, after the client has gone
  Millis linger{1'000};        // for a peer to take in a refusal
  Millis routes{30'000};       // between looks at the PDP's secrets; an activation makes one at once
  Millis routes_retry{1'000};  // after a failure
};

struct BrokerOptions {
  daemon::Endpoint listen;
  std::optional<int> inherited_socket;  // a listening descriptor to take over; stands over `listen`
  std::string name = "broker";          // what usage and the log call this gate
  PdpOptions pdp;
  ResolverOptions resolver;
  UpstreamOptions upstream;
  SilenceTimes silence;
  std::vector<net::IpPrefix> own;  // besides the machine's interfaces, the PDP and the listener
  std::int64_t connections = 4096;
  std::int64_t connections_per_source = 512;
  std::int64_t body_bytes = 256ll << 20;  // of model requests held at once, all together
  int threads = 1;
  BrokerTimes times;
};

}  // namespace portreeve::pep

// What `portreeve-pdp` is told: flags and configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/endpoint.h"
#include "daemon/log.h"
#include "engine/base/time.h"
#include "engine/net/guard.h"
#include "pdp/service/pep_authenticator.h"

namespace portreeve::pdp {

struct Options {
  std::string policies;
  std::string data;
  std::vector<daemon::Endpoint> listen;
  daemon::Endpoint admin{"127.0.0.1", 8181, ""};
  std::string admin_url;       // where browsers find the console, if a proxy stands in front; else empty
  std::string console;         // the folder of the console's built files; empty: beside the program
  std::string accounting_url;  // where the console asks for usage; empty: nowhere
  bool dev = false;
  std::string name = "pdp";
  std::string public_url;  // empty: made of the first TCP endpoint
  std::string issuer = "portreeve";
  std::string ca_file;
  std::int64_t threads = 2;
  Seconds session_lifetime{std::chrono::hours(12)};
  net::OwnAddresses own_addresses;
  std::vector<SocketPeer> socket_peers;
  daemon::LogOptions log;
};

// Reads them. An exit code where the program must not go on: 0 after --help, 2 after an error, which has been told.
std::optional<int> read_options(int argc, const char* const* argv, Options& options);

}  // namespace portreeve::pdp

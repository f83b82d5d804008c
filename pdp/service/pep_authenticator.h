// Which gate is calling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "storage/sessions/pep_store.h"

namespace portreeve::pdp {

// An authenticated policy enforcement point and what it may ask about.
struct Caller {
  std::string name;
  storage::PepDomains domains;
};

// A user of this machine whose processes are a gate, by the peer credentials of a Unix socket.
struct SocketPeer {
  std::uint32_t uid = 0;
  Caller caller;
  // Reads `UID=NAME:DOMAIN[,DOMAIN…]`, like `990=egress-1:egress`.
  static Result<SocketPeer> parse(std::string_view text);
};

// What the transport says of a connection.
struct PeerCredentials {
  std::optional<std::uint32_t> unix_uid;  // set for a Unix socket
};

// Thread-safe. Costs one SHA-256 and a look-up.
class PepAuthenticator {
 public:
  struct Options {
    std::vector<SocketPeer> socket_peers;
    // --dev: a TCP caller without credential is the gate `dev`, of every domain. The listener is on loopback then.
    bool trust_loopback = false;
  };
  // `peps` outlives the authenticator.
  PepAuthenticator(storage::PepStore& peps, Options options) : peps_(peps), options_(std::move(options)) {}

  // `authorization`: the header's value, if there is one. A credential that is wrong is never made up for by the peer.
  std::optional<Caller> authenticate(std::optional<std::string_view> authorization, const PeerCredentials& peer) const;

 private:
  storage::PepStore& peps_;
  const Options options_;
};

}  // namespace portreeve::pdp

// Which gate is calling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pdp/session/session_token.h"
#include "storage/sessions/pep_store.h"

namespace portreeve::pdp {

// An authenticated policy enforcement point and what it may ask about.
struct Caller {
  std::string name;  // of a supervisor: `supervisor:` and its session
  storage::PepDomains domains;
  // A guest supervisor: the one session that it may ask about, hear of and report for. Empty for every other gate.
  std::string session = {};
  // When the credential's time is over, where it has one.
  std::optional<Timestamp> expires = {};
  bool is_supervisor() const { return !session.empty(); }
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

// Thread-safe. Costs one SHA-256 and a look-up; the first time of a supervisor's token a signature.
class PepAuthenticator {
 public:
  struct Options {
    std::vector<SocketPeer> socket_peers;
    // --dev: a TCP caller without credential is the gate `dev`, of every domain. The listener is on loopback then.
    bool trust_loopback = false;
  };
  // `peps` and `tokens` outlive the authenticator.
  PepAuthenticator(storage::PepStore& peps, const SessionTokens& tokens, Options options)
      : peps_(peps), tokens_(tokens), options_(std::move(options)) {}

  // `authorization`: the header's value, if there is one: a gate's secret, or a session's supervisor token; never a
  // workload's token. A credential that is wrong is never made up for by the peer.
  std::optional<Caller> authenticate(std::optional<std::string_view> authorization, const PeerCredentials& peer,
                                     Timestamp now) const;

 private:
  std::optional<Caller> by_token(std::string_view token, Timestamp now) const;

  storage::PepStore& peps_;
  const SessionTokens& tokens_;
  const Options options_;
};

}  // namespace portreeve::pdp

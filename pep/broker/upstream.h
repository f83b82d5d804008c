// Connections to the declared upstreams, and to nothing else.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/net/endpoint.h"
#include "engine/wire/reason.h"
#include "pep/net/own_addresses.h"
#include "pep/net/resolver.h"

namespace portreeve::pep {

// The client's half of TLS: 1.2 or later, the server's certificate verified against `ca_file` (PEM), or the system's
// authorities where that is empty; ALPN `http/1.1`.
Result<std::shared_ptr<boost::asio::ssl::context>> make_upstream_tls(const std::string& ca_file);

// A verified connection to one origin.
struct UpstreamConnection {
  using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;
  UpstreamConnection(Stream its_stream, net::IpAddress its_address)
      : stream(std::move(its_stream)), address(its_address) {}
  Stream stream;
  const net::IpAddress address;
  std::vector<char> buffer;  // what an exchange reads into
  std::chrono::steady_clock::time_point idle_since;
};

// resolve_error, a guard's code, connect_refused, connect_timeout or upstream_untrusted.
struct UpstreamFailure {
  wire::Reason reason = wire::Reason::connect_refused;
  std::string detail;  // for the operator
};

struct UpstreamOptions {
  Millis connect{10'000};  // resolving, all addresses and TLS together
  Millis keep{30'000};     // how long an idle connection is kept
  std::size_t idle_per_origin = 64;
};

// One per io_context, used on its thread only. Each new connection is resolved anew and passes the guard with every
// address its name has: one that is not public refuses the name. What was judged is what is dialled.
class UpstreamPool {
 public:
  // All outlive the pool.
  UpstreamPool(Resolver& resolver, OwnAddressWatch& own, boost::asio::ssl::context& tls, UpstreamOptions options)
      : resolver_(resolver), own_(own), tls_(tls), options_(options) {}

  // A connection to the origin: kept, if one is idle and alive, else new.
  boost::asio::awaitable<std::variant<std::unique_ptr<UpstreamConnection>, UpstreamFailure>> connect(
      net::Endpoint origin);
  // Keeps a connection whose exchange is over. Requires: nothing is left to be read of it.
  void give_back(const net::Endpoint& origin, std::unique_ptr<UpstreamConnection> connection);

 private:
  std::unique_ptr<UpstreamConnection> take_idle(const net::Endpoint& origin);

  Resolver& resolver_;
  OwnAddressWatch& own_;
  boost::asio::ssl::context& tls_;
  const UpstreamOptions options_;
  std::map<net::Endpoint, std::vector<std::unique_ptr<UpstreamConnection>>> idle_;
};

}  // namespace portreeve::pep

// The proxy's own resolver: the servers it is told, DNS and nothing else.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/net/host_name.h"
#include "engine/net/ip_address.h"
#include "engine/wire/reason.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::pep {

// Why a name leads nowhere: resolve_error, or the guard's code of a name that it leads through.
struct ResolveFailure {
  wire::Reason reason = wire::Reason::resolve_error;
  std::string detail;  // for the operator
};

using Resolution = std::variant<std::vector<net::IpAddress>, ResolveFailure>;

struct ResolverOptions {
  std::vector<std::string> servers;  // `ADDRESS:PORT`, `[V6]:PORT`; asked in this order
  Millis timeout{5000};              // for one name, all servers and families together
};

// Resolves names to IPv4 and IPv6 addresses. Never reads the hosts file, search domains, or resolv.conf, and asks about
// the name in its one (lower-case) form, so that letter case carries nothing out. Every name that a CNAME leads to
// passes the name guard. Answers are never kept. Each lookup has sockets, and so source ports, of its own. One per
// io_context, used on its thread only.
class Resolver {
 public:
  Resolver(boost::asio::io_context& context, ResolverOptions options)
      : context_(context), options_(std::move(options)) {}

  // All addresses of the name, sorted, each once; at least one. One family suffices where the other fails.
  boost::asio::awaitable<Resolution> resolve(net::HostName name);

  // Fails where a server is no address and port.
  static Status check(const ResolverOptions& options);

 private:
  boost::asio::io_context& context_;
  const ResolverOptions options_;
};

// Readies the DNS library and cleans up after it; one for the process, before any Resolver.
class DnsLibrary {
 public:
  DnsLibrary();
  ~DnsLibrary();
  DnsLibrary(const DnsLibrary&) = delete;
  DnsLibrary& operator=(const DnsLibrary&) = delete;
};

}  // namespace portreeve::pep

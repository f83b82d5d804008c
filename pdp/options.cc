#include "pdp/options.h"

#include <cstdio>

#include "daemon/config.h"
#include "pdp/identity/url.h"

namespace portreeve::pdp {
namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "portreeve-pdp: %s\n", why.c_str());
  return 2;
}

// What one flag cannot say by itself.
std::optional<int> check_together(const Options& options) {
  if (options.dev) {
    std::vector<daemon::Endpoint> all = options.listen;
    all.push_back(options.admin);
    for (const daemon::Endpoint& endpoint : all) {
      if (daemon::is_loopback(endpoint)) continue;
      return refuse("`--dev` lets gates in without a credential, so it listens on loopback only; `" +
                    to_text(endpoint) + "` is not");
    }
  }
  if (options.session_lifetime > std::chrono::hours(12)) return refuse("`--session.lifetime` is at most 12h");
  if (!options.accounting_url.empty()) {
    if (const auto url = Url::parse(options.accounting_url); !url)
      return refuse("`--accounting-url`: " + url.error().message);
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> read_options(int argc, const char* const* argv, Options& options) {
  options.listen = {{"127.0.0.1", 8180, ""}};
  std::vector<std::string> own_addresses;
  std::vector<std::string> socket_peers;
  daemon::ConfigSpec spec("portreeve-pdp", "answers whether a sandbox may do what it asks, and records each answer");
  spec.example("portreeve-pdp --policies policies --data data --dev", "try it out on loopback");
  spec.example("portreeve-pdp --config /etc/portreeve/pdp.yaml", "run it from a configuration file");
  spec.option("policies", &options.policies, "DIR", "the folder of policies, watched for changes").required();
  spec.option("data", &options.data, "DIR", "the folder of the journal, its index, sessions, revisions and keys")
      .required();
  spec.option("listen", &options.listen, "HOST:PORT", "where gates ask; also unix:/PATH; may be repeated");
  spec.option("admin", &options.admin, "HOST:PORT", "where administration, the console, health and metrics are");
  spec.option("admin-url", &options.admin_url, "URL",
              "where browsers find the console, if a proxy that speaks TLS stands in front of it");
  spec.option("console", &options.console, "DIR", "the console's built files; beside the program if absent");
  spec.option("accounting-url", &options.accounting_url, "URL",
              "where browsers find portreeve-accounting, for the console's usage page");
  spec.flag("dev", &options.dev, "gates on loopback need no credential, and the development issuer is believed");
  spec.option("name", &options.name, "NAME", "this PDP's name in records");
  spec.option("public-url", &options.public_url, "URL",
              "this PDP's address in metadata; the first TCP address if absent");
  spec.option("session.issuer", &options.issuer, "TEXT", "`iss` of session tokens; the same at every start");
  spec.option("session.lifetime", &options.session_lifetime, "DURATION", "how long a session lives, at most 12h");
  spec.option("idp.ca", &options.ca_file, "FILE",
              "PEM certificates to verify identity providers by; the system's if absent");
  spec.option("threads", &options.threads, "N", "threads of the decision listener").range(1, 256);
  spec.option("own-address", &own_addresses, "PREFIX",
              "an address of the deployment itself, never let through; may be repeated");
  spec.option("socket-peer", &socket_peers, "UID=NAME:DOMAINS",
              "a user whose processes are a gate over the Unix socket, like 990=egress-1:egress; may be repeated");
  daemon::add_log_options(spec, options.log);
  if (const auto exit = spec.parse(argc, argv)) return exit;

  std::vector<net::IpPrefix> prefixes;
  for (const std::string& text : own_addresses) {
    const auto address = net::IpAddress::parse(text);
    const auto prefix = address ? Result<net::IpPrefix>(net::IpPrefix::of(*address)) : net::IpPrefix::parse(text);
    if (!prefix) return refuse("`--own-address`: " + prefix.error().message);
    prefixes.push_back(*prefix);
  }
  options.own_addresses = net::OwnAddresses(std::move(prefixes));
  for (const std::string& text : socket_peers) {
    auto peer = SocketPeer::parse(text);
    if (!peer) return refuse("`--socket-peer`: " + peer.error().message);
    options.socket_peers.push_back(*std::move(peer));
  }
  return check_together(options);
}

}  // namespace portreeve::pdp

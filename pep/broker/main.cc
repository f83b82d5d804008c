// portreeve-broker: spends real credentials on a sandbox's behalf. Asks the PDP about every request, and counts.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/key_file.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/random.h"
#include "engine/base/text.h"
#include "engine/net/ip_prefix.h"
#include "pep/broker/gate.h"
#include "pep/broker/options.h"
#include "pep/broker/server.h"
#include "pep/spool/outcome_shipper.h"
#include "pep/spool/outcome_spool.h"
#include "pep/usage/usage_shipper.h"
#include "pep/usage/usage_spool.h"
#include "storage/segments/file_system.h"

namespace portreeve::pep {
namespace {

constexpr std::size_t kCredentialFileBytes = 4096;

// The settings as written.
struct Settings {
  daemon::Endpoint listen{"127.0.0.1", 8182, ""};
  std::int64_t listen_fd = 0;
  std::string pdp = "http://127.0.0.1:8180";
  std::string credential_file;
  Seconds pdp_timeout{2};
  std::string secrets;
  std::string data;
  daemon::ByteSize spool_bytes{256 << 20};
  std::string accounting = "http://127.0.0.1:8183";
  std::string accounting_credential_file;
  std::vector<std::string> resolvers;
  std::vector<std::string> own_addresses;
  std::string upstream_ca;
  std::string name = "broker";
  std::int64_t connections = 4096;
  std::int64_t connections_per_source = 512;
  daemon::ByteSize body_bytes{256 << 20};
  std::int64_t threads = 0;
  Seconds idle{600};
  Seconds total{3600};
  daemon::LogOptions log;
};

daemon::ConfigSpec spec_of(Settings& settings) {
  daemon::ConfigSpec spec("portreeve-broker", "the secret broker: spends credentials that the sandbox never sees");
  spec.example(
      "portreeve-broker --pdp http://127.0.0.1:8180 --secrets secrets --data data/broker --resolver "
      "127.0.0.53:53",
      "serve the policy set's Secrets on 127.0.0.1:8182, beside a PDP started with --dev");
  spec.option("listen", &settings.listen, "HOST:PORT", "where sandboxes reach the broker");
  spec.option("listen-fd", &settings.listen_fd, "N",
              "a listening socket inherited as descriptor N, instead of --listen")
      .range(3, 65'535);
  spec.option("pdp", &settings.pdp, "URL", "the policy decision point: http://HOST:PORT or unix:/PATH");
  spec.option("credential-file", &settings.credential_file, "FILE", "holds the credential made by `portreeve pep add`");
  spec.option("pdp-timeout", &settings.pdp_timeout, "DURATION", "no answer by then is a denial");
  spec.option("secrets", &settings.secrets, "DIR", "the folder of secret files, each 0600 and this user's").required();
  spec.option("data", &settings.data, "DIR", "keeps outcomes and usage until PDP and accounting have them").required();
  spec.option("spool-size", &settings.spool_bytes, "SIZE", "the bound of each spool; full, nothing new is sent on");
  spec.option("accounting", &settings.accounting, "URL", "where usage goes: http://HOST:PORT or unix:/PATH");
  spec.option("accounting-credential-file", &settings.accounting_credential_file, "FILE",
              "holds the credential that accounting knows, `acc_…`");
  spec.option("resolver", &settings.resolvers, "ADDRESS:PORT", "a DNS server to ask; no other source of names is used")
      .required();
  spec.option("own-address", &settings.own_addresses, "PREFIX",
              "an address of the deployment, never to be reached; those of this machine's interfaces are anyway");
  spec.option("upstream-ca", &settings.upstream_ca, "FILE",
              "authorities (PEM) that upstreams are verified against, instead of the system's");
  spec.option("name", &settings.name, "NAME", "what the log and the usage call this gate");
  spec.option("max-connections", &settings.connections, "N", "how many connections at once").range(1, 1'000'000);
  spec.option("max-connections-per-source", &settings.connections_per_source, "N", "how many of them from one address")
      .range(1, 1'000'000);
  spec.option("max-bodies", &settings.body_bytes, "SIZE", "what model requests may hold at once, all together");
  spec.option("threads", &settings.threads, "N", "threads that serve; 0: one a core").range(0, 256);
  spec.option("idle", &settings.idle, "DURATION", "cuts an exchange in which nothing moves");
  spec.option("total", &settings.total, "DURATION", "cuts any exchange");
  daemon::add_log_options(spec, settings.log);
  return spec;
}

Result<std::string> read_credential(storage::FileSystem& files, const std::string& path, const char* shape) {
  if (path.empty()) return std::string();
  TRY_ASSIGN(std::string text, storage::read_file(files, path, kCredentialFileBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || !printable) return fail("`" + path + "` holds no credential; it is one line, `" + shape + "`");
  return text;
}

void add_if_address(std::vector<net::IpPrefix>& own, const std::string& host) {
  if (auto address = net::IpAddress::parse(host)) own.push_back(net::IpPrefix::of(*address));
}

Result<BrokerOptions> options_of(const Settings& settings, storage::FileSystem& files) {
  BrokerOptions options;
  options.listen = settings.listen;
  if (settings.listen_fd != 0) options.inherited_socket = static_cast<int>(settings.listen_fd);
  options.name = settings.name;
  TRY_ASSIGN(options.pdp.endpoint, parse_pdp_url(settings.pdp));
  TRY_ASSIGN(options.pdp.credential, read_credential(files, settings.credential_file, "pep_…"));
  options.pdp.deadline = settings.pdp_timeout;
  options.resolver.servers = settings.resolvers;
  if (auto status = Resolver::check(options.resolver); !status) return fail(status.error());
  for (const std::string& text : settings.own_addresses) {
    if (text.find('/') != std::string::npos) {
      TRY_ASSIGN(const auto prefix, net::IpPrefix::parse(text));
      options.own.push_back(prefix);
    } else {
      TRY_ASSIGN(const auto address, net::IpAddress::parse(text));
      options.own.push_back(net::IpPrefix::of(address));
    }
  }
  add_if_address(options.own, settings.listen.host);
  add_if_address(options.own, options.pdp.endpoint.host);
  options.connections = settings.connections;
  options.connections_per_source = settings.connections_per_source;
  options.body_bytes = settings.body_bytes.bytes;
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  options.threads = static_cast<int>(settings.threads > 0 ? settings.threads : std::clamp<std::int64_t>(cores, 1, 16));
  options.times.idle = settings.idle;
  options.times.total = settings.total;
  return options;
}

int run(int argc, const char* const* argv) {
  Settings settings;
  if (const auto exit = spec_of(settings).parse(argc, argv)) return *exit;
  const daemon::Log log(settings.log);
  const auto give_up = [&](const Error& error) {
    log.error("cannot start", {{"error", error.message}});
    return 1;
  };
  // Before any secret is read.
  if (auto status = daemon::forbid_core_dumps(); !status) return give_up(status.error());
  const auto files = storage::make_posix_file_system();
  if (auto status = daemon::make_key_folder(settings.data); !status) return give_up(status.error());

  daemon::Lifecycle lifecycle;
  const DnsLibrary dns;
  const auto options = options_of(settings, *files);
  if (!options) return give_up(options.error());
  UsageShipperOptions usage_shipper_options;
  const auto accounting = parse_pdp_url(settings.accounting);
  if (!accounting) return give_up(Error{"--accounting: " + accounting.error().message});
  usage_shipper_options.accounting = *accounting;
  auto accounting_credential = read_credential(*files, settings.accounting_credential_file, "acc_…");
  if (!accounting_credential) return give_up(accounting_credential.error());
  usage_shipper_options.credential = *std::move(accounting_credential);
  usage_shipper_options.gate = settings.name;
  usage_shipper_options.dead_letters = settings.data + "/usage-dead-letters.jsonl";

  auto credentials = CredentialStore::open(settings.secrets);
  if (!credentials) return give_up(credentials.error());
  auto tls = make_upstream_tls(settings.upstream_ca);
  if (!tls) return give_up(tls.error());

  const daemon::SystemClock clock;
  const std::string boot = hex_encode(daemon::random_bytes(16));
  OutcomeSpoolOptions outcome_options;
  outcome_options.directory = settings.data + "/outcomes";
  outcome_options.total_bytes = static_cast<std::uint64_t>(settings.spool_bytes.bytes);
  auto outcomes = OutcomeSpool::open(*files, outcome_options, boot, log);
  if (!outcomes) return give_up(outcomes.error());
  UsageSpoolOptions usage_options;
  usage_options.directory = settings.data + "/usage";
  usage_options.total_bytes = static_cast<std::uint64_t>(settings.spool_bytes.bytes);
  auto usage = UsageSpool::open(*files, usage_options, boot, log);
  if (!usage) return give_up(usage.error());

  ShipperOptions shipper_options;
  shipper_options.pdp = options->pdp;
  shipper_options.dead_letters = settings.data + "/dead-letters.jsonl";
  auto shipper = std::make_unique<OutcomeShipper>(**outcomes, *files, shipper_options, log);
  auto usage_shipper = std::make_unique<UsageShipper>(**usage, *files, usage_shipper_options, log);

  BrokerGate gate{*options, **outcomes, **usage, **credentials, **tls, clock, log, {}, {}, {}, {}};
  auto server = BrokerServer::start(gate);
  if (!server) return give_up(server.error());
  lifecycle.on_stop([&] {
    server->reset();  // each exchange leaves its outcome and its usage
    shipper.reset();  // and these go out while there is someone to take them
    usage_shipper.reset();
  });
  log.info("gate open", {{"name", settings.name}, {"pdp", settings.pdp}});
  if (auto status = daemon::announce_ready("portreeve-broker", {{"broker", "http://" + to_text((*server)->address())}});
      !status) {
    log.warning("the service manager cannot be told", {{"error", status.error().message}});
  }
  lifecycle.run();
  return 0;
}

}  // namespace
}  // namespace portreeve::pep

int main(int argc, char** argv) { return portreeve::pep::run(argc, argv); }

// portreeve-egress: the only way out of a sandbox. Asks the PDP about every connection and does what it answers.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/random.h"
#include "engine/base/text.h"
#include "engine/net/ip_prefix.h"
#include "pep/egress/gate.h"
#include "pep/egress/options.h"
#include "pep/egress/server.h"
#include "pep/spool/outcome_shipper.h"
#include "pep/spool/outcome_spool.h"
#include "storage/segments/file_system.h"

namespace portreeve::pep {
namespace {

constexpr std::size_t kCredentialFileBytes = 4096;

// The settings as written.
struct Settings {
  daemon::Endpoint listen{"127.0.0.1", 3128, ""};
  std::int64_t listen_fd = 0;
  std::string pdp = "http://127.0.0.1:8180";
  std::string credential_file;
  Seconds pdp_timeout{2};
  std::vector<std::string> resolvers;
  std::string spool;
  daemon::ByteSize spool_bytes{256 << 20};
  std::vector<std::string> own_addresses;
  std::string name = "egress";
  std::int64_t connections = 4096;
  std::int64_t connections_per_source = 512;
  std::int64_t threads = 0;
  std::string ech = "allow";
  bool source_sessions = false;
  std::int64_t kept_answers = 4096;
  Seconds idle{300};
  Seconds total{3600};
  daemon::LogOptions log;
};

daemon::ConfigSpec spec_of(Settings& settings) {
  daemon::ConfigSpec spec("portreeve-egress", "the egress proxy: opens a connection only where the PDP allows it");
  spec.example("portreeve-egress --pdp http://127.0.0.1:8180 --resolver 127.0.0.53:53 --spool data/egress",
               "serve CONNECT on 127.0.0.1:3128, beside a PDP started with --dev");
  spec.option("listen", &settings.listen, "HOST:PORT", "where sandboxes reach the proxy");
  spec.option("listen-fd", &settings.listen_fd, "N",
              "a listening socket inherited as descriptor N, instead of --listen")
      .range(3, 65'535);
  spec.option("pdp", &settings.pdp, "URL", "the policy decision point: http://HOST:PORT or unix:/PATH");
  spec.option("credential-file", &settings.credential_file, "FILE", "holds the credential made by `portreeve pep add`");
  spec.option("pdp-timeout", &settings.pdp_timeout, "DURATION", "no answer by then is a denial");
  spec.option("resolver", &settings.resolvers, "ADDRESS:PORT", "a DNS server to ask; no other source of names is used")
      .required();
  spec.option("spool", &settings.spool, "DIR", "keeps what the gate did until the PDP has it").required();
  spec.option("spool-size", &settings.spool_bytes, "SIZE", "the spool's bound; full, nothing new is opened");
  spec.option("own-address", &settings.own_addresses, "PREFIX",
              "an address of the deployment, never to be reached; those of this machine's interfaces are anyway");
  spec.option("name", &settings.name, "NAME", "what the log calls this gate");
  spec.option("max-connections", &settings.connections, "N", "how many connections at once").range(1, 1'000'000);
  spec.option("max-connections-per-source", &settings.connections_per_source, "N", "how many of them from one address")
      .range(1, 1'000'000);
  spec.option("threads", &settings.threads, "N", "threads that serve; 0: one a core").range(0, 256);
  spec.option("ech", &settings.ech, "WHAT", "what becomes of a TLS hello that hides its server name")
      .choices({"allow", "deny"});
  spec.flag("source-sessions", &settings.source_sessions,
            "a client without a token is known by its address, where that is bound to a session");
  spec.option("max-kept-answers", &settings.kept_answers, "N",
              "answers gone by again for as long as they say, a thread; 0: every connection is a decision of its own")
      .range(0, 1'000'000);
  spec.option("idle", &settings.idle, "DURATION", "cuts an idle tunnel where no rule says otherwise");
  spec.option("total", &settings.total, "DURATION", "cuts any tunnel where no rule says otherwise");
  daemon::add_log_options(spec, settings.log);
  return spec;
}

Result<std::string> read_credential(storage::FileSystem& files, const std::string& path) {
  if (path.empty()) return std::string();
  TRY_ASSIGN(std::string text, storage::read_file(files, path, kCredentialFileBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || !printable) return fail("`" + path + "` holds no credential; it is one line, `pep_…`");
  return text;
}

void add_if_address(std::vector<net::IpPrefix>& own, const std::string& host) {
  if (auto address = net::IpAddress::parse(host)) own.push_back(net::IpPrefix::of(*address));
}

Result<EgressOptions> options_of(const Settings& settings, storage::FileSystem& files) {
  EgressOptions options;
  options.listen = settings.listen;
  if (settings.listen_fd != 0) options.inherited_socket = static_cast<int>(settings.listen_fd);
  TRY_ASSIGN(options.pdp.endpoint, parse_pdp_url(settings.pdp));
  TRY_ASSIGN(options.pdp.credential, read_credential(files, settings.credential_file));
  options.pdp.deadline = settings.pdp_timeout;
  options.resolver.servers = settings.resolvers;
  if (auto status = Resolver::check(options.resolver); !status) return fail(status.error());
  for (const std::string& text : settings.own_addresses) {
    const bool has_length = text.find('/') != std::string::npos;
    if (has_length) {
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
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  options.threads = static_cast<int>(settings.threads > 0 ? settings.threads : std::clamp<std::int64_t>(cores, 1, 16));
  options.kept_answers = static_cast<std::size_t>(settings.kept_answers);
  options.source_sessions = settings.source_sessions;
  options.refuse_ech = settings.ech == "deny";
  options.times.idle = settings.idle;
  options.times.total = settings.total;
  return options;
}

int run(int argc, const char* const* argv) {
  Settings settings;
  if (const auto exit = spec_of(settings).parse(argc, argv)) return *exit;
  const daemon::Log log(settings.log);
  const auto files = storage::make_posix_file_system();
  const auto give_up = [&](const Error& error) {
    log.error("cannot start", {{"error", error.message}});
    return 1;
  };

  daemon::Lifecycle lifecycle;
  const DnsLibrary dns;
  const auto options = options_of(settings, *files);
  if (!options) return give_up(options.error());
  const daemon::SystemClock clock;
  OutcomeSpoolOptions spool_options;
  spool_options.directory = settings.spool;
  spool_options.total_bytes = static_cast<std::uint64_t>(settings.spool_bytes.bytes);
  auto spool = OutcomeSpool::open(*files, spool_options, hex_encode(daemon::random_bytes(16)), log);
  if (!spool) return give_up(spool.error());
  ShipperOptions shipper_options;
  shipper_options.pdp = options->pdp;
  shipper_options.dead_letters = settings.spool + "/dead-letters.jsonl";
  auto shipper = std::make_unique<OutcomeShipper>(**spool, *files, shipper_options, log);

  Gate gate{*options, **spool, clock, log, {}, {}};
  auto server = EgressServer::start(gate);
  if (!server) return give_up(server.error());
  lifecycle.on_stop([&] {
    server->reset();  // each tunnel leaves its outcome
    shipper.reset();  // and these go out while there is someone to take them
  });
  log.info("gate open", {{"name", settings.name}, {"pdp", settings.pdp}});
  if (auto status = daemon::announce_ready("portreeve-egress", {{"proxy", "http://" + to_text((*server)->address())}});
      !status) {
    log.warning("the service manager cannot be told", {{"error", status.error().message}});
  }
  lifecycle.run();
  return 0;
}

}  // namespace
}  // namespace portreeve::pep

int main(int argc, char** argv) { return portreeve::pep::run(argc, argv); }

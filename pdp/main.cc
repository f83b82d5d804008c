// portreeve-pdp: the policy decision point. Constructs the parts, connects them, runs until told to stop.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>

#include "daemon/clock.h"
#include "daemon/dev_issuer.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/random.h"
#include "daemon/readiness.h"
#include "engine/base/check.h"
#include "engine/base/text.h"
#include "pdp/admin/admin_api.h"
#include "pdp/admin/admin_server.h"
#include "pdp/admin/console_files.h"
#include "pdp/admin/doorkeeper.h"
#include "pdp/api/decision_api.h"
#include "pdp/http/http_server.h"
#include "pdp/hub/event_hub.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/options.h"
#include "pdp/rollout/policy_rollout.h"
#include "pdp/service/decision_service.h"
#include "pdp/service/deed_notes.h"
#include "pdp/service/policies_in_force.h"
#include "pdp/session/revocations.h"
#include "pdp/session/session_control.h"
#include "pdp/session/signing_keys.h"
#include "pdp/session/token_exchange.h"
#include "storage/segments/file_system.h"
#include "storage/sqlite/decision_log.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/state_store.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kJournalCondition = "journal";
constexpr std::size_t kMostDiskTasks = 1024;
constexpr Millis kStopGrace{5'000};

int refuse(std::string_view what, const Error& error) {
  std::fprintf(stderr, "portreeve-pdp: %.*s: %s\n", static_cast<int>(what.size()), what.data(), error.message.c_str());
  return 1;
}

void tell(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) std::fprintf(stderr, "%s\n", to_text(diagnostic).c_str());
}

// The issuers of a snapshot are believed before it goes live; one that cannot be taken keeps it from going live. ID
// tokens for the console's clients are good for signing in there, and for nothing else.
PolicyRollout::BeforeActivation trust_providers(TokenVerifier& verifier, TokenVerifier& console_verifier,
                                                const std::string& folder) {
  return [&verifier, &console_verifier, folder](const compile::Snapshot& snapshot) -> Status {
    std::vector<ProviderTrust> trusted, for_console;
    for (const model::IdentityProvider& provider : snapshot.documents().identity_providers) {
      TRY_ASSIGN(ProviderTrust trust, to_provider_trust(provider, folder));
      trusted.push_back(trust);
      if (!provider.console_client) continue;
      trust.audiences = {*provider.console_client};
      for_console.push_back(std::move(trust));
    }
    if (auto set = console_verifier.set_providers(for_console); !set) return set;
    return verifier.set_providers(trusted);
  };
}

// Scheme, host and port of an address; empty where it is empty.
std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? std::string() : url.substr(0, url.find('/', scheme + 3));
}

// Where the console's files are if nobody says: in a build beside its `bin`, or where they are installed.
std::string console_folder(const Options& options) {
  if (!options.console.empty()) return options.console;
  std::error_code error;
  const fs::path bin = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* const place : {"../../console", "../share/portreeve/console"}) {
    if (const fs::path folder = bin / place; fs::is_directory(folder, error)) return folder.string();
  }
  return {};
}

std::string url_of(const std::vector<daemon::Endpoint>& endpoints) {
  for (const daemon::Endpoint& endpoint : endpoints) {
    if (!endpoint.is_unix()) return "http://" + to_text(endpoint);
  }
  return "http://localhost";
}

// The journal's state as readiness, looked at once a second: a log that failed stays failed until the next start.
class JournalWatch {
 public:
  JournalWatch(boost::asio::io_context& context, storage::DecisionLog& log, daemon::Readiness& readiness)
      : timer_(context), log_(log), readiness_(readiness) {
    look();
  }

 private:
  void look() {
    const storage::LogStats stats = log_.stats();
    if (stats.journal_error.empty()) {
      readiness_.met(kJournalCondition);
    } else {
      readiness_.unmet(kJournalCondition, stats.journal_error);
    }
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) look();
    });
  }

  boost::asio::steady_timer timer_;
  storage::DecisionLog& log_;
  daemon::Readiness& readiness_;
};

void register_log_metrics(daemon::Metrics& metrics, storage::DecisionLog& log) {
  metrics.counter_function("portreeve_journal_records_total", "Durable records in the journal.",
                           [&log] { return static_cast<double>(log.stats().records); });
  metrics.gauge_function("portreeve_index_lag_records", "Records that the index does not hold yet.", [&log] {
    const storage::LogStats stats = log.stats();
    return static_cast<double>(stats.records - std::min(stats.records, stats.indexed));
  });
  metrics.counter_function("portreeve_unreachable_states_total", "States that cannot be, and were.",
                           [] { return static_cast<double>(unreachable_count()); });
}

// Everything under the data folder, opened by its one owner.
struct Stores {
  storage::DirectoryLock owner;
  std::unique_ptr<storage::DecisionLog> log;
  std::unique_ptr<storage::SessionStore> sessions;
  std::unique_ptr<storage::PepStore> peps;
  std::unique_ptr<storage::RevisionStore> revisions;
  SigningKeys keys;
};

Result<Stores> open_stores(storage::FileSystem& files, const fs::path& data) {
  std::error_code made;
  fs::create_directories(data, made);
  if (made) return fail("cannot make " + data.string() + ": " + made.message());
  TRY_ASSIGN(auto owner, storage::DirectoryLock::acquire(files, data));
  TRY_ASSIGN(auto log, storage::open_decision_log(files, data));
  TRY_ASSIGN(auto sessions, storage::open_session_store(data / "state.sqlite"));
  TRY_ASSIGN(auto peps, storage::open_pep_store(data / "state.sqlite"));
  TRY_ASSIGN(auto revisions, storage::RevisionStore::open(data / "revisions"));
  TRY_ASSIGN(auto keys, SigningKeys::open(data / "keys"));
  return Stores{std::move(owner), std::move(log),       std::move(sessions),
                std::move(peps),  std::move(revisions), std::move(keys)};
}

Result<TokenVerifier::Options> verifier_options(const Options& options) {
  TokenVerifier::Options out;
  out.ca_file = options.ca_file;
  if (options.dev) {
    const fs::path folder = fs::path(options.data) / "dev";
    TRY_ASSIGN([[maybe_unused]] const auto issuer, daemon::DevIssuer::open(folder));
    out.dev_keys = daemon::DevIssuer::keys_file(folder);
  }
  return out;
}

// Tells the log and every gate of each activation.
PolicyRollout::AfterActivation tell_activations(const DeedNotes& notes, storage::EventLog& events,
                                                const daemon::Clock& clock, const daemon::Log& log) {
  return [&](const compile::Snapshot& snapshot) {
    notes.note({.actor = "pdp", .action = "policy.activate", .revision = snapshot.revision()});
    if (auto told = events.activated(snapshot.revision(), clock.now()); !told) {
      log.error("gates are not told of the activation", {{"why", told.error().message}});
    }
  };
}

std::string active_revision(const compile::SnapshotHolder& snapshots) {
  const auto snapshot = snapshots.load();
  return snapshot == nullptr ? std::string() : snapshot->revision();
}

void announce(const HttpServer& server, const AdminServer& admin, const daemon::Log& log) {
  daemon::NamedAddresses addresses;
  for (const daemon::Endpoint& endpoint : server.endpoints()) {
    addresses.emplace_back("decisions", (endpoint.is_unix() ? "" : "http://") + to_text(endpoint));
  }
  addresses.emplace_back("admin", "http://" + to_text(admin.endpoint()));
  if (auto told = daemon::announce_ready("portreeve-pdp", addresses); !told) {
    log.warning("the service manager was not told", {{"why", told.error().message}});
  }
}

int run(const Options& options) {
  daemon::Lifecycle lifecycle;
  const daemon::SystemClock clock;
  const daemon::Log log(options.log);
  daemon::Metrics metrics;
  daemon::Readiness readiness({std::string(PolicyRollout::kReadiness), std::string(kJournalCondition)});
  const wire::RecordSource source{options.name, hex_encode(daemon::random_bytes(16))};
  if (auto core = daemon::forbid_core_dumps(); !core)
    log.warning("core dumps stay possible", {{"why", core.error().message}});

  const auto files = storage::make_posix_file_system();
  auto stores = open_stores(*files, options.data);
  if (!stores) return refuse("cannot open the data", stores.error());
  auto trust = verifier_options(options);
  if (!trust) return refuse("cannot make the development issuer", trust.error());
  register_log_metrics(metrics, *stores->log);

  compile::SnapshotHolder snapshots;
  const ClaimMapper mapper = claim_mapper(snapshots);
  const RoleActivator roles = role_activator(snapshots);
  const SessionTokens tokens(std::move(stores->keys), options.issuer);
  TokenVerifier console_verifier(*trust, clock);
  TokenVerifier verifier(*std::move(trust), clock);
  const SubjectResolver subjects(verifier, tokens, *stores->sessions, mapper);
  const DecisionService service({snapshots, subjects, *stores->log, clock}, source);
  const PepAuthenticator authenticator(*stores->peps, tokens, {options.socket_peers, options.dev});
  const TokenExchange exchange(verifier, *stores->sessions, tokens, mapper, roles, {options.session_lifetime});
  const SessionControl control(*stores->sessions, tokens, roles);
  const Revocations revocations(*stores->sessions);
  const DeedNotes notes(*stores->log, clock, log, source);
  EventHub hub(stores->sessions->events(), clock,
               {.pdp = options.name, .revision = [&snapshots] { return active_revision(snapshots); }});
  metrics.gauge_function("portreeve_event_streams", "Gates that hear of events.",
                         [&hub] { return static_cast<double>(hub.listeners()); });
  PolicyRollout rollout({options.policies, {options.own_addresses}},
                        {snapshots, *stores->revisions, clock, log, readiness, metrics},
                        trust_providers(verifier, console_verifier, options.policies),
                        tell_activations(notes, stores->sessions->events(), clock, log));
  std::vector<Diagnostic> diagnostics;
  if (auto started = rollout.start(diagnostics); !started) {
    tell(diagnostics);
    return refuse("no policies to go by", started.error());
  }

  WorkQueue disk(kMostDiskTasks);
  HttpServerOptions http;
  http.endpoints = options.listen;
  http.threads = static_cast<std::size_t>(options.threads);
  // The metadata needs the bound addresses, the server its handler: what is asked in between is told to come again.
  std::unique_ptr<DecisionApi> api;
  std::atomic<const DecisionApi*> active_api{nullptr};
  auto server = HttpServer::listen(http, [&active_api](HttpRequest request, Responder responder) {
    const DecisionApi* handler = active_api.load(std::memory_order_acquire);
    if (handler == nullptr) return responder.respond(problem_response(503, "not-ready", "starting"));
    handler->handle(std::move(request), std::move(responder));
  });
  if (!server) return refuse("cannot listen", server.error());
  const std::string url = options.public_url.empty() ? url_of((*server)->endpoints()) : options.public_url;
  api = std::make_unique<DecisionApi>(ApiParts{service, authenticator, exchange, tokens, control, revocations, hub,
                                               snapshots, notes, *stores->log, readiness, metrics, clock, disk, url,
                                               source});
  active_api.store(api.get(), std::memory_order_release);
  auto admin = AdminServer::listen(options.admin, {readiness, metrics});
  if (!admin) return refuse("cannot listen for administration", admin.error());
  auto doorkeeper = Doorkeeper::make((*admin)->endpoint(), options.admin_url);
  if (!doorkeeper) return refuse("cannot listen for administration", doorkeeper.error());
  ConsoleFiles console;
  if (const std::string folder = console_folder(options); !folder.empty()) {
    auto read = ConsoleFiles::read(folder, origin_of(options.accounting_url));
    if (!read) return refuse("cannot read the console", read.error());
    console = *std::move(read);
  }
  AdminApi admin_api(
      {service,
       snapshots,
       verifier,
       console_verifier,
       tokens,
       mapper,
       revocations,
       stores->sessions->events(),
       *stores->peps,
       *stores->revisions,
       *stores->log,
       notes,
       [data = options.data] { return storage::open_log_reader(data); },
       console,
       log,
       clock,
       {options.name, options.dev, (fs::path(options.data) / "dev").string(), options.accounting_url, options.ca_file}},
      *std::move(doorkeeper));
  (*admin)->serve([&admin_api](const HttpRequest& request) { return admin_api.handle(request); });

  const JournalWatch watch(lifecycle.context(), *stores->log, readiness);
  lifecycle.on_reload([&rollout] { rollout.reload(); });
  lifecycle.on_stop([&server] { (*server)->stop(kStopGrace); });
  announce(**server, **admin, log);
  lifecycle.run();
  admin->reset();  // its threads use what ends before it
  log.info("stopped");
  return 0;
}

}  // namespace
}  // namespace portreeve::pdp

int main(int argc, char** argv) {
  portreeve::pdp::Options options;
  if (const auto exit = portreeve::pdp::read_options(argc, argv, options)) return *exit;
  return portreeve::pdp::run(options);
}

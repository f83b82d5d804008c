// portreeve-accounting: counts what models are used for, and what that costs. Decides nothing, and nothing waits for
// it.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "accounting/api/credentials.h"
#include "accounting/api/reader_tokens.h"
#include "accounting/api/server.h"
#include "accounting/ingest/commit_queue.h"
#include "accounting/ledger/ledger.h"
#include "accounting/price/price_book.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/key_file.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "engine/base/limits.h"
#include "storage/segments/file_system.h"

namespace portreeve::accounting {
namespace {

struct Settings {
  std::string data;
  std::string prices;
  daemon::Endpoint listen{"127.0.0.1", 8183, ""};
  std::string console_origin;
  std::string readers_jwks;
  bool dev = false;
  daemon::LogOptions log;
};

daemon::ConfigSpec spec_of(Settings& settings) {
  daemon::ConfigSpec spec("portreeve-accounting", "counts model usage and what it costs");
  spec.example("portreeve-accounting --data data/accounting --prices accounting/prices/sample.yaml --dev",
               "try it out on loopback");
  spec.option("data", &settings.data, "DIR", "the ledger, and the credentials under `keys`").required();
  spec.option("prices", &settings.prices, "FILE", "the price book; without one everything is unpriced");
  spec.option("listen", &settings.listen, "HOST:PORT", "where usage is posted and figures are read");
  spec.option("console-origin", &settings.console_origin, "ORIGIN",
              "the one origin whose pages may read, as `https://…`");
  spec.option("readers-jwks", &settings.readers_jwks, "FILE|URL",
              "keys that sign readers' tokens: the PDP's /.well-known/jwks.json");
  spec.flag("dev", &settings.dev, "no credential is needed; on loopback only");
  daemon::add_log_options(spec, settings.log);
  return spec;
}

// A book, or why there is none: each error in a line of its own in the log.
std::optional<PriceBook> read_prices(const std::string& path, const daemon::Log& log) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    log.error("the price book cannot be read", {{"file", path}});
    return std::nullopt;
  }
  auto book = PriceBook::parse(text, path);
  if (book) return std::move(*book);
  for (const Diagnostic& diagnostic : book.error()) log.error("price book", {{"error", to_text(diagnostic)}});
  return std::nullopt;
}

// Takes up the prices; false where they are bad, and those before stay.
bool take_prices(const Settings& settings, CommitQueue& queue, const daemon::Log& log) {
  if (settings.prices.empty()) {
    log.warning("no price book: all usage is unpriced");
    return true;
  }
  auto book = read_prices(settings.prices, log);
  if (!book) return false;
  const std::string digest = book->digest();
  const auto rows = book->rows().size();
  const auto rated = queue.set_prices(std::move(*book));
  if (!rated) {
    log.error("the prices cannot be taken up", {{"error", rated.error().message}});
    return false;
  }
  log.info("prices in force", {{"digest", digest}, {"rows", rows}, {"rated", *rated}});
  return true;
}

int run(int argc, const char* const* argv) {
  Settings settings;
  if (const auto exit = spec_of(settings).parse(argc, argv)) return *exit;
  const daemon::Log log(settings.log);
  const auto give_up = [&](const std::string& why) {
    log.error("cannot start", {{"error", why}});
    return 1;
  };
  if (settings.dev && !daemon::is_loopback(settings.listen)) {
    return give_up("--dev needs no credential, and so listens on loopback only");
  }
  daemon::Lifecycle lifecycle;
  const daemon::SystemClock clock;
  const auto files = storage::make_posix_file_system();
  const std::filesystem::path data(settings.data);
  if (Status made = daemon::make_key_folder(data); !made) return give_up(made.error().message);
  const auto lock = storage::DirectoryLock::acquire(*files, settings.data);
  if (!lock) return give_up(lock.error().message);

  ServerOptions options;
  options.listen = settings.listen;
  options.ledger = (data / "usage.sqlite").string();
  options.console_origin = settings.console_origin;
  auto credentials = open_credentials(data / "keys");
  if (!credentials) return give_up(credentials.error().message);
  if (!settings.dev) options.credentials = std::move(*credentials);

  auto ledger = Ledger::open(options.ledger);
  if (!ledger) return give_up(ledger.error().message);
  CommitQueue queue(std::move(*ledger), clock);
  if (!take_prices(settings, queue, log)) return give_up("the price book is bad");
  std::unique_ptr<ReaderKeySource> readers;
  if (!settings.readers_jwks.empty()) {
    auto opened = ReaderKeySource::open(settings.readers_jwks, clock);
    if (!opened) return give_up(opened.error().message);
    readers = std::move(*opened);
  }
  daemon::Metrics metrics;
  metrics.counter_function("accounting_commits_total", "Transactions of the ledger",
                           [&queue] { return static_cast<double>(queue.commits()); });
  auto server = Server::start(options, {queue, readers.get(), metrics, log});
  if (!server) return give_up(server.error().message);
  lifecycle.on_reload([&] {
    if (!take_prices(settings, queue, log)) log.error("the prices before stay in force");
  });
  lifecycle.on_stop([&] { server->reset(); });
  if (Status told =
          daemon::announce_ready("portreeve-accounting", {{"accounting", "http://" + to_text((*server)->endpoint())}});
      !told) {
    log.warning("the service manager cannot be told", {{"error", told.error().message}});
  }
  lifecycle.run();
  return 0;
}

}  // namespace
}  // namespace portreeve::accounting

int main(int argc, char** argv) { return portreeve::accounting::run(argc, argv); }

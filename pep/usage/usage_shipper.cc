#include "pep/usage/usage_shipper.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/mutex.h"
#include "pep/client/pdp_client.h"
#include "pep/client/strict_json.h"
#include "storage/segments/file_system.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;
using Reply = PdpClient::Reply;

constexpr std::size_t kBootBytes = 32;
constexpr Millis kLookAgain{200};
constexpr std::string_view kInvalid = "usage-invalid";  // Frozen: docs/accounting.md
constexpr std::size_t kMostShownProblem = 400;

// What an event of a batch is called where it is wrong: `/events/3/…` (RFC 6901).
std::optional<std::size_t> named_event(const std::string& body) {
  constexpr std::string_view kPrefix = "/events/";
  const auto value = read_json(body);
  const json::object* root = value ? value->if_object() : nullptr;
  const json::value* field = root == nullptr ? nullptr : root->if_contains("field");
  const json::string* text = field == nullptr ? nullptr : field->if_string();
  if (text == nullptr) return std::nullopt;
  std::string_view pointer(text->data(), text->size());
  if (pointer.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  pointer = pointer.substr(kPrefix.size());
  pointer = pointer.substr(0, pointer.find('/'));
  std::size_t position = 0;
  const auto [end, error] = std::from_chars(pointer.data(), pointer.data() + pointer.size(), position);
  if (error != std::errc() || end != pointer.data() + pointer.size()) return std::nullopt;
  return position;
}

std::int64_t seq_of(const std::string& event) {
  const auto value = read_json(event);
  const json::value* seq = value && value->is_object() ? value->get_object().if_contains("seq") : nullptr;
  return seq != nullptr && seq->is_int64() ? seq->get_int64() : 0;
}

// The client names the peer that it was made for.
std::string at_accounting(std::string message) {
  constexpr std::string_view kUsualPeer = "the PDP";
  if (message.compare(0, kUsualPeer.size(), kUsualPeer) == 0) message.replace(0, kUsualPeer.size(), "accounting");
  return message;
}

struct Entry {
  std::uint64_t index = 0;  // in the spool
  std::string boot;
  std::int64_t seq = 0;
  std::string event;  // as on the wire
};

}  // namespace

struct UsageShipper::Line {
  Line(UsageSpool& usage, storage::FileSystem& file_system, UsageShipperOptions given, const daemon::Log& out)
      : spool(usage),
        files(file_system),
        options(std::move(given)),
        log(out),
        client(context, client_options()),
        most(options.batch),
        thread([this] { run(); }) {}
  ~Line() {
    {
      const MutexLock lock(mutex);
      stopping.store(true, std::memory_order_release);
      wake.notify_all();
    }
    thread.join();
  }

  enum class Verdict : std::uint8_t { taken, again, failed };

  PdpOptions client_options() const {
    PdpOptions out;
    out.endpoint = options.accounting;
    out.credential = options.credential;
    out.deadline = options.deadline;
    out.idle_connections = 1;
    return out;
  }

  void run() {
    Millis pause_now = options.first_pause;
    std::optional<std::chrono::steady_clock::time_point> farewell;
    while (true) {
      if (is_stopping() && !farewell) {
        farewell = std::chrono::steady_clock::now() + options.farewell;
        // What was appended and waits for its sync is part of what there is; a disk that failed has none.
        static_cast<void>(spool.queue().append_and_wait({}));
      }
      if (farewell && std::chrono::steady_clock::now() >= *farewell) return;
      if (!fill()) {
        if (farewell) return;
        continue;
      }
      switch (ship()) {
        case Verdict::taken:
          if (failing) log.info("accounting takes usage again");
          failing = false;
          pause_now = options.first_pause;
          break;
        case Verdict::again:
          break;
        case Verdict::failed:
          if (farewell) return;
          pause(pause_now);
          pause_now = std::min(pause_now * 2, options.longest_pause);
          break;
      }
    }
  }

  // Sees to it that something is pending; false where there is nothing to ship.
  bool fill() {
    if (!pending.empty()) return true;
    storage::Spool& queue = spool.queue();
    if (!queue.wait(is_stopping() ? Millis(0) : kLookAgain)) return false;
    auto records = queue.read(options.batch);
    if (!records) {
      log.error("the usage spool cannot be read", {{"error", records.error().message}});
      pause(options.longest_pause);
      return false;
    }
    for (storage::StoredRecord& stored : *records) {
      Entry entry;
      entry.index = stored.index;
      entry.boot = stored.bytes.substr(0, kBootBytes);
      entry.event = stored.bytes.substr(std::min(kBootBytes, stored.bytes.size()));
      entry.seq = seq_of(entry.event);
      pending.push_back(std::move(entry));
    }
    return !pending.empty();
  }

  // Ships the events at the head that are of one run of the gate.
  Verdict ship() {
    const std::string& boot = pending.front().boot;
    std::string body = "{\"gate\":";
    append_json_string(body, options.gate);
    body += ",\"boot\":\"" + boot + "\",\"events\":[";
    std::size_t count = 0;
    while (count < std::min(most, pending.size()) && pending[count].boot == boot) {
      if (count > 0) body += ',';
      body += pending[count++].event;
    }
    body += "]}";
    const auto reply = post_and_wait(std::move(body));
    if (!reply)
      return refuse("accounting takes no usage: it waits in the spool", 0, at_accounting(reply.error().message));
    if (reply->status == 200) return take_acknowledgement(count, reply->body);
    const std::string code = problem_code(reply->body);
    if (reply->status == 413 && count > 1) {
      most = count / 2;
      return Verdict::again;
    }
    // Only what accounting itself calls invalid is given up; anything else may be a stranger on its port.
    if (reply->status == 400 && code == kInvalid) return bury(named_event(reply->body), count, reply->body);
    return refuse("accounting takes no usage: it waits in the spool", reply->status, code);
  }

  Result<Reply> post_and_wait(std::string body) {
    std::optional<Result<Reply>> reply;
    boost::asio::co_spawn(context, client.post("/v1/usage", std::move(body)),
                          [&reply](std::exception_ptr failure, Result<Reply> got) {
                            reply = failure ? Result<Reply>(fail("the exchange broke off")) : std::move(got);
                          });
    context.restart();
    while (!reply && context.run_one() > 0) {
    }
    if (!reply) return fail("the exchange broke off");
    return std::move(*reply);
  }

  Verdict refuse(std::string_view what, int status, std::string_view why) {
    if (!failing) log.warning(what, {{"status", status}, {"error", why}});
    failing = true;
    return Verdict::failed;
  }

  Verdict take_acknowledgement(std::size_t sent, const std::string& body) {
    const auto value = read_json(body);
    const json::object* root = value ? value->if_object() : nullptr;
    const json::value* boot = root == nullptr ? nullptr : root->if_contains("boot");
    const json::value* highest = root == nullptr ? nullptr : root->if_contains("acknowledged");
    const bool well_formed = boot != nullptr && boot->is_string() && highest != nullptr && highest->is_int64();
    if (!well_formed || std::string_view(boot->get_string()) != pending.front().boot) {
      return refuse("accounting's acknowledgement is not understood", 200, "");
    }
    std::size_t taken = 0;
    while (taken < sent && pending[taken].seq <= highest->get_int64()) ++taken;
    if (taken == 0) return refuse("accounting stored nothing of a batch", 200, "");
    return drop(taken);
  }

  // Acknowledges the first `count` pending events in the spool. A failure there only means shipping them again later.
  Verdict drop(std::size_t count) {
    if (auto status = spool.acknowledge(pending[count - 1].index + 1); !status) {
      log.error("the usage spool's mark cannot be written", {{"error", status.error().message}});
    }
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(count));
    most = options.batch;
    return Verdict::taken;
  }

  // One event of the batch is not acceptable. Where accounting does not say which, halving the batch finds it.
  Verdict bury(std::optional<std::size_t> position, std::size_t sent, const std::string& problem) {
    if (!position || *position >= sent) {
      if (sent > 1) {
        most = sent / 2;
        return Verdict::again;
      }
      position = 0;
    }
    if (!write_dead_letter(pending[*position], problem)) return Verdict::failed;
    if (*position == 0) return drop(1);
    pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(*position));
    return Verdict::again;
  }

  bool write_dead_letter(const Entry& entry, std::string_view problem) {
    log.error("accounting refuses an event; it goes to the dead letters",
              {{"problem", problem.substr(0, kMostShownProblem)}, {"boot", entry.boot}, {"seq", entry.seq}});
    const std::string line = "{\"boot\":\"" + entry.boot + "\",\"event\":" + entry.event + "}\n";
    auto file = files.open(options.dead_letters, storage::OpenMode::read_write_create);
    Status written = file ? storage::append_all(**file, line) : Status(fail(file.error()));
    if (written) written = (*file)->sync_data();
    if (!written) log.error("the dead letters cannot be written", {{"error", written.error().message}});
    return written.has_value();
  }

  void pause(Millis span) {
    const auto until = std::chrono::steady_clock::now() + span;
    MutexLock lock(mutex);
    while (!is_stopping() && lock.wait_until(wake, until)) {
    }
  }
  bool is_stopping() const { return stopping.load(std::memory_order_acquire); }

  // Constant after construction.
  UsageSpool& spool;
  storage::FileSystem& files;
  const UsageShipperOptions options;
  const daemon::Log& log;

  // Owned by the thread. The context lives as long as the client's connections.
  boost::asio::io_context context{1};
  PdpClient client;
  std::vector<Entry> pending;
  std::size_t most;      // how many may go at once; falls to one to find an event that accounting does not name
  bool failing = false;  // said so in the log

  std::atomic<bool> stopping{false};
  Mutex mutex;
  std::condition_variable_any wake;
  std::thread thread;
};

UsageShipper::UsageShipper(UsageSpool& spool, storage::FileSystem& files, UsageShipperOptions options,
                           const daemon::Log& log)
    : line_(std::make_unique<Line>(spool, files, std::move(options), log)) {}
UsageShipper::~UsageShipper() = default;

}  // namespace portreeve::pep

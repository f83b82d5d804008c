#include "pep/spool/outcome_shipper.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <exception>
#include <optional>
#include <utility>

#include "pep/client/strict_json.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

constexpr std::size_t kBootBytes = 32;
constexpr Millis kLookAgain{200};

// Runs one exchange on the calling thread. The context lives as long as the client's connections.
Result<PdpClient::Reply> post_and_wait(boost::asio::io_context& context, PdpClient& client, std::string body) {
  std::optional<Result<PdpClient::Reply>> reply;
  boost::asio::co_spawn(context, client.post("/v1/outcomes", std::move(body)),
                        [&reply](std::exception_ptr failure, Result<PdpClient::Reply> got) {
                          reply = failure ? Result<PdpClient::Reply>(fail("the exchange broke off")) : std::move(got);
                        });
  context.restart();
  while (!reply && context.run_one() > 0) {
  }
  if (!reply) return fail("the exchange broke off");
  return std::move(*reply);
}

// The position that a problem document's `field` (`/records/3/…`, RFC 6901) names.
std::optional<std::size_t> named_record(const std::string& body) {
  constexpr std::string_view kPrefix = "/records/";
  const auto value = read_json(body);
  const json::object* root = value ? value->if_object() : nullptr;
  const json::value* field = root == nullptr ? nullptr : root->if_contains("field");
  const json::string* text = field == nullptr ? nullptr : field->if_string();
  if (text == nullptr) return std::nullopt;
  std::string_view pointer(text->data(), text->size());
  if (pointer.rfind(kPrefix, 0) != 0) return std::nullopt;
  pointer = pointer.substr(kPrefix.size());
  pointer = pointer.substr(0, pointer.find('/'));
  std::size_t position = 0;
  const auto [end, error] = std::from_chars(pointer.data(), pointer.data() + pointer.size(), position);
  if (error != std::errc() || end != pointer.data() + pointer.size()) return std::nullopt;
  return position;
}

std::int64_t seq_of(const std::string& record) {
  const auto value = read_json(record);
  const json::value* seq = value && value->is_object() ? value->get_object().if_contains("seq") : nullptr;
  return seq != nullptr && seq->is_int64() ? seq->get_int64() : 0;
}

}  // namespace

struct OutcomeShipper::Line {
  explicit Line(const PdpOptions& options) : client(context, options) {}
  boost::asio::io_context context{1};
  PdpClient client;
};

OutcomeShipper::OutcomeShipper(OutcomeSpool& spool, storage::FileSystem& files, ShipperOptions options,
                               const daemon::Log& log)
    : spool_(spool),
      files_(files),
      options_(std::move(options)),
      log_(log),
      line_(std::make_unique<Line>(options_.pdp)),
      most_(options_.batch),
      thread_([this] { run(); }) {}

OutcomeShipper::~OutcomeShipper() {
  {
    const MutexLock lock(mutex_);
    stopping_.store(true, std::memory_order_release);
    wake_.notify_all();
  }
  thread_.join();
}

void OutcomeShipper::run() {
  Millis pause_now = options_.first_pause;
  std::optional<std::chrono::steady_clock::time_point> farewell;
  while (true) {
    if (stopping() && !farewell) {
      farewell = std::chrono::steady_clock::now() + options_.farewell;
      // What was appended and waits for its sync is part of what there is; a disk that failed has none.
      static_cast<void>(spool_.queue().append_and_wait({}));
    }
    if (farewell && std::chrono::steady_clock::now() >= *farewell) return;
    if (!fill()) {
      if (farewell) return;
      continue;
    }
    switch (ship()) {
      case Verdict::taken:
        pause_now = options_.first_pause;
        break;
      case Verdict::again:
        break;
      case Verdict::failed:
        if (farewell) return;
        pause(pause_now);
        pause_now = std::min(pause_now * 2, options_.longest_pause);
        break;
    }
  }
}

// Sees to it that something is pending; false where there is nothing to ship.
bool OutcomeShipper::fill() {
  if (!pending_.empty()) return true;
  storage::Spool& queue = spool_.queue();
  if (!queue.wait(stopping() ? Millis(0) : kLookAgain)) return false;
  auto records = queue.read(options_.batch);
  if (!records) {
    log_.error("the spool cannot be read", {{"error", records.error().message}});
    pause(options_.longest_pause);
    return false;
  }
  for (storage::StoredRecord& stored : *records) {
    Entry entry;
    entry.index = stored.index;
    entry.boot = stored.bytes.substr(0, kBootBytes);
    entry.record = stored.bytes.substr(std::min(kBootBytes, stored.bytes.size()));
    entry.seq = seq_of(entry.record);
    pending_.push_back(std::move(entry));
  }
  return !pending_.empty();
}

// Ships the records at the head that are of one run of the gate.
OutcomeShipper::Verdict OutcomeShipper::ship() {
  std::string body = "{\"boot\":\"" + pending_.front().boot + "\",\"records\":[";
  std::size_t count = 0;
  while (count < std::min(most_, pending_.size()) && pending_[count].boot == pending_.front().boot) {
    if (count > 0) body += ',';
    body += pending_[count++].record;
  }
  body += "]}";
  const auto reply = post_and_wait(line_->context, line_->client, std::move(body));
  if (!reply) {
    log_.warning("outcomes cannot be shipped", {{"error", reply.error().message}});
    return Verdict::failed;
  }
  if (reply->status == 200) return take_acknowledgement(count, reply->body);
  if (reply->status == 400 || reply->status == 413 || reply->status == 422) return shrink_or_bury(count, *reply);
  log_.warning("outcomes are refused", {{"status", reply->status}, {"problem", problem_code(reply->body)}});
  return Verdict::failed;
}

OutcomeShipper::Verdict OutcomeShipper::take_acknowledgement(std::size_t sent, const std::string& body) {
  const auto value = read_json(body);
  const json::object* root = value ? value->if_object() : nullptr;
  const json::value* boot = root == nullptr ? nullptr : root->if_contains("boot");
  const json::value* highest = root == nullptr ? nullptr : root->if_contains("acknowledged");
  const bool well_formed = boot != nullptr && boot->is_string() && highest != nullptr && highest->is_int64();
  if (!well_formed || std::string_view(boot->get_string()) != pending_.front().boot) {
    log_.warning("the PDP's acknowledgement is not understood");
    return Verdict::failed;
  }
  std::size_t taken = 0;
  while (taken < sent && pending_[taken].seq <= highest->get_int64()) ++taken;
  if (taken == 0) {
    log_.warning("the PDP stored nothing of a batch", {{"acknowledged", highest->get_int64()}});
    return Verdict::failed;
  }
  // Taken, and yet refused one by one: records that name a decision which this gate was not given.
  const json::value* refused = root->if_contains("refused");
  for (const json::value& item : refused != nullptr && refused->is_array() ? refused->get_array() : json::array()) {
    const json::object* one = item.if_object();
    const json::value* seq = one == nullptr ? nullptr : one->if_contains("seq");
    const json::value* why = one == nullptr ? nullptr : one->if_contains("why");
    if (seq == nullptr || !seq->is_int64()) continue;
    for (std::size_t i = 0; i < taken; ++i) {
      if (pending_[i].seq != seq->get_int64()) continue;
      const bool says_why = why != nullptr && why->is_string();
      if (!write_dead_letter(pending_[i], says_why ? std::string_view(why->get_string()) : "")) return Verdict::failed;
    }
  }
  return drop(taken);
}

// Acknowledges the first `count` pending records in the spool. A failure there only means shipping them again later.
OutcomeShipper::Verdict OutcomeShipper::drop(std::size_t count) {
  if (auto status = spool_.queue().acknowledge(pending_[count - 1].index + 1); !status) {
    log_.error("the spool's mark cannot be written", {{"error", status.error().message}});
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  most_ = options_.batch;
  return Verdict::taken;
}

// One record of the batch is not acceptable. Where the PDP does not say which, halving the batch finds it.
OutcomeShipper::Verdict OutcomeShipper::shrink_or_bury(std::size_t sent, const PdpClient::Reply& reply) {
  const auto position = reply.status == 413 ? std::nullopt : named_record(reply.body);
  if (position && *position < sent) return bury(*position, reply);
  if (sent == 1) return bury(0, reply);
  most_ = sent / 2;
  return Verdict::again;
}

OutcomeShipper::Verdict OutcomeShipper::bury(std::size_t position, const PdpClient::Reply& reply) {
  if (!write_dead_letter(pending_[position], std::to_string(reply.status) + " " + problem_code(reply.body))) {
    return Verdict::failed;
  }
  if (position == 0) return drop(1);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(position));
  return Verdict::again;
}

bool OutcomeShipper::write_dead_letter(const Entry& entry, std::string_view why) {
  log_.error("the PDP refuses a record; it goes to the dead letters",
             {{"why", why}, {"boot", entry.boot}, {"seq", entry.seq}});
  const std::string line = "{\"boot\":\"" + entry.boot + "\",\"record\":" + entry.record + "}\n";
  auto file = files_.open(options_.dead_letters, storage::OpenMode::read_write_create);
  Status written = file ? storage::append_all(**file, line) : Status(fail(file.error()));
  if (written) written = (*file)->sync_data();
  if (!written) log_.error("the dead letters cannot be written", {{"error", written.error().message}});
  return written.has_value();
}

void OutcomeShipper::pause(Millis span) {
  const auto until = std::chrono::steady_clock::now() + span;
  MutexLock lock(mutex_);
  while (!stopping() && lock.wait_until(wake_, until)) {
  }
}

}  // namespace portreeve::pep

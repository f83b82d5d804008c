#include "pep/supervisor/outcome_ring.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/base/json_value.h"
#include "engine/wire/request.h"
#include "pep/client/pdp_client.h"

namespace portreeve::supervisor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBatch = 64;
constexpr Millis kFirstPause{100};
constexpr Millis kLongestPause{5000};

}  // namespace

struct OutcomeRing::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, std::string run, std::size_t bound)
      : context(io), boot(std::move(run)), most(bound), wake(io) {}

  struct Entry {
    std::int64_t seq = 0;
    JsonValue record;
  };

  void add(JsonValue record) {
    if (entries.size() == most) {
      // What is on its way may be given up as well: the acknowledgement of a lost number changes nothing.
      const JsonValue* before = entries.front().record.find("lost");
      lost_since += 1 + (before == nullptr ? 0 : *before->as_int());
      entries.pop_front();
      ++lost_total;
    }
    record.set("seq", next_seq);
    if (lost_since > 0) record.set("lost", std::exchange(lost_since, 0));
    entries.push_back({next_seq++, std::move(record)});
    start();
  }
  void start() {
    if (shipping || pdp == nullptr || entries.empty()) return;
    shipping = true;
    asio::co_spawn(
        context, [self = shared_from_this()] { return self->ship(); }, asio::detached);
  }
  std::string batch(std::int64_t& last) const {
    JsonValue::Array records;
    for (const Entry& entry : entries) {
      if (records.size() == kBatch) break;
      records.push_back(entry.record);
      last = entry.seq;
    }
    return to_canonical_json(JsonValue::Object{{"boot", boot}, {"records", std::move(records)}});
  }
  asio::awaitable<void> ship() {
    Millis pause = kFirstPause;
    while (!entries.empty() && !stopped) {
      std::int64_t last = 0;
      const auto client = pdp;
      const auto reply = co_await client->post("/v1/outcomes", batch(last));
      // A record that the PDP calls malformed would be so for ever.
      const bool taken = reply && (reply->status == 200 || reply->status == 400 || reply->status == 422);
      if (taken) {
        while (!entries.empty() && entries.front().seq <= last) entries.pop_front();
        pause = kFirstPause;
        continue;
      }
      wake.expires_after(pause);
      co_await wake.async_wait(asio::as_tuple(asio::use_awaitable));
      pause = std::min(pause * 2, kLongestPause);
    }
    shipping = false;
    if (entries.empty() && when_empty) std::exchange(when_empty, nullptr)();
  }

  asio::io_context& context;
  const std::string boot;
  const std::size_t most;
  asio::steady_timer wake;
  std::shared_ptr<pep::PdpClient> pdp;
  std::deque<Entry> entries;
  std::int64_t next_seq = 1;
  std::uint64_t lost_total = 0;
  std::int64_t lost_since = 0;
  bool shipping = false;
  bool stopped = false;
  std::function<void()> when_empty;
};

OutcomeRing::OutcomeRing(asio::io_context& context, std::string boot, std::size_t most)
    : state_(std::make_shared<State>(context, std::move(boot), most)) {}

OutcomeRing::~OutcomeRing() { state_->stopped = true; }

void OutcomeRing::ship_by(std::shared_ptr<pep::PdpClient> pdp) {
  state_->pdp = std::move(pdp);
  state_->wake.cancel();
  state_->start();
}

void OutcomeRing::add(const ProcessOutcome& outcome) {
  const bool refused = outcome.cause == channel::EndCause::refused;
  JsonValue record(JsonValue::Object{{"kind", "outcome"},
                                     {"time", to_rfc3339_millis(outcome.time)},
                                     {"decision", outcome.decision},
                                     {"event", std::string(channel::to_text(outcome.cause))},
                                     {"result", refused ? "refused" : "closed"},
                                     {"bytesIn", outcome.bytes_in},
                                     {"bytesOut", outcome.bytes_out},
                                     {"durationMs", std::int64_t{outcome.duration.count()}}});
  if (outcome.reason) record.set("reason", std::string(wire::code(*outcome.reason)));
  if (outcome.exit_status) record.set("exitStatus", *outcome.exit_status);
  if (outcome.signal) record.set("signal", *outcome.signal);
  state_->add(std::move(record));
}

void OutcomeRing::add(const StartRefusal& refusal) {
  state_->add(JsonValue::Object{{"kind", "refusal"},
                                {"time", to_rfc3339_millis(refusal.time)},
                                {"action", std::string(wire::kProcessExec)},
                                {"result", "refused"},
                                {"reason", std::string(wire::code(refusal.reason))},
                                {"session", refusal.session}});
}

bool OutcomeRing::empty() const { return state_->entries.empty(); }

void OutcomeRing::on_empty(std::function<void()> call) {
  if (state_->entries.empty()) return call();
  state_->when_empty = std::move(call);
}

std::uint64_t OutcomeRing::lost() const { return state_->lost_total; }

}  // namespace portreeve::supervisor

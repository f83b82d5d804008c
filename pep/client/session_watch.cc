#include "pep/client/session_watch.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

wire::Reason reason_of(CutCause cause) {
  return cause == CutCause::silence ? wire::Reason::pdp_unavailable : wire::Reason::revoked;
}

struct Registration::Entry {
  std::shared_ptr<SessionWatch::State> state;
  std::function<void(CutCause)> cut;
  std::optional<CutCause> cause;
  std::optional<std::string> session;  // once bound
  std::int64_t event = 0;              // of the answer it was bound for
};

struct SessionWatch::State : std::enable_shared_from_this<SessionWatch::State> {
  using Entry = Registration::Entry;
  // How much the silence has taken away.
  enum class Trust : std::uint8_t { whole, paused, none };
  struct Cut {
    std::int64_t event = 0;
    CutCause cause = CutCause::revoked;
  };

  State(boost::asio::io_context& context, SilenceTimes its_times) : times(its_times), timer(std::in_place, context) {}

  bool is_silent(Clock::time_point now) const { return trust != Trust::whole || now >= last + times.pause; }

  // Does what the silence up to `now` asks for. A process that was stopped learns of it here, before it hears anything.
  void expire(Clock::time_point now) {
    if (trust == Trust::whole && now >= last + times.pause) {
      trust = Trust::paused;
      ++era;
    }
    if (trust == Trust::paused && now >= last + times.cut) {
      trust = Trust::none;
      cut_where([](const Entry&) { return std::optional(CutCause::silence); });
    }
  }

  void hear() {
    const Clock::time_point now = Clock::now();
    if (heard_once) expire(now);
    heard_once = true;
    trust = Trust::whole;
    last = now;
    set_timer();
  }

  void set_timer() {
    if (!timer || trust == Trust::none) return;
    timer->expires_at(last + (trust == Trust::whole ? times.pause : times.cut));
    timer->async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->expire(Clock::now());
      self->set_timer();
    });
  }

  void remember(const Revocation& revocation) {
    if (revocation.all) all_event = std::max(all_event, revocation.event);
    for (const std::string& session : revocation.sessions) {
      const Cut cut{revocation.event, revocation.ended ? CutCause::ended : CutCause::revoked};
      if (!cuts.emplace(session, cut).second) continue;
      order.push_back(session);
      if (order.size() <= limits::kRememberedCuts) continue;
      const auto oldest = cuts.find(order.front());
      forgotten_event = std::max(forgotten_event, oldest->second.event);
      cuts.erase(oldest);
      order.pop_front();
    }
  }

  // Why an answer about the session, that took events up to `event` into account, no longer holds. A session that was
  // cut never stands again, whatever an answer says; of `all`, and of what was forgotten, the number decides.
  std::optional<CutCause> overtaken(const std::string& session, std::int64_t event) const {
    if (const auto found = cuts.find(session); found != cuts.end()) return found->second.cause;
    if (event < all_event || event < forgotten_event) return CutCause::revoked;
    return std::nullopt;
  }

  // All are marked before any is told, since telling one may destroy others.
  template <class Why>
  void cut_where(Why why) {
    std::vector<std::shared_ptr<Entry>> hit;
    for (const auto& entry : entries) {
      if (entry->cause) continue;
      entry->cause = why(*entry);
      if (entry->cause) hit.push_back(entry);
    }
    for (const auto& entry : hit) {
      if (const auto cut = std::exchange(entry->cut, {})) cut(*entry->cause);
    }
  }

  const SilenceTimes times;
  std::optional<boost::asio::steady_timer> timer;  // gone with the watch
  bool heard_once = false;
  Trust trust = Trust::none;
  Clock::time_point last;
  std::uint64_t era = 0;
  std::unordered_set<std::shared_ptr<Entry>> entries;
  std::unordered_map<std::string, Cut> cuts;
  std::deque<std::string> order;  // of `cuts`, the oldest first
  std::int64_t all_event = 0;
  std::int64_t forgotten_event = 0;
};

Registration::Registration(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}

Registration::Registration(Registration&&) noexcept = default;

Registration& Registration::operator=(Registration&& other) noexcept {
  std::swap(entry_, other.entry_);
  return *this;
}

Registration::~Registration() {
  if (entry_ == nullptr) return;
  entry_->cut = {};
  entry_->state->entries.erase(entry_);
}

bool Registration::bind(std::string_view session, std::int64_t answer_event) {
  entry_->session = session;
  entry_->event = answer_event;
  if (!entry_->cause) entry_->cause = entry_->state->overtaken(*entry_->session, answer_event);
  return !entry_->cause;
}

std::optional<CutCause> Registration::objection() const {
  if (entry_->cause) return entry_->cause;
  return entry_->state->is_silent(Clock::now()) ? std::optional(CutCause::silence) : std::nullopt;
}

void Registration::on_cut(std::function<void(CutCause)> cut) { entry_->cut = std::move(cut); }

SessionWatch::SessionWatch(boost::asio::io_context& context, SilenceTimes times)
    : state_(std::make_shared<State>(context, times)) {}

SessionWatch::~SessionWatch() {
  state_->timer.reset();
  state_->trust = State::Trust::none;
}

Registration SessionWatch::enter(std::function<void(CutCause)> cut) {
  auto entry = std::make_shared<Registration::Entry>();
  entry->state = state_;
  entry->cut = std::move(cut);
  if (!may_start()) entry->cause = CutCause::silence;
  state_->entries.insert(entry);
  return Registration(std::move(entry));
}

bool SessionWatch::may_start() const { return !state_->is_silent(Clock::now()); }

bool SessionWatch::is_overtaken(std::string_view session, std::int64_t answer_event) const {
  return state_->overtaken(std::string(session), answer_event).has_value();
}

std::uint64_t SessionWatch::era() const { return state_->era; }
std::size_t SessionWatch::registered() const { return state_->entries.size(); }

void SessionWatch::hear() { state_->hear(); }

void SessionWatch::hear(const Revocation& revocation) {
  state_->hear();
  state_->remember(revocation);
  state_->cut_where([this](const Registration::Entry& entry) {
    return entry.session ? state_->overtaken(*entry.session, entry.event) : std::nullopt;
  });
}

void SessionWatch::hear_change() {
  state_->hear();
  ++state_->era;
}

}  // namespace portreeve::pep

#include "pdp/hub/event_hub.h"

#include <algorithm>
#include <utility>

#include "pdp/hub/event_text.h"

namespace portreeve::pdp {
namespace {

std::shared_ptr<const std::string> piece_of(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

EventHub::EventHub(storage::EventLog& events, const daemon::Clock& clock, Settings settings)
    : events_(events), clock_(clock), settings_(std::move(settings)) {
  events_.observe([this](const storage::Event& event) {
    {
      const MutexLock lock(queue_mutex_);
      queue_.push_back(event);
    }
    wake_.notify_one();
  });
  {
    // An event in between is in the queue as well: to tell it again would be no harm, and tell() does not.
    const MutexLock lock(mutex_);
    told_ = events_.last_number();
  }
  thread_ = std::thread([this] { run(); });
}

EventHub::~EventHub() {
  events_.observe({});
  {
    const MutexLock lock(queue_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void EventHub::run() {
  auto next_beat = std::chrono::steady_clock::now() + settings_.heartbeat;
  for (;;) {
    std::deque<storage::Event> events;
    {
      MutexLock lock(queue_mutex_);
      while (!stopping_ && queue_.empty() && lock.wait_until(wake_, next_beat)) {
      }
      if (stopping_) return;
      events.swap(queue_);
    }
    for (const storage::Event& event : events) tell(event);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_beat) continue;
    beat();
    next_beat = std::max(next_beat + settings_.heartbeat, now);
  }
}

// Sends each member the piece that is for it; null is none. Who can be sent nothing any more is forgotten.
template <class PieceFor>
void EventHub::send_to_all(PieceFor piece_for) {
  std::erase_if(members_, [&](Member& member) {
    std::shared_ptr<const std::string> piece = piece_for(member);
    return piece != nullptr && !member.send(std::move(piece));
  });
}

void EventHub::tell(const storage::Event& event) {
  const auto for_all = piece_of(event_text(event));
  const MutexLock lock(mutex_);
  if (event.number <= told_) return;
  told_ = event.number;
  send_to_all([&](Member& member) -> std::shared_ptr<const std::string> {
    if (event.number <= member.told) return nullptr;
    member.told = event.number;
    if (member.session.empty()) return for_all;
    std::string text = event_text_for(event, member.session);
    return text.empty() ? nullptr : piece_of(std::move(text));
  });
}

void EventHub::beat() {
  const MutexLock lock(mutex_);
  const auto piece = piece_of(heartbeat_text(told_));
  send_to_all([&](const Member& member) { return member.told <= told_ ? piece : nullptr; });
}

bool EventHub::tell_missed(const Listener& listener, std::int64_t& told) {
  const auto missed = events_.since(told);
  if (!missed) return false;
  std::string text;
  if (!*missed) {
    auto cuts = events_.cuts(clock_.now());
    if (!cuts) return false;
    told = cuts->number;
    if (!listener.session.empty())
      std::erase_if(cuts->sessions, [&](const auto& id) { return id != listener.session; });
    text = reset_text(*cuts, clock_.now());
  } else {
    for (const storage::Event& event : **missed) {
      text += listener.session.empty() ? event_text(event) : event_text_for(event, listener.session);
      told = event.number;
    }
  }
  return text.empty() || listener.send(piece_of(std::move(text)));
}

bool EventHub::join(Listener listener) {
  const std::string revision = settings_.revision();
  const auto hello = [&](std::int64_t number) {
    const Resumes resumes = listener.after ? Resumes::yes : Resumes::no;
    return listener.send(piece_of(hello_text(number, revision, settings_.pdp, resumes)));
  };
  if (listener.after && !hello(events_.last_number())) return false;
  std::int64_t told = listener.after.value_or(0);
  // First of all: only the store knows whether there was such an event.
  if (listener.after && !tell_missed(listener, told)) return false;
  for (;;) {
    {
      const MutexLock lock(mutex_);
      if (members_.size() >= settings_.most_listeners) return false;
      if (!listener.after) {
        told = told_;
        if (!hello(told)) return false;
      }
      // Who has been told as much as the members hears what they hear from here on.
      if (told >= told_) {
        members_.push_back({std::move(listener.send), std::move(listener.session), told});
        return true;
      }
    }
    if (!tell_missed(listener, told)) return false;
  }
}

std::size_t EventHub::listeners() const {
  const MutexLock lock(mutex_);
  return members_.size();
}

}  // namespace portreeve::pdp

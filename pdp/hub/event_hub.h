// Events to everyone connected: revocations within milliseconds, heartbeats, and what was missed in between.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/time.h"
#include "storage/sessions/event.h"

namespace portreeve::pdp {

// Takes a piece of a listener's stream. False where it can be sent nothing any more: it is then forgotten. Called from
// one thread at a time. Must not block.
using SendPiece = std::function<bool(std::shared_ptr<const std::string>)>;

// Any thread. Every listener is told every event once and in order, whatever happens while it joins.
class EventHub {
 public:
  struct Settings {
    std::string pdp;                        // this PDP's name in `hello`
    std::function<std::string()> revision;  // the active one; any thread
    Millis heartbeat{1'000};
    std::size_t most_listeners = 4096;  // each costs a message a second
  };
  struct Listener {
    SendPiece send;
    std::string session = {};                // hears of this one alone; empty: of all
    std::optional<std::int64_t> after = {};  // resumes above this event; absent: hears what comes
  };

  // `events` and `clock` outlive the hub, which becomes the observer of `events`.
  EventHub(storage::EventLog& events, const daemon::Clock& clock, Settings settings);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Sends `hello`, what was missed, and from then on what comes. Reads the store: not from a thread that must not
  // block. False where there are too many listeners, the store cannot be read, or the listener is gone.
  bool join(Listener listener);

  std::size_t listeners() const;

 private:
  struct Member {
    SendPiece send;
    std::string session;
    std::int64_t told = 0;  // the last event it knows of; ahead of told_ where it read the store meanwhile
  };

  void run();
  void tell(const storage::Event& event);
  void beat();
  bool tell_missed(const Listener& listener, std::int64_t& told);
  template <class PieceFor>
  void send_to_all(PieceFor piece_for) REQUIRES(mutex_);

  // Constant after construction.
  storage::EventLog& events_;
  const daemon::Clock& clock_;
  const Settings settings_;

  mutable Mutex mutex_;  // never held while the store is asked
  std::vector<Member> members_ GUARDED_BY(mutex_);
  std::int64_t told_ GUARDED_BY(mutex_) = 0;  // the last event that the members were told

  Mutex queue_mutex_;  // held for a push or a pop: the store waits for the observer
  std::condition_variable_any wake_;
  std::deque<storage::Event> queue_ GUARDED_BY(queue_mutex_);
  bool stopping_ GUARDED_BY(queue_mutex_) = false;
  std::thread thread_;
};

}  // namespace portreeve::pdp

// What every gate must hear of: sessions cut, their roles changed, policies activated. Numbered in one row over
// restarts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::storage {

// What a revocation aimed at, that a session came to its end, that a policy revision was activated, or that a session
// has other roles active. Frozen: docs/sessions.md. Their texts are `session` `subject` `tenant` `all` `end`
// `activation` `roles`.
enum class EventKind : std::uint8_t { session, subject, tenant, all, end, activation, roles };
std::string_view to_text(EventKind kind);
std::optional<EventKind> event_kind_from_text(std::string_view text);

struct Event {
  std::int64_t number = 0;  // 1, 2, … and never one twice
  EventKind kind = EventKind::session;
  std::string target;                 // the session, subject or tenant; empty for `all`; an activation's revision
  std::vector<std::string> sessions;  // those it cut or, of `roles`, changed, in order; empty for `all`: every one
  std::string reason;                 // may be empty
  std::string actor;                  // who did it: `<provider>/<sub>`, a gate's name, or `pdp`
  Timestamp time;
  friend bool operator==(const Event&, const Event&) = default;
};

// More than these are told faster as what they came to.
inline constexpr std::size_t kMostResumed = 1000;

// The row of events. Any thread.
class EventLog {
 public:
  // Called on the thread that made the event, in the order of the numbers, when it is durable and find() of the
  // SessionStore shows it. Must not block, and calls nothing of the store.
  using Observer = std::function<void(const Event&)>;

  virtual ~EventLog() = default;

  // The number of the last event, 0 before the first. Who reads it, and then sessions, has taken all events up to it
  // into account. One atomic load.
  virtual std::int64_t last_number() const noexcept = 0;

  // Makes an activation durable and tells the observer.
  virtual Result<std::int64_t> activated(std::string_view revision, Timestamp now) = 0;

  // The events above `number`, rising; nothing where some of those have been forgotten, they are more than
  // kMostResumed, or `number` is above the last. Kept are all that may concern a session which is not past its expiry.
  virtual Result<std::optional<std::vector<Event>>> since(std::int64_t number) = 0;
  // The ids of all sessions that were ended or revoked and are not past their expiry, in order, and the number of the
  // last event that this takes into account.
  struct Cuts {
    std::int64_t number = 0;
    std::vector<std::string> sessions;
  };
  virtual Result<Cuts> cuts(Timestamp now) = 0;

  // One observer; an empty function for none. Once it returns, the former one is not called again.
  virtual void observe(Observer observer) = 0;
};

}  // namespace portreeve::storage

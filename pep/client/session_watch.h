// Which sessions still stand, and what to cut when one no longer does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/wire/reason.h"
#include "pep/client/pdp_event.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::pep {

// Why something is cut, or may not be opened: its session (or everything) was revoked, came to its end, or nothing is
// heard of the PDP.
enum class CutCause : std::uint8_t { revoked, ended, silence };
// revoked or pdp_unavailable.
wire::Reason reason_of(CutCause cause);

// How long a gate trusts what it last heard (docs/semantics.md). The PDP sends a heartbeat every second.
struct SilenceTimes {
  Millis pause{5'000};  // then nothing new is started, and no kept answer used
  Millis cut{30'000};   // then what is open is cut
};

// One connection, request or process of a workload, from before its question is asked until its end. Moved, not copied;
// its destruction takes it off the watch. The io_context's thread only; may outlive the watch.
class Registration {
 public:
  Registration(Registration&&) noexcept;
  Registration& operator=(Registration&&) noexcept;
  ~Registration();

  // Names the session that an allow was for, and the answer's `event`. False where that session was revoked or ended
  // since: then nothing may be opened. May be called again, for a later answer.
  bool bind(std::string_view session, std::int64_t answer_event);

  // Why nothing may be opened now: it was cut, bind() said no, or the PDP is silent. Nothing: go on. To be looked at
  // before each step that cannot be taken back.
  std::optional<CutCause> objection() const;

  // What a cut calls from now on, in place of what enter() was given. Not called for a cut that came already.
  void on_cut(std::function<void(CutCause)> cut);

 private:
  friend class SessionWatch;
  struct Entry;
  explicit Registration(std::shared_ptr<Entry> entry);
  std::shared_ptr<Entry> entry_;
};

// One per gate and io_context, used on its thread only. Fed by an EventStream. Remembers the sessions that were cut
// (limits::kRememberedCuts of them; an answer older than what it had to forget is refused).
class SessionWatch {
 public:
  explicit SessionWatch(boost::asio::io_context& context, SilenceTimes times = {});
  ~SessionWatch();
  SessionWatch(const SessionWatch&) = delete;
  SessionWatch& operator=(const SessionWatch&) = delete;

  // Before the question is asked. `cut` is called at most once, from the io_context, when what is open has to end;
  // it may destroy registrations. While the PDP is silent the registration objects from the start.
  Registration enter(std::function<void(CutCause)> cut);

  // False until the PDP was heard, and where it has been silent for SilenceTimes::pause.
  bool may_start() const;
  // Whether an answer about this session that took events up to `answer_event` into account has been overtaken.
  bool is_overtaken(std::string_view session, std::int64_t answer_event) const;
  // Changes whenever no answer from before may be used again: an activation, other roles in a session, a reset, a
  // silence.
  std::uint64_t era() const;
  // How many registrations there are.
  std::size_t registered() const;

  // What the event stream tells. Each also says that the PDP was heard.
  void hear();
  void hear(const Revocation& revocation);
  void hear_change();  // an activation, other roles in a session, or a reset

 private:
  friend class Registration;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace portreeve::pep

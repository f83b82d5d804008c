// What the supervisor did, kept in memory until the PDP has it: a guest has no disk to trust.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "engine/wire/reason.h"
#include "pep/supervisor/channel/frame.h"

namespace boost::asio {
class io_context;
}
namespace portreeve::pep {
class PdpClient;
}

namespace portreeve::supervisor {

// The end of a start that a decision allowed, or its refusal after that.
struct ProcessOutcome {
  Timestamp time;
  std::string decision;
  channel::EndCause cause = channel::EndCause::exited;
  std::optional<wire::Reason> reason;  // where it did not end by itself
  std::optional<std::int64_t> exit_status, signal;
  std::int64_t bytes_in = 0, bytes_out = 0;  // towards the process, and from it
  Millis duration{0};
};

// A start that was refused without a decision.
struct StartRefusal {
  Timestamp time;
  wire::Reason reason = wire::Reason::bad_request;
  std::string session;
};

// At most `most` records: of more the oldest is given up, and the next that goes out says how many were lost. Ships by
// POST /v1/outcomes in batches, in order, until the PDP has acknowledged them, for ever. On the io_context's thread.
class OutcomeRing {
 public:
  // `boot`: 32 hexadecimal digits, new at each start.
  OutcomeRing(boost::asio::io_context& context, std::string boot, std::size_t most);
  ~OutcomeRing();
  OutcomeRing(const OutcomeRing&) = delete;
  OutcomeRing& operator=(const OutcomeRing&) = delete;

  // Who takes the records from now on.
  void ship_by(std::shared_ptr<pep::PdpClient> pdp);
  void add(const ProcessOutcome& outcome);
  void add(const StartRefusal& refusal);
  bool empty() const;
  // Called once nothing is left to be shipped.
  void on_empty(std::function<void()> call);
  std::uint64_t lost() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace portreeve::supervisor

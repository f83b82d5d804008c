// What was done to sessions and policies, into the decision log.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "engine/base/json_value.h"
#include "storage/log/decision_log.h"

namespace portreeve::pdp {

// Thread-safe. A note that cannot be stored is told to the operator's log: the deed has been done.
class DeedNotes {
 public:
  // All outlive this.
  DeedNotes(storage::DecisionLog& decisions, const daemon::Clock& clock, const daemon::Log& log,
            wire::RecordSource source)
      : decisions_(decisions), clock_(clock), log_(log), source_(std::move(source)) {}

  struct Deed {
    std::string_view actor;   // `<provider>/<sub>`, a gate's name, or `pdp`
    std::string_view action;  // `policy.activate` `session.end` …
    std::string_view target = {};
    std::string_view revision = {};
    std::string_view reason = {};
    JsonValue detail = {};  // null or an object
  };
  void note(const Deed& deed) const;

 private:
  storage::DecisionLog& decisions_;
  const daemon::Clock& clock_;
  const daemon::Log& log_;
  const wire::RecordSource source_;
  mutable std::atomic<std::int64_t> next_seq_{1};
};

}  // namespace portreeve::pdp

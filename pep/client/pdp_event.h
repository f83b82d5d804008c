// What the PDP tells on `GET /v1/events`, typed.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "pep/client/sse_reader.h"

namespace portreeve::pep {

// The first event of a connection. Where no Last-Event-ID was given, what comes next follows `event`.
struct Hello {
  std::int64_t event = 0;
  std::string revision;
};
// Sessions cut for good, and those only, or all that there are.
struct Revocation {
  std::int64_t event = 0;
  bool ended = false;  // they came to their end, and nobody revoked them
  bool all = false;
  std::vector<std::string> sessions;
};
struct Activation {
  std::int64_t event = 0;
  std::string revision;
};
// A session has other roles active: no answer about it from before may be used again. What is open stays.
struct RoleChange {
  std::int64_t event = 0;
};
struct Heartbeat {
  std::int64_t event = 0;
};
// The PDP cannot say what happened since Last-Event-ID. Every revocation that may still matter follows.
struct Reset {
  std::int64_t event = 0;
};
// Of a kind that this gate does not know.
struct UnknownEvent {};

using PdpEvent = std::variant<Hello, Revocation, Activation, RoleChange, Heartbeat, Reset, UnknownEvent>;

// Fails where the data of a kind that is known is not as it has to be.
Result<PdpEvent> read_event(const SseEvent& event);

}  // namespace portreeve::pep

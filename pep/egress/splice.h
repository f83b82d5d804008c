// Carries bytes both ways until one side, or a limit, ends it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "engine/wire/reason.h"
#include "pep/client/session_watch.h"

namespace portreeve::pep {

struct SpliceLimits {
  std::optional<std::int64_t> bytes_in;   // towards the workload
  std::optional<std::int64_t> bytes_out;  // from the workload
  Millis idle{300'000};
  Millis total{3'600'000};
};

struct SpliceEnd {
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  // limit_bytes, limit_idle, limit_total, or of a cut revoked or pdp_unavailable; nothing where a peer ended it.
  std::optional<wire::Reason> reason;
};

// Sends `early` (read from `client` already) upstream, then carries bytes both ways. A peer's end of sending is passed
// on, and the other direction goes on; a peer's reset, a limit or a cut closes both. Exactly as many bytes as a limit
// allows are carried; none, where the registration objects. Memory: two buffers of 32 KiB. What is passed by reference
// outlives the call; one thread.
boost::asio::awaitable<SpliceEnd> splice(boost::asio::ip::tcp::socket& client, boost::asio::ip::tcp::socket& upstream,
                                         std::string early, SpliceLimits limits, Registration& registration);

}  // namespace portreeve::pep

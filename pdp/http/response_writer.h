// An answer → bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pdp/http/http_message.h"

namespace portreeve::pdp {

enum class ConnectionAfter : std::uint8_t { kept, kept_and_said, closed };

struct ResponseFraming {
  std::string_view date;  // IMF-fixdate (RFC 9110 §5.6.7)
  ConnectionAfter after = ConnectionAfter::kept;
  bool body_left_out = false;  // the request was HEAD
};

// Appends head and body to `out`. Control characters in a handler's header fields become spaces, so that no field can
// end another's line. No allocation but the growth of `out`.
void append_response(std::string& out, const HttpResponse& response, const ResponseFraming& framing);

// Now, as IMF-fixdate.
std::string http_date(std::int64_t unix_seconds);

}  // namespace portreeve::pdp

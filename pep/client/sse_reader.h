// Server-sent events (WHATWG HTML §9.2), read strictly and within bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::pep {

struct SseEvent {
  std::string type;  // `message` where the stream names none
  std::string data;
  std::optional<std::int64_t> id;
  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

// Reads a stream in pieces of any size, cut anywhere. Lines end in LF or CRLF. Comments, `retry` and unknown fields are
// passed over; an event without data is none. Stricter than the standard: a byte order mark, a CR or NUL within a line,
// and an id that is no whole number from 0 to 2^53 are errors. Bounded by limits::kEventLineBytes and kEventBytes.
class SseReader {
 public:
  // Appends the events that `bytes` complete. After an error the stream is of no more use; what came whole before it is
  // in `events`. O(bytes).
  Status feed(std::string_view bytes, std::vector<SseEvent>& events);

 private:
  Status take_line(std::string_view line, std::vector<SseEvent>& events);

  std::string line_;  // what came of the line that is not over
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace portreeve::pep

#include "pep/client/pdp_event.h"
#include "pep/client/sse_reader.h"
#include "tests/fuzz/input.h"

using portreeve::pep::SseEvent;
using portreeve::pep::SseReader;

// Fed whole or byte by byte, a stream reads alike; and whatever an event holds, it is read or refused.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  SseReader whole;
  std::vector<SseEvent> events;
  const bool fine = whole.feed(input, events).has_value();
  SseReader bytewise;
  std::vector<SseEvent> same;
  bool same_fine = true;
  for (std::size_t i = 0; i < size && same_fine; ++i) same_fine = bytewise.feed(input.substr(i, 1), same).has_value();
  CHECK(fine == same_fine);
  CHECK(events == same);
  for (const SseEvent& event : events) static_cast<void>(portreeve::pep::read_event(event));
  return 0;
}

#include "engine/base/limits.h"
#include "pep/usage/usage_reader.h"
#include "tests/fuzz/input.h"

// The first byte chooses the API, plain or streamed, and the status. However the bytes are cut, the reading is the
// same; every count is within its bounds; what is unknown counts nothing.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  if (size == 0) return 0;
  const std::string_view body = as_text(data, size).substr(1);
  pep::AnswerHead head;
  head.api = static_cast<wire::UsageApi>(data[0] % 3);
  head.status = (data[0] & 64) != 0 ? 500 : 200;
  head.content_type = (data[0] & 32) != 0 ? "application/json" : "text/event-stream";
  head.request_bytes = 100;
  pep::UsageReader whole(head);
  whole.feed(body);
  pep::UsageReader cut(head);
  std::size_t piece = 1;
  for (std::size_t at = 0; at < body.size(); at += piece, piece = piece % 13 + 1) cut.feed(body.substr(at, piece));
  const pep::UsageReading reading = whole.finish();
  CHECK(reading == cut.finish());
  CHECK(whole.complete() == cut.complete());
  const wire::UsageCounters& c = reading.counters;
  for (const std::int64_t count : {c.input, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.input_audio, c.output,
                                   c.reasoning, c.output_audio}) {
    CHECK(count >= 0 && count <= 2 * limits::kUsageCount);
  }
  CHECK(reading.certainty != wire::UsageCertainty::unknown || c == wire::UsageCounters());
  return 0;
}

#include "accounting/ingest/litellm.h"

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"
#include "tests/fuzz/input.h"

// What is taken can be written as an event, under a key of its own kind, with counts in their bounds.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const auto batch = accounting::read_litellm(as_text(data, size));
  if (!batch) return 0;
  for (const accounting::Posting& posting : batch->postings) {
    CHECK(posting.event.key.rfind("litellm:", 0) == 0);
    const wire::UsageCounters& c = posting.event.counters;
    for (const std::int64_t count : {c.input, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.input_audio, c.output,
                                     c.reasoning, c.output_audio}) {
      CHECK(count >= 0 && count <= limits::kUsageCount);
    }
    CHECK(reader::parse_json(wire::to_json(posting.event, 1)).has_value());
  }
  return 0;
}

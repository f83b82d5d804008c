#include "engine/wire/usage_event.h"

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"
#include "tests/fuzz/input.h"

// What is read is written and read again as the same.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const auto value = reader::parse_json(as_text(data, size));
  if (!value) return 0;
  const auto read = wire::usage_event_from_json(*value);
  if (!read) return 0;
  const std::string text = wire::to_json(read->event, read->seq);
  CHECK(text.size() <= limits::kUsageEventBytes);
  const auto again = wire::usage_event_from_json(*reader::parse_json(text));
  CHECK(again.has_value());
  CHECK(again->seq == read->seq && again->event == read->event);
  return 0;
}

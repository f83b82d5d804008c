// Records as the journal holds them: what is read is written and read again as the same, within the bound.
#include "engine/wire/record.h"

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const std::string_view text = as_text(data, size);
  static_cast<void>(wire::record_time(text).has_value());
  const auto value = reader::parse_json(text);
  if (!value) return 0;
  const auto record = wire::record_from_json(*value);
  if (!record) return 0;
  const auto bytes = wire::to_bytes(*record);
  if (!bytes) return 0;
  CHECK(bytes->size() <= limits::kRecordBytes);
  const auto parsed = reader::parse_json(*bytes);
  CHECK(parsed.has_value());
  const auto again = wire::record_from_json(*parsed);
  CHECK(again.has_value());
  CHECK(wire::to_bytes(*again) == *bytes);
  CHECK(wire::record_time(*bytes) == wire::time_of(*again));
  return 0;
}

#include "engine/reader/json_reader.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = portreeve::reader::parse_json(as_text(data, size));
  if (!value) return 0;
  const std::string canonical = portreeve::to_canonical_json(*value);
  const auto again = portreeve::reader::parse_json(canonical);
  CHECK(again.has_value());
  CHECK(portreeve::to_canonical_json(*again) == canonical);
  return 0;
}

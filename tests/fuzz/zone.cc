#include "engine/cel/zone.h"

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto zone = portreeve::cel::Zone::parse_tzif(std::as_bytes(std::span(data, size)));
  static_cast<void>(zone.has_value());
  return 0;
}

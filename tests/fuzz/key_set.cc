#include "pdp/identity/jwk.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(portreeve::pdp::KeySet::parse(as_text(data, size)).has_value());
  return 0;
}

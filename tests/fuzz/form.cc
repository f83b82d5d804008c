#include "pdp/session/form.h"

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(portreeve::pdp::parse_form(as_text(data, size)).has_value());
  return 0;
}

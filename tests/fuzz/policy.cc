#include "engine/load/load.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto result = portreeve::load::load({{"p.yaml", std::string(as_text(data, size))}});
  CHECK((result.set == nullptr) == portreeve::has_errors(result.diagnostics));
  return 0;
}

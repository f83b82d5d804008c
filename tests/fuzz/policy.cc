// The loader: any bytes give a set that compiles, or errors that a person can act on.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/compile/snapshot.h"
#include "engine/load/load.h"
#include "tests/fuzz/input.h"

namespace {

void check_readable(const portreeve::Diagnostic& diagnostic, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  CHECK(diagnostic.place.line <= lines);
  CHECK(diagnostic.place.file == "p.yaml" || diagnostic.place.line == 0);  // what concerns the set has no line
  CHECK(!diagnostic.message.empty());
  for (const std::string& words : {diagnostic.message, diagnostic.help}) {
    CHECK(portreeve::is_valid_utf8(words));
    CHECK(std::ranges::none_of(words, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const std::string_view text = as_text(data, size);
  const auto result = load::load({{"p.yaml", std::string(text)}});
  CHECK((result.set == nullptr) == has_errors(result.diagnostics));
  CHECK(std::ranges::is_sorted(result.diagnostics, {}, &Diagnostic::place));
  for (const Diagnostic& diagnostic : result.diagnostics) check_readable(diagnostic, text);
  if (result.set != nullptr) CHECK(compile::compile(result.set) != nullptr);
  return 0;
}

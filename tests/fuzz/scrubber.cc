#include "pep/broker/scrubber.h"

#include <memory>
#include <string>

#include "tests/fuzz/input.h"
#include "tests/pep/broker/escapes.h"

using portreeve::pep::Needles;
using portreeve::pep::Scrubber;
using portreeve::pep::slow_find;

// Whatever comes, and however it is split: the output never holds the credential in any form, has the input's length,
// and is the input where that was clean. The first byte decides the split.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kKey = "ab%\\u\"/c";
  constexpr std::string_view kPair = "u:ab%\\u\"/c";
  static const std::shared_ptr<const Needles> needles =
      std::make_shared<const Needles>(std::move(Needles::build(kKey, kPair)).value());
  if (size == 0) return 0;
  const std::size_t step = data[0] % 16 + 1;
  const std::string_view input = as_text(data + 1, size - 1);
  Scrubber scrubber(needles);
  std::string out;
  for (std::size_t at = 0; at < input.size(); at += step) scrubber.feed(input.substr(at, step), out);
  scrubber.finish(out);
  CHECK(out.size() == input.size());
  CHECK(slow_find(out, kKey, kPair).empty());
  if (slow_find(input, kKey, kPair).empty()) CHECK(out == input);
  return 0;
}

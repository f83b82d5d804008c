#include "pep/http/request_head.h"

#include "tests/fuzz/input.h"

using portreeve::pep::HeadParser;

// Fed whole or byte by byte, a head reads alike.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  HeadParser whole;
  std::size_t taken = 0;
  const HeadParser::State state = whole.feed(input, taken);
  CHECK(taken <= size);
  HeadParser bytewise;
  std::size_t total = 0;
  for (std::size_t i = 0; i < size && bytewise.state() == HeadParser::State::need_more; ++i) {
    std::size_t one = 0;
    bytewise.feed(input.substr(i, 1), one);
    total += one;
  }
  CHECK(bytewise.state() == state);
  if (state == HeadParser::State::complete) CHECK(total == taken);
  return 0;
}

#include "pep/http/response_head.h"

#include "tests/fuzz/input.h"

using portreeve::pep::AskedMethod;
using portreeve::pep::ResponseHeadParser;

// Fed whole or byte by byte, a head reads alike.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  ResponseHeadParser whole(AskedMethod::other);
  std::size_t taken = 0;
  const ResponseHeadParser::State state = whole.feed(input, taken);
  CHECK(taken <= size);
  ResponseHeadParser bytewise(AskedMethod::other);
  std::size_t total = 0;
  for (std::size_t i = 0; i < size && bytewise.state() == ResponseHeadParser::State::need_more; ++i) {
    std::size_t one = 0;
    bytewise.feed(input.substr(i, 1), one);
    total += one;
  }
  CHECK(bytewise.state() == state);
  if (state != ResponseHeadParser::State::complete) return 0;
  CHECK(total == taken);
  CHECK(whole.head().status >= 100 && whole.head().status < 600 && whole.head().status != 101);
  CHECK(bytewise.head().fields == whole.head().fields && bytewise.head().framing == whole.head().framing);
  return 0;
}

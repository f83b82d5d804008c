#include "pep/egress/client_hello.h"

#include "tests/fuzz/input.h"

using portreeve::pep::ClientHelloReader;

// Fed whole or byte by byte, a hello reads alike.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  ClientHelloReader whole;
  const ClientHelloReader::State state = whole.feed(input);
  ClientHelloReader bytewise;
  for (std::size_t i = 0; i < size && bytewise.state() == ClientHelloReader::State::need_more; ++i)
    bytewise.feed(input.substr(i, 1));
  CHECK(bytewise.state() == state);
  return 0;
}

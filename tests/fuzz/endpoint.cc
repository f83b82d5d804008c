// `host:port` and hosts alone: one parser, one normal form that it gives back.
#include "engine/net/endpoint.h"

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::net;
  const std::string_view text = as_text(data, size);
  const auto stated = Endpoint::parse(text);
  const auto defaulted = Endpoint::parse(text, std::uint16_t{443});
  if (stated) {
    CHECK(defaulted == *stated);
    CHECK(stated->port != 0);
    CHECK(Endpoint::parse(stated->to_string()) == *stated);
    CHECK(text.find_first_of("@/?#% \t\r\n\\") == std::string_view::npos);
  } else {
    CHECK(!stated.error().message.empty());
  }
  if (defaulted && !stated) {
    CHECK(defaulted->port == 443);
    CHECK(Endpoint::parse(std::string(text) + ":443") == *defaulted);
  }
  if (const auto host = parse_host(text)) {
    CHECK(parse_host(to_string(*host)) == *host);
    CHECK(Endpoint::parse(to_string(*host) + ":1") == (Endpoint{*host, 1}));
  }
  if (const auto port = parse_port(text)) CHECK(std::to_string(*port) == text && *port != 0);
  return 0;
}

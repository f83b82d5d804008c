#include "pep/net/dns_answer.h"

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto asked = portreeve::net::HostName::parse("a.example.org");
  static_cast<void>(portreeve::pep::read_dns_answer({data, size}, *asked, portreeve::pep::DnsType::a).has_value());
  return 0;
}

// Reads the answer of a DNS server, which may be anybody's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/net/host_name.h"
#include "engine/net/ip_address.h"

namespace portreeve::pep {

enum class DnsType : std::uint16_t { a = 1, aaaa = 28 };

struct DnsAnswer {
  std::vector<net::HostName> hops;  // the names that CNAME records led to, in order
  std::vector<net::IpAddress> addresses;
};

// Reads a DNS response (RFC 1035 §4) to the question of `asked` and `type`. The CNAME chain is followed from `asked`,
// over at most limits::kCnameHops hops; addresses count where the chain ends, at most limits::kDnsAnswers; what else
// the answer holds is passed over. No address at all is a success. Fails for a response that is malformed, answers
// another question, reports an error, has two CNAMEs of one name or leads to what is no host name. Total, any thread.
Result<DnsAnswer> read_dns_answer(std::span<const std::uint8_t> message, const net::HostName& asked, DnsType type);

}  // namespace portreeve::pep

// The coarse layer of a Linux host for iptables and ip6tables, as a shell script.
#pragma once

#include <string>
#include <string_view>

#include "tools/substrate/openings.h"

namespace portreeve::substrate {

// A POSIX script that loads chains of its own beside those of others, each family in one transaction, and
// hooks them in at the head of INPUT, FORWARD and OUTPUT (of DOCKER-USER too, where Docker made it). Running it again
// replaces them. A packet passes one rule a sandbox; ARP is not seen by iptables: to_nftables() has neither limit.
std::string to_iptables(const HostLayer& layer, std::string_view revision);

}  // namespace portreeve::substrate

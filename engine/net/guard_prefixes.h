// The guard's ranges for packet filters.
#pragma once

#include <vector>

#include "engine/net/ip_prefix.h"

namespace portreeve::net {

// The ranges of each family that classify() finds soft or hard, disjoint and sorted; of IPv6 all outside 2000::/3.
// ISATAP, a pattern of interface ids, is not among them.
std::vector<IpPrefix> guarded_v4_prefixes();
std::vector<IpPrefix> guarded_v6_prefixes();

}  // namespace portreeve::net

// The coarse layer of a Linux host as an nftables file.
#pragma once

#include <string>
#include <string_view>

#include "tools/substrate/openings.h"

namespace portreeve::substrate {

// Two tables, `inet portreeve` and `arp portreeve`, that `nft -f` puts in the place of what is there under these names,
// in one transaction. Sets are looked up, so the cost of a packet does not grow with the number of sandboxes.
std::string to_nftables(const HostLayer& layer, std::string_view revision);

}  // namespace portreeve::substrate

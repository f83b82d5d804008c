// URLs that policies name: issuers and key sets.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace portreeve::load {

// Checks an issuer's URL or its key set's: https with a host, without user info, query and fragment; http on loopback
// only (`localhost`, 127.0.0.0/8, `[::1]`).
Status check_issuer_url(std::string_view text);

}  // namespace portreeve::load

// The signature algorithms that a token may bear. `none` and HMAC have no name here, so nothing can ask for them.
#pragma once

#include <optional>
#include <string_view>

#include "engine/model/identity_provider.h"

namespace portreeve::pdp {

// RFC 7518 §3.1, RFC 8037 §3.1.
using Algorithm = model::JwtAlgorithm;

// `RS256`, `PS256`, `ES256`, `EdDSA`: exactly so, case included.
std::optional<Algorithm> algorithm_from_name(std::string_view name);
std::string_view name_of(Algorithm algorithm);

}  // namespace portreeve::pdp

// What makes a provider's token believable, given its keys: no I/O, no clock.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/time.h"
#include "pdp/identity/jwk.h"
#include "pdp/identity/jwt.h"
#include "pdp/identity/provider_trust.h"
#include "pdp/identity/verified_claims.h"

namespace portreeve::pdp {

// For `nbf` and `iat`: clocks of issuers run ahead by a little. `exp` has no leeway: a token is good while now < exp.
inline constexpr Seconds kClockLeeway{60};

class TokenChecker {
 public:
  // The refusal of a token that no key could save: algorithm not in the provider's list, a `typ` that is neither
  // absent, `JWT` nor `at+jwt`, another's issuer. Empty where it is worth looking at its keys.
  static std::optional<TokenRefusal> refuse_at_sight(const UnverifiedToken& token, const ProviderTrust& provider);

  // The whole check: refuse_at_sight(), signature by one of `candidates`, `iss` equal, `aud` (a string or an array of
  // strings) holds one of ours, `exp` there and not past, `nbf` and `iat`, where there are any, not to come. Times are
  // numbers from 0 to the year 9999; fractions are cut so that the token is good for less, not for more. `expired` is
  // said only of a token that is otherwise in order.
  static TokenVerdict check(const UnverifiedToken& token, const ProviderTrust& provider,
                            const std::vector<PublicKey>& candidates, Timestamp now);
};

// The whole seconds of a NumericDate claim (RFC 7519 §2), cut down or, for those that begin something, up.
enum class Cut : std::uint8_t { down, up };
std::optional<Timestamp> read_numeric_date(const JsonValue& value, Cut cut);

}  // namespace portreeve::pdp

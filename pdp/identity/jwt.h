// The compact form of a signed token (RFC 7515 §7.1), before and up to its verification.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "pdp/identity/algorithm.h"
#include "pdp/identity/jwk.h"

namespace portreeve::pdp {

// A token that reads well, of which nothing is proven yet. There is no way to its claims but open().
class UnverifiedToken {
 public:
  // Takes three base64url parts, canonical and without padding, of a header that names one of our algorithms and a
  // payload that is an object, both strict JSON (JsonReader). Refused: more than limits::kTokenBytes, `none`, HMAC,
  // encryption, any `crit` or `b64` (we understand no extension), header members of the wrong type. Keys that a token
  // brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at. Errors do not quote the token.
  static Result<UnverifiedToken> parse(std::string_view compact);

  Algorithm algorithm() const { return algorithm_; }
  const std::optional<std::string>& kid() const { return kid_; }
  // Lower case, without the `application/` that RFC 7515 §4.1.9 lets senders omit; empty where there is none.
  const std::string& typ() const { return typ_; }
  // `iss` where it is a string, else empty: for finding whose keys to try, and for nothing else.
  std::string_view unverified_issuer() const;

  // The claims, if `key` made this signature with this algorithm; else null.
  const JsonValue* open(const PublicKey& key) const;

 private:
  UnverifiedToken() = default;

  Algorithm algorithm_{};
  std::optional<std::string> kid_;
  std::string typ_;
  std::string signing_input_;
  std::string signature_;
  JsonValue payload_;
};

}  // namespace portreeve::pdp

// What is left of a token once it has been verified, or why it was not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/json_value.h"
#include "engine/base/time.h"

namespace portreeve::pdp {

// The claims of a token whose signature, issuer, audience and times were checked. Immutable; only check_token() makes
// one, so that holding one proves the checks.
class VerifiedClaims {
 public:
  const std::string& provider() const { return provider_; }  // the IdentityProvider's name
  const std::string& issuer() const { return issuer_; }
  const JsonValue& claims() const { return claims_; }  // an object
  Timestamp expires() const { return expires_; }       // the token's own `exp`

 private:
  friend class TokenChecker;
  VerifiedClaims(std::string provider, std::string issuer, JsonValue claims, Timestamp expires)
      : provider_(std::move(provider)), issuer_(std::move(issuer)), claims_(std::move(claims)), expires_(expires) {}

  const std::string provider_;
  const std::string issuer_;
  const JsonValue claims_;
  const Timestamp expires_;
};

enum class TokenFailure : std::uint8_t {
  invalid,           // reason `token-invalid`
  expired,           // reason `token-expired`: everything else about it is in order
  keys_unavailable,  // the issuer's keys could not be had: nobody's fault who asks, try again; judged as a denial
};

// `detail` is for the operator's log: it never holds the token or its signature, but may quote its `iss` and `kid`,
// shortened and printable.
struct TokenRefusal {
  TokenFailure failure = TokenFailure::invalid;
  std::string detail;
};

// One or the other: claims() is null exactly where the token was refused.
class TokenVerdict {
 public:
  TokenVerdict(std::shared_ptr<const VerifiedClaims> claims) : claims_(std::move(claims)) {}
  TokenVerdict(TokenRefusal refusal) : refusal_(std::move(refusal)) {}

  explicit operator bool() const { return claims_ != nullptr; }
  const std::shared_ptr<const VerifiedClaims>& claims() const { return claims_; }
  const TokenRefusal& refusal() const { return refusal_; }  // meaningful where claims() is null

 private:
  std::shared_ptr<const VerifiedClaims> claims_;
  TokenRefusal refusal_;
};

}  // namespace portreeve::pdp

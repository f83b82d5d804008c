// Session tokens: what a sandbox holds instead of any secret (docs: DESIGN §5, §11).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/time.h"
#include "pdp/identity/verified_claims.h"
#include "pdp/session/signing_keys.h"

namespace portreeve::pdp {

inline constexpr char kSessionTokenType[] = "portreeve-session+jwt";
inline constexpr char kWorkloadAudience[] = "portreeve";
inline constexpr char kSupervisorAudience[] = "portreeve-supervisor";
inline constexpr Seconds kLongestSessionToken{900};

// Whom a session's token is for; one never passes for the other (SEMANTICS §11).
enum class TokenBearer : std::uint8_t { workload, supervisor };

// Whether a token whose time is over is refused. Not where something else proves the session and the token only names
// it (a bound address, SEMANTICS §11), nor where a session is to be cut.
enum class TokenAge : std::uint8_t { judged, ignored };

// What a session token says. It is a name with a proof, no more: whether the session lives, and what it may do, stands
// in the session.
struct SessionTokenClaims {
  std::string sid;
  std::string sub;  // the subject's id, `<provider>/<sub>`
  std::optional<std::string> tenant;
  Timestamp issued;
  Timestamp expires;
};

// One or the other, as TokenVerdict.
class SessionTokenVerdict {
 public:
  SessionTokenVerdict(std::shared_ptr<const SessionTokenClaims> claims) : claims_(std::move(claims)) {}
  SessionTokenVerdict(TokenRefusal refusal) : refusal_(std::move(refusal)) {}
  explicit operator bool() const { return claims_ != nullptr; }
  const std::shared_ptr<const SessionTokenClaims>& claims() const { return claims_; }
  const TokenRefusal& refusal() const { return refusal_; }

 private:
  std::shared_ptr<const SessionTokenClaims> claims_;
  TokenRefusal refusal_;
};

// Mints and verifies them: JWT, EdDSA, `typ: portreeve-session+jwt`, claims iss aud sub sid tenant iat nbf exp jti.
// Any thread.
class SessionTokens {
 public:
  // `issuer`: this PDP's own name in `iss`, the same at every start. Requires: not empty.
  SessionTokens(SigningKeys keys, std::string issuer, std::size_t cached_tokens = 65'536);
  ~SessionTokens();
  SessionTokens(const SessionTokens&) = delete;
  SessionTokens& operator=(const SessionTokens&) = delete;

  struct Minted {
    std::string token;
    Timestamp expires;
  };
  struct About {
    std::string sid;
    std::string sub;
    std::optional<std::string> tenant;
    Timestamp session_expires;
  };
  // A token good from `now` for kLongestSessionToken or until the session ends, whichever comes first.
  Minted mint(const About& about, TokenBearer bearer, Timestamp now) const;

  // Verifies a token of ours for this bearer. On every decision's path: a token seen before costs one SHA-256 and one
  // look into a sharded map, about 2 µs. Times have no leeway but kClockLeeway on `nbf`, for clocks of sibling PDPs.
  SessionTokenVerdict verify(std::string_view token, TokenBearer bearer, Timestamp now,
                             TokenAge age = TokenAge::judged) const;

  const SigningKeys& keys() const { return keys_; }
  const std::string& issuer() const { return issuer_; }

 private:
  struct Cache;
  SessionTokenVerdict verify_anew(std::string_view token, TokenBearer bearer, Timestamp now) const;

  const SigningKeys keys_;
  const std::string issuer_;
  const std::unique_ptr<Cache> cache_;  // locks inside
};

}  // namespace portreeve::pdp

// Who is at the admin listener: a person with a token of an identity provider, or one signed in at the console.
#pragma once

#include <optional>
#include <string>

#include "daemon/clock.h"
#include "engine/wire/principal.h"
#include "pdp/admin/admin_message.h"
#include "pdp/admin/console_sessions.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/session/token_exchange.h"

namespace portreeve::pdp {

struct Visitor {
  wire::Principal principal;               // verified, type `user`
  Timestamp expires;                       // of the token, or of the console's session
  std::optional<std::string> console_key;  // the console's cookie, where that is how it is known
};

// The principal of verified claims, by the policies in force.
Result<wire::Principal> principal_of(const VerifiedClaims& claims, const ClaimMapper& map);

// Thread-safe.
class VisitorAuthenticator {
 public:
  struct Parts {  // all outlive it
    TokenVerifier& verifier;
    ClaimMapper map;
    ConsoleSessions& sessions;
    const daemon::Clock& clock;
  };
  VisitorAuthenticator(Parts parts, std::string cookie) : parts_(std::move(parts)), cookie_(std::move(cookie)) {}

  // 401 `unauthenticated` where nobody is known by what the request brings. A wrong token is never made up for by a
  // cookie. Blocks while an issuer's keys are fetched, at most the verifier's deadline.
  Step<Visitor> authenticate(const HttpRequest& request) const;
  // The name of the console's cookie.
  const std::string& cookie() const { return cookie_; }

 private:
  Step<Visitor> by_token(std::string_view authorization) const;

  const Parts parts_;
  const std::string cookie_;
};

}  // namespace portreeve::pdp

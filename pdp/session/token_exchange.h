// OAuth 2.0 Token Exchange (RFC 8693) as `POST /v1/token` does it: an identity provider's token in, a session token
// out. No HTTP here: the caller brings the form and takes status and JSON.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/session/role_activation.h"
#include "pdp/session/session_token.h"
#include "storage/sessions/session_store.h"

namespace portreeve::pdp {

// What the token endpoint answers. `body` is JSON; send it with `Content-Type: application/json`,
// `Cache-Control: no-store` (RFC 6749 §5.1).
struct ExchangeAnswer {
  int status = 200;
  std::string body;
  // For the operator's log and the record of denials, empty on success: never holds a token.
  std::string detail;
};

// Who a token's claims say it is, by the provider's claim mapping.
struct MappedSubject {
  std::string sub;
  std::vector<std::string> tenants;  // those that the claims, or the provider, allow it; empty: it has none
  // Why nothing is decided by the token though it is genuine, for who brought it.
  std::optional<std::string> unusable = {};
};

// Maps verified claims by the policies in force: the active snapshot's IdentityProvider of that name, through
// engine/rbac. Fails where the claims name no subject, or the provider is gone. Any thread.
using ClaimMapper = std::function<Result<MappedSubject>(const VerifiedClaims&)>;

// What the endpoints that hand out tokens answer: the new token and the session that it is of.
JsonValue token_answer(const storage::Session& session, const SessionTokens::Minted& minted, Timestamp now);

struct ExchangeSettings {
  Seconds session_lifetime = storage::kLongestSession;
};

// The form, as of RFC 8693 §2.1:
//   grant_type            urn:ietf:params:oauth:grant-type:token-exchange
//   subject_token         the identity provider's token
//   subject_token_type    urn:ietf:params:oauth:token-type: access_token | id_token | jwt
//   requested_token_type  optional: …:jwt or …:access_token; anything else is invalid_request
//   audience              optional: `portreeve`; anything else is invalid_target, as is `resource`
//   session_labels        ours, optional: a JSON object of strings, the requester's own words about the session
//   tenant                ours, optional: which of the subject's tenants; required where it has several
//   scope                 optional: the roles that the session has active; absent: all that the subject is authorised
//                         for. invalid_scope where it may not have them (rbac::create_session), or names none
// `actor_token` is refused (invalid_request): nobody acts for somebody here. The token by itself suffices; the client
// needs no credential of its own. Fields we do not know are ignored (RFC 6749 §3.2); fields given twice are refused.
//
// The answer: access_token, issued_token_type `…:jwt`, token_type `Bearer` (the broker takes it as one), expires_in in
// seconds, session_id, session_expires (RFC 3339), scope where roles were named.
// Errors are RFC 6749 §5.2's, status 400. A subject_token that is not valid or has expired is `invalid_request`, as
// RFC 8693 §2.2.2 demands; a subject that is barred by a revocation (the store knows, at the moment of making the
// session) is `invalid_grant`. Status 503 `temporarily_unavailable`, where the issuer's keys or our disk are away.
class TokenExchange {
 public:
  // All outlive the exchange.
  TokenExchange(TokenVerifier& verifier, storage::SessionStore& sessions, const SessionTokens& tokens, ClaimMapper map,
                RoleActivator roles, ExchangeSettings settings);

  // Calls `done` exactly once: inline, or from one of the verifier's threads. Writing the session blocks its thread for
  // the length of one durable write.
  void exchange(std::string_view form_body, Timestamp now, std::function<void(ExchangeAnswer)> done) const;

 private:
  struct Request;
  ExchangeAnswer open_session(const Request& request, const VerifiedClaims& claims, Timestamp now) const;

  TokenVerifier& verifier_;
  storage::SessionStore& sessions_;
  const SessionTokens& tokens_;
  const ClaimMapper map_;
  const RoleActivator roles_;
  const ExchangeSettings settings_;
};

}  // namespace portreeve::pdp

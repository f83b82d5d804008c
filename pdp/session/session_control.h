// What an orchestrator does with sessions over HTTP, and what gates may know of tokens (docs/sessions.md). No HTTP
// here: the caller brings bodies, has checked who may, and takes JSON.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "pdp/session/revocations.h"
#include "pdp/session/role_activation.h"
#include "pdp/session/session_token.h"
#include "pdp/session/token_exchange.h"
#include "storage/sessions/session_store.h"

namespace portreeve::pdp {

// Thread-safe. What writes blocks for the length of one durable commit.
class SessionControl {
 public:
  // Both outlive this.
  SessionControl(storage::SessionStore& sessions, const SessionTokens& tokens, RoleActivator roles)
      : sessions_(sessions), tokens_(tokens), roles_(std::move(roles)) {}

  // Bodies are objects or null, and hold no other members. 404 `session-unknown`, 409 `session-not-live`.
  // `{"audience":"portreeve"|"portreeve-supervisor"}`: a new token, as the token endpoint answers. Writes nothing.
  SessionResult<JsonValue> renew(std::string_view id, const JsonValue& body, Timestamp now) const;
  // `{"addresses":[…]}`, at most kAddressesPerSession: sets the whole set; SESSION. 409 `address-bound`.
  SessionResult<JsonValue> bind(std::string_view id, const JsonValue& body, Timestamp now) const;
  // `{"activate":["r"],"drop":["r"]}`, either or both: all of it or nothing; SESSION. 409 `role-not-authorised`
  // `constraint-violated` `role-not-active` `role-inherited` `too-many-roles` (rbac::change_roles).
  SessionResult<JsonValue> change_roles(std::string_view id, const JsonValue& body, std::string_view actor,
                                        Timestamp now) const;
  // `{"reason":"…"}`: ends it, once; SESSION.
  SessionResult<JsonValue> end(std::string_view id, const JsonValue& body, std::string_view actor, Timestamp now) const;

  // RFC 7009 §2: revokes the session of a token of ours, whatever its age. Any other token is no error (§2.2), and
  // changes nothing.
  struct TokenRevocation {
    ExchangeAnswer answer;
    std::string session;  // the one that is revoked; empty where none is
  };
  TokenRevocation revoke_token(std::string_view form, std::string_view actor, Timestamp now) const;
  // RFC 7662 §2: whether a token of ours could be used now, and whose it is. Writes nothing.
  ExchangeAnswer introspect(std::string_view form, Timestamp now) const;

 private:
  storage::SessionStore& sessions_;
  const SessionTokens& tokens_;
  const RoleActivator roles_;
};

}  // namespace portreeve::pdp

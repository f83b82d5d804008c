// From who is said to ask to who asks (SEMANTICS §1, §8, §11).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "engine/reader/request_reader.h"
#include "engine/wire/principal.h"
#include "engine/wire/reason.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/service/pep_authenticator.h"
#include "pdp/session/session_token.h"
#include "pdp/session/token_exchange.h"
#include "storage/sessions/session_store.h"

namespace portreeve::pdp {

// Either a principal to judge by, or the reason why there is none.
struct Identity {
  std::optional<wire::Reason> failure;
  wire::Principal principal;
  storage::SessionPointer session;  // the one that token or address proved, also where it may not ask; else null
  std::int64_t event = 0;           // the last event that was taken into account
};

// Who is said to ask, and what is known of how they reached the gate.
struct Asking {
  const reader::SubjectStatement& subject;
  const std::optional<std::string>& source;  // the peer's address as the gate saw it, canonical
  const Caller& gate;
};

// Thread-safe.
class SubjectResolver {
 public:
  // All outlive the resolver. `map` says whose a verified token is, by the policies in force.
  SubjectResolver(TokenVerifier& verifier, const SessionTokens& tokens, storage::SessionStore& sessions,
                  ClaimMapper map)
      : verifier_(verifier), tokens_(tokens), sessions_(sessions), map_(std::move(map)) {}

  // Calls `done` exactly once: inline, or, where an issuer's keys must be fetched first, from a thread of the verifier.
  // A subject known by a token is that token's, whatever else the statement says; one of type `address` is the session
  // that the PDP bound to it; a supervisor's own session needs no token but its credential. A subject without one is
  // taken on the word of the gate; judgement decides where that suffices. Views of `asking` are used until `done`.
  void resolve(const Asking& asking, Timestamp now, std::function<void(Identity)> done) const;

 private:
  Identity of_session(const Asking& asking, Timestamp now) const;
  Identity of_address(const Asking& asking, Timestamp now) const;
  bool is_anothers(const std::optional<std::string>& source, const storage::Session& session, Timestamp now) const;

  TokenVerifier& verifier_;
  const SessionTokens& tokens_;
  storage::SessionStore& sessions_;
  const ClaimMapper map_;
};

}  // namespace portreeve::pdp

#include "pdp/service/subject_resolver.h"

#include <algorithm>
#include <utility>

namespace portreeve::pdp {
namespace {

using wire::Reason;

Reason reason_of(TokenFailure failure) {
  switch (failure) {
    case TokenFailure::expired:
      return Reason::token_expired;
    case TokenFailure::invalid:
    case TokenFailure::keys_unavailable:
      return Reason::token_invalid;
  }
  return Reason::token_invalid;
}

Identity failed(Reason reason) { return {reason, {}}; }

Identity of_user(const reader::SubjectStatement& subject, const TokenVerdict& verdict, const ClaimMapper& map) {
  if (!verdict) return failed(reason_of(verdict.refusal().failure));
  const VerifiedClaims& verified = *verdict.claims();
  const Result<MappedSubject> mapped = map(verified);
  if (!mapped || subject.id != verified.provider() + "/" + mapped->sub) return failed(Reason::token_invalid);
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = subject.id;
  principal.provider = verified.provider();
  principal.claims = verified.claims();
  principal.token_expires = verified.expires();
  return {std::nullopt, std::move(principal)};
}

Identity asserted(const reader::SubjectStatement& subject) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::asserted;
  principal.type = subject.type;
  principal.id = subject.id;
  if (subject.type == "user") principal.provider = subject.id.substr(0, subject.id.find('/'));
  principal.properties = subject.properties;
  return {std::nullopt, std::move(principal)};
}

}  // namespace

wire::Principal principal_of(const storage::Session& session, Timestamp token_expires) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = session.subject_id;
  principal.provider = session.provider;
  principal.claims = session.claims;
  principal.chosen_tenant = session.tenant;
  principal.token_expires = std::min(token_expires, session.expires);
  principal.session =
      wire::SessionFacts{session.id, session.created, {session.labels.begin(), session.labels.end()}, {}, {}};
  return principal;
}

Identity SubjectResolver::of_session(const reader::SubjectStatement& subject, Timestamp now) const {
  if (!subject.token) return failed(Reason::token_missing);
  const SessionTokenVerdict verdict = tokens_.verify(*subject.token, TokenBearer::workload, now);
  if (!verdict) return failed(reason_of(verdict.refusal().failure));
  const SessionTokenClaims& claims = *verdict.claims();
  if (claims.sid != subject.id) return failed(Reason::token_invalid);
  const auto found = sessions_.find(claims.sid);
  if (!found || *found == nullptr) return failed(Reason::session_unknown);
  const storage::Session& session = **found;
  if (session.ended || session.expires <= now) return failed(Reason::session_ended);
  if (session.revoked) return failed(Reason::session_revoked);
  if (claims.sub != session.subject_id) return failed(Reason::token_invalid);
  if (claims.tenant != session.tenant) return failed(Reason::tenant_mismatch);
  return {std::nullopt, principal_of(session, claims.expires)};
}

void SubjectResolver::resolve(const reader::SubjectStatement& subject, Timestamp now,
                              std::function<void(Identity)> done) const {
  if (subject.type == "session") return done(of_session(subject, now));
  if (subject.type == "address") return done(failed(Reason::session_unknown));  // no session is bound to an address yet
  if (subject.type == "user" && subject.token) {
    return verifier_.verify(*subject.token, now, [this, subject, done = std::move(done)](const TokenVerdict& verdict) {
      done(of_user(subject, verdict, map_));
    });
  }
  done(asserted(subject));
}

}  // namespace portreeve::pdp

#include "pdp/service/subject_resolver.h"

#include <algorithm>
#include <utility>

#include "storage/sessions/principal.h"

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

Identity failed(Reason reason) { return {reason, {}, nullptr, 0}; }

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
  return {std::nullopt, std::move(principal), nullptr, 0};
}

Identity asserted(const reader::SubjectStatement& subject) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::asserted;
  principal.type = subject.type;
  principal.id = subject.id;
  if (subject.type == "user") principal.provider = subject.id.substr(0, subject.id.find('/'));
  principal.properties = subject.properties;
  return {std::nullopt, std::move(principal), nullptr, 0};
}

bool is_bound(const storage::Session& session, const std::optional<std::string>& source) {
  const auto address = source ? net::IpAddress::parse(*source) : Result<net::IpAddress>(fail(""));
  return address && std::ranges::find(session.addresses, *address) != session.addresses.end();
}

std::optional<Reason> tenant_failure(const SessionTokenClaims& claims, const storage::Session& session) {
  return claims.tenant == session.tenant ? std::nullopt : std::optional(Reason::tenant_mismatch);
}

// A session that was proved, as a principal or as the first of the reasons that hold (SEMANTICS §1): `failure`, if it
// stands before the session's state, that state, `failure`.
Identity standing(const storage::SessionPointer& session, std::optional<Reason> failure, Timestamp token_expires,
                  Timestamp now) {
  std::optional<Reason> reason = failure;
  if (!failure || *failure > Reason::session_revoked) {
    if (session->revoked) reason = Reason::session_revoked;
    if (session->ended || session->expires <= now) reason = Reason::session_ended;
  }
  if (reason) return {reason, {}, session, 0};
  return {std::nullopt, storage::principal_of(*session, token_expires), session, 0};
}

}  // namespace

Identity SubjectResolver::of_session(const Asking& asking, Timestamp now) const {
  const reader::SubjectStatement& subject = asking.subject;
  if (!subject.token && asking.gate.session == subject.id) {
    const auto found = sessions_.find(subject.id);
    if (!found || *found == nullptr) return failed(Reason::session_unknown);
    return standing(*found, std::nullopt, asking.gate.expires.value_or(now), now);
  }
  if (!subject.token) return failed(Reason::token_missing);
  const SessionTokenVerdict verdict = tokens_.verify(*subject.token, TokenBearer::workload, now, TokenAge::ignored);
  if (!verdict) return failed(reason_of(verdict.refusal().failure));
  const SessionTokenClaims& claims = *verdict.claims();
  if (claims.sid != subject.id) return failed(Reason::token_invalid);
  const bool is_old = now >= claims.expires;
  const auto found = sessions_.find(claims.sid);
  if (!found || *found == nullptr) return failed(is_old ? Reason::token_expired : Reason::session_unknown);
  const storage::Session& session = **found;
  if (claims.sub != session.subject_id) return failed(Reason::token_invalid);
  if (session.addresses.empty()) {
    if (is_anothers(asking.source, session, now)) return failed(Reason::token_invalid);
    return standing(*found, is_old ? std::optional(Reason::token_expired) : tenant_failure(claims, session),
                    claims.expires, now);
  }
  // From a bound address the address proves and the token only names: its age is not held against it.
  if (is_bound(session, asking.source)) return standing(*found, tenant_failure(claims, session), session.expires, now);
  return standing(*found, is_old ? Reason::token_expired : Reason::source_mismatch, claims.expires, now);
}

// Whether the source is bound to another session, whose token alone speaks from there.
bool SubjectResolver::is_anothers(const std::optional<std::string>& source, const storage::Session& session,
                                  Timestamp now) const {
  const auto address = source ? net::IpAddress::parse(*source) : Result<net::IpAddress>(fail(""));
  if (!address) return false;
  const auto found = sessions_.find_by_address(*address);
  if (!found) return true;  // it cannot be told, and so it is
  if (*found == nullptr) return false;
  const storage::Session& holder = **found;
  return holder.id != session.id && !holder.ended && now < holder.expires;
}

Identity SubjectResolver::of_address(const Asking& asking, Timestamp now) const {
  const auto address = net::IpAddress::parse(asking.subject.id);
  if (!address) return failed(Reason::session_unknown);
  const auto found = sessions_.find_by_address(*address);
  if (!found || *found == nullptr) return failed(Reason::session_unknown);
  const storage::Session& session = **found;
  if (asking.subject.token) {  // it need not come, but names this session where it does
    const SessionTokenVerdict verdict =
        tokens_.verify(*asking.subject.token, TokenBearer::workload, now, TokenAge::ignored);
    if (!verdict || verdict.claims()->sid != session.id) return failed(Reason::token_invalid);
  }
  const bool elsewhere = asking.source && !is_bound(session, asking.source);
  return standing(*found, elsewhere ? std::optional(Reason::source_mismatch) : std::nullopt, session.expires, now);
}

void SubjectResolver::resolve(const Asking& asking, Timestamp now, std::function<void(Identity)> done) const {
  // Before any session is looked at: what was cut up to this event is then seen as cut.
  const std::int64_t event = sessions_.events().last_number();
  const auto tell = [&](Identity identity) {
    identity.event = event;
    done(std::move(identity));
  };
  const reader::SubjectStatement& subject = asking.subject;
  if (subject.type == "session") return tell(of_session(asking, now));
  if (subject.type == "address") return tell(of_address(asking, now));
  if (subject.type == "user" && subject.token) {
    return verifier_.verify(*subject.token, now,
                            [this, event, subject, done = std::move(done)](const TokenVerdict& verdict) {
                              Identity identity = of_user(subject, verdict, map_);
                              identity.event = event;
                              done(std::move(identity));
                            });
  }
  tell(asserted(subject));
}

}  // namespace portreeve::pdp

#include "pdp/admin/visitor.h"

#include <future>

#include "engine/base/text.h"
#include "pdp/admin/cookie.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kBearer = "bearer ";

tl::unexpected<HttpResponse> unknown_visitor(std::string_view why) {
  HttpResponse answer = problem_response(401, "unauthenticated", why);
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return tl::unexpected(std::move(answer));
}

}  // namespace

Result<wire::Principal> principal_of(const VerifiedClaims& claims, const ClaimMapper& map) {
  TRY_ASSIGN(const MappedSubject mapped, map(claims));
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = claims.provider() + "/" + mapped.sub;
  principal.provider = claims.provider();
  principal.claims = claims.claims();
  return principal;
}

Step<Visitor> VisitorAuthenticator::by_token(std::string_view authorization) const {
  if (!equal_ignoring_ascii_case(authorization.substr(0, kBearer.size()), kBearer)) {
    return unknown_visitor("`Authorization` is `Bearer` and a token of an identity provider");
  }
  std::promise<TokenVerdict> promise;
  auto verdict = promise.get_future();
  parts_.verifier.verify(std::string(authorization.substr(kBearer.size())), parts_.clock.now(),
                         [&promise](TokenVerdict given) { promise.set_value(std::move(given)); });
  const TokenVerdict given = verdict.get();
  if (!given) {
    switch (given.refusal().failure) {
      case TokenFailure::invalid:
        return unknown_visitor("the token is not valid here");
      case TokenFailure::expired:
        return unknown_visitor("the token has expired");
      case TokenFailure::keys_unavailable:
        return unknown_visitor("the keys of the token's issuer cannot be had just now");
    }
  }
  auto principal = principal_of(*given.claims(), parts_.map);
  if (!principal) return unknown_visitor(principal.error().message);
  principal->token_expires = given.claims()->expires();
  return Visitor{*std::move(principal), given.claims()->expires(), std::nullopt};
}

Step<Visitor> VisitorAuthenticator::authenticate(const HttpRequest& request) const {
  const auto authorizations = request.headers("Authorization");
  if (authorizations.size() > 1) return unknown_visitor("`Authorization` stands twice");
  if (!authorizations.empty()) return by_token(authorizations.front());
  const auto key = find_cookie(request, cookie_);
  if (!key) return unknown_visitor("sign in, or send a token of an identity provider as `Authorization: Bearer`");
  const auto session = parts_.sessions.use(*key, parts_.clock.now());
  if (!session) return unknown_visitor("signed out: too long ago, or without use for too long");
  return Visitor{session->principal, session->expires, std::string(*key)};
}

}  // namespace portreeve::pdp

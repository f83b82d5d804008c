#include "pdp/session/session_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/random.h"
#include "engine/base/check.h"
#include "pdp/identity/check_token.h"
#include "pdp/identity/jwt.h"
#include "pdp/identity/token_cache.h"
#include "storage/sessions/session_store.h"

namespace portreeve::pdp {
namespace {

const char* audience_of(TokenBearer bearer) {
  switch (bearer) {
    case TokenBearer::workload:
      return kWorkloadAudience;
    case TokenBearer::supervisor:
      return kSupervisorAudience;
  }
  return "";
}

TokenRefusal invalid(std::string detail) { return {TokenFailure::invalid, std::move(detail)}; }

std::optional<Timestamp> time_claim(const JsonValue& claims, std::string_view name) {
  const JsonValue* claim = claims.find(name);
  return claim == nullptr || claim->as_int() == nullptr ? std::nullopt : read_numeric_date(*claim, Cut::down);
}

// The claim where it is a string and not empty, else nothing.
std::optional<std::string> text_claim(const JsonValue& claims, std::string_view name) {
  const JsonValue* claim = claims.find(name);
  if (claim == nullptr || claim->as_string() == nullptr || claim->as_string()->empty()) return std::nullopt;
  return *claim->as_string();
}

// Everything but issuer, audience and whether its time is over.
SessionTokenVerdict read_claims(const JsonValue& claims, Timestamp now) {
  SessionTokenClaims read;
  auto sid = text_claim(claims, "sid");
  auto sub = text_claim(claims, "sub");
  if (!sid || !sub) return invalid("`sid` or `sub` is missing");
  read.sid = std::move(*sid);
  read.sub = std::move(*sub);
  if (claims.find("tenant") != nullptr) {
    read.tenant = text_claim(claims, "tenant");
    if (!read.tenant) return invalid("`tenant` is no name");
  }
  const auto issued = time_claim(claims, "iat"), begins = time_claim(claims, "nbf"),
             expires = time_claim(claims, "exp");
  if (!issued || !begins || !expires) return invalid("`iat`, `nbf` or `exp` is missing or no time");
  if (*expires > issued->plus(kLongestSessionToken)) return invalid("good for longer than any session token");
  if (*begins > now.plus(kClockLeeway)) return invalid("`nbf` is to come");
  read.issued = *issued;
  read.expires = *expires;
  return std::make_shared<const SessionTokenClaims>(std::move(read));
}

// A verdict may be used again for the bearer that it was for.
struct CachedSession {
  std::shared_ptr<const SessionTokenClaims> claims;
  TokenBearer bearer = TokenBearer::workload;
};

}  // namespace

struct SessionTokens::Cache : TokenCache<CachedSession> {
  using TokenCache::TokenCache;
};

SessionTokens::SessionTokens(SigningKeys keys, std::string issuer, std::size_t cached_tokens)
    : keys_(std::move(keys)), issuer_(std::move(issuer)), cache_(std::make_unique<Cache>(cached_tokens)) {
  CHECK(!issuer_.empty());
}
SessionTokens::~SessionTokens() = default;

SessionTokens::Minted SessionTokens::mint(const About& about, TokenBearer bearer, Timestamp now) const {
  const std::int64_t expires =
      std::min(now.plus(kLongestSessionToken).unix_seconds(), about.session_expires.unix_seconds());
  JsonValue claims =
      JsonValue::Object{{"iss", issuer_},   {"aud", audience_of(bearer)},        {"sub", about.sub},
                        {"sid", about.sid}, {"iat", now.unix_seconds()},         {"nbf", now.unix_seconds()},
                        {"exp", expires},   {"jti", daemon::new_id("tok_", now)}};
  if (about.tenant) claims.set("tenant", *about.tenant);
  return {daemon::sign_jwt(keys_.current(), kSessionTokenType, claims), Timestamp::from_unix(expires)};
}

SessionTokenVerdict SessionTokens::verify(std::string_view token, TokenBearer bearer, Timestamp now,
                                          TokenAge age) const {
  const TokenDigest digest = digest_of(token);
  const auto cached = cache_->find(digest, now);
  SessionTokenVerdict verdict = cached != nullptr && cached->bearer == bearer ? SessionTokenVerdict(cached->claims)
                                                                              : verify_anew(token, bearer, now);
  if (!verdict) return verdict;
  const SessionTokenClaims& claims = *verdict.claims();
  if (cached == nullptr) {
    // As long as its session may live: from a bound address it names the session for all that time.
    cache_->put(digest, std::make_shared<const CachedSession>(CachedSession{verdict.claims(), bearer}),
                claims.issued.plus(storage::kLongestSession));
  }
  if (age == TokenAge::judged && now >= claims.expires) {
    return TokenRefusal{TokenFailure::expired, fmt::format("expired at {}", to_rfc3339(claims.expires))};
  }
  return verdict;
}

SessionTokenVerdict SessionTokens::verify_anew(std::string_view token, TokenBearer bearer, Timestamp now) const {
  const auto parsed = UnverifiedToken::parse(token);
  if (!parsed) return invalid(parsed.error().message);
  if (parsed->typ() != kSessionTokenType) return invalid(fmt::format("`typ` is not `{}`", kSessionTokenType));
  if (parsed->algorithm() != Algorithm::eddsa) return invalid("`alg` is not EdDSA");
  const PublicKey* key = parsed->kid() ? keys_.find(*parsed->kid()) : nullptr;
  if (key == nullptr) return invalid("no key of ours has this id");
  const JsonValue* claims = parsed->open(*key);
  if (claims == nullptr) return invalid("the signature is not ours");
  if (text_claim(*claims, "iss") != issuer_) return invalid(fmt::format("`iss` is not `{}`", issuer_));
  if (text_claim(*claims, "aud") != audience_of(bearer)) {
    return invalid(fmt::format("`aud` is not `{}`", audience_of(bearer)));
  }
  return read_claims(*claims, now);
}

}  // namespace portreeve::pdp

#include "pdp/identity/check_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

constexpr std::size_t kQuoted = 120;

TokenRefusal invalid(std::string detail) { return {TokenFailure::invalid, std::move(detail)}; }

bool holds_one_of(const JsonValue* aud, const std::vector<std::string>& audiences) {
  if (aud == nullptr) return false;
  const auto ours = [&](const std::string& text) { return std::ranges::find(audiences, text) != audiences.end(); };
  if (const std::string* one = aud->as_string()) return ours(*one);
  const JsonValue::Array* several = aud->as_array();
  if (several == nullptr) return false;
  bool found = false;
  for (const JsonValue& entry : *several) {
    if (entry.as_string() == nullptr) return false;
    found = found || ours(*entry.as_string());
  }
  return found;
}

// A refusal where the claim is there and is malformed or later than `now` and the leeway.
std::optional<TokenRefusal> refuse_to_come(const JsonValue& claims, std::string_view name, Timestamp now) {
  const JsonValue* claim = claims.find(name);
  if (claim == nullptr) return std::nullopt;
  const auto time = read_numeric_date(*claim, Cut::up);
  if (!time) return invalid(fmt::format("`{}` is no time", name));
  if (*time > now.plus(kClockLeeway)) return invalid(fmt::format("`{}` is to come: {}", name, to_rfc3339(*time)));
  return std::nullopt;
}

}  // namespace

std::optional<Timestamp> read_numeric_date(const JsonValue& value, Cut cut) {
  if (const std::int64_t* whole = value.as_int()) {
    if (*whole < 0 || *whole > kMaxUnixSeconds) return std::nullopt;
    return Timestamp::from_unix(*whole);
  }
  const double* number = value.as_double();
  if (number == nullptr) return std::nullopt;
  const double seconds = cut == Cut::down ? std::floor(*number) : std::ceil(*number);
  if (!(seconds >= 0 && seconds <= static_cast<double>(kMaxUnixSeconds))) return std::nullopt;
  return Timestamp::from_unix(static_cast<std::int64_t>(seconds));
}

std::optional<TokenRefusal> TokenChecker::refuse_at_sight(const UnverifiedToken& token, const ProviderTrust& provider) {
  if (token.unverified_issuer() != provider.issuer) {
    return invalid(fmt::format("`iss` is not `{}`", provider.issuer));
  }
  if (std::ranges::find(provider.algorithms, token.algorithm()) == provider.algorithms.end()) {
    return invalid(
        fmt::format("{} is not among the algorithms of provider `{}`", name_of(token.algorithm()), provider.name));
  }
  if (!token.typ().empty() && token.typ() != "jwt" && token.typ() != "at+jwt") {
    return invalid(fmt::format("`typ` `{}` is neither JWT nor at+jwt", printable(token.typ(), kQuoted)));
  }
  return std::nullopt;
}

TokenVerdict TokenChecker::check(const UnverifiedToken& token, const ProviderTrust& provider,
                                 const std::vector<PublicKey>& candidates, Timestamp now) {
  if (auto refusal = refuse_at_sight(token, provider)) return std::move(*refusal);
  if (candidates.empty()) {
    return invalid(fmt::format("provider `{}` has no key `{}` for {}", provider.name,
                               printable(token.kid().value_or("(none named)"), kQuoted), name_of(token.algorithm())));
  }
  const JsonValue* claims = nullptr;
  for (const PublicKey& key : candidates) {
    claims = token.open(key);
    if (claims != nullptr) break;
  }
  if (claims == nullptr) return invalid(fmt::format("the signature is not one of provider `{}`", provider.name));

  if (!holds_one_of(claims->find("aud"), provider.audiences)) {
    return invalid(fmt::format("`aud` holds none of the audiences of provider `{}`", provider.name));
  }
  const JsonValue* exp = claims->find("exp");
  const auto expires = exp == nullptr ? std::nullopt : read_numeric_date(*exp, Cut::down);
  if (!expires) return invalid("`exp` is missing or no time");
  for (const std::string_view name : {"nbf", "iat"}) {
    if (auto refusal = refuse_to_come(*claims, name, now)) return std::move(*refusal);
  }
  if (now >= *expires) return TokenRefusal{TokenFailure::expired, fmt::format("expired at {}", to_rfc3339(*expires))};
  return std::shared_ptr<const VerifiedClaims>(new VerifiedClaims(provider.name, provider.issuer, *claims, *expires));
}

}  // namespace portreeve::pdp

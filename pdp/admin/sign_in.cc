#include "pdp/admin/sign_in.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <future>

#include "daemon/random.h"
#include "engine/base/text.h"
#include "pdp/admin/visitor.h"

namespace portreeve::pdp {
namespace {

std::string random_text() { return base64url_encode(daemon::random_bytes(32)); }

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

bool is_text(const JsonValue* value, std::string_view text) {
  return value != nullptr && value->as_string() != nullptr && *value->as_string() == text;
}

tl::unexpected<SignIns::Failed> failed(SignInFailure failure, std::string detail) {
  return tl::unexpected(SignIns::Failed{failure, std::move(detail)});
}

}  // namespace

std::string_view to_text(SignInFailure failure) {
  switch (failure) {
    case SignInFailure::refused:
      return "refused";
    case SignInFailure::expired:
      return "expired";
    case SignInFailure::failed:
      return "failed";
  }
  return "failed";
}

Result<SignIns::Begun> SignIns::begin(const model::IdentityProvider& provider, std::string return_to) {
  TRY_ASSIGN(const OpenIdEndpoints endpoints, parts_.client.endpoints(provider.issuer));
  const Timestamp now = parts_.clock.now();
  Pending pending{provider.name, provider.issuer, *provider.console_client, random_text(),
                  random_text(), random_text(),   std::move(return_to),     now.plus(kPatience)};
  const std::string state = random_text();
  Begun begun;
  begun.browser = pending.browser;
  begun.address = fmt::format(
      "{}{}response_type=code&scope=openid&client_id={}&redirect_uri={}&state={}&nonce={}&code_challenge={}"
      "&code_challenge_method=S256",
      endpoints.authorization, endpoints.authorization.find('?') == std::string::npos ? "?" : "&",
      escaped(pending.client_id), escaped(redirect_uri_), state, pending.nonce, code_challenge(pending.verifier));
  const MutexLock lock(mutex_);
  if (pending_.size() >= kMost) {
    std::erase_if(pending_, [&](const auto& entry) { return entry.second.until <= now; });
  }
  if (pending_.size() >= kMost) {
    pending_.erase(std::ranges::min_element(pending_, {}, [](const auto& entry) { return entry.second.until; }));
  }
  pending_.emplace(state, std::move(pending));
  return begun;
}

std::optional<SignIns::Pending> SignIns::take(const std::string& state) {
  const MutexLock lock(mutex_);
  auto node = pending_.extract(state);
  if (!node || node.mapped().until <= parts_.clock.now()) return std::nullopt;
  return std::move(node.mapped());
}

tl::expected<SignIns::Ended, SignIns::Failed> SignIns::believe(const Pending& pending, const std::string& id_token) {
  std::promise<TokenVerdict> promise;
  auto verdict = promise.get_future();
  parts_.verifier.verify(id_token, parts_.clock.now(),
                         [&promise](TokenVerdict given) { promise.set_value(std::move(given)); });
  const TokenVerdict given = verdict.get();
  if (!given) return failed(SignInFailure::failed, given.refusal().detail);
  const VerifiedClaims& claims = *given.claims();
  if (claims.provider() != pending.provider) return failed(SignInFailure::failed, "the ID token is another issuer's");
  if (!is_text(claims.claims().find("nonce"), pending.nonce)) {
    return failed(SignInFailure::failed, "the ID token is not of this sign-in: `nonce` differs");
  }
  const JsonValue* const party = claims.claims().find("azp");
  if (party != nullptr && !is_text(party, pending.client_id)) {
    return failed(SignInFailure::failed, "the ID token was made for another client");
  }
  auto principal = principal_of(claims, parts_.map);
  if (!principal) return failed(SignInFailure::failed, principal.error().message);
  return Ended{*std::move(principal), pending.return_to};
}

tl::expected<SignIns::Ended, SignIns::Failed> SignIns::end(const Answer& answer,
                                                           std::optional<std::string_view> browser) {
  const auto pending = take(answer.state);
  if (!pending) return failed(SignInFailure::expired, "no sign-in of that state is under way");
  if (!browser || !equal_in_constant_time(*browser, pending->browser)) {
    return failed(SignInFailure::expired, "another browser began this sign-in");
  }
  if (!answer.issuer.empty() && answer.issuer != pending->issuer) {
    return failed(SignInFailure::failed, "another issuer answered");
  }
  if (!answer.error.empty())
    return failed(SignInFailure::refused, "the provider said `" + printable(answer.error) + "`");
  if (answer.code.empty()) return failed(SignInFailure::failed, "the provider gave no code");
  const auto id_token =
      parts_.client.redeem(pending->issuer, {pending->client_id, answer.code, pending->verifier, redirect_uri_});
  if (!id_token) return failed(SignInFailure::failed, id_token.error().message);
  return believe(*pending, *id_token);
}

}  // namespace portreeve::pdp

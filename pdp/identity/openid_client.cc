#include "pdp/identity/openid_client.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/identity/url.h"

namespace portreeve::pdp {
namespace {

std::chrono::steady_clock::time_point deadline() { return std::chrono::steady_clock::now() + OpenIdClient::kPatience; }

Result<std::string> text_member(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = object.find(name);
  const std::string* const text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr || text->empty()) return fail(fmt::format("it names no `{}`", name));
  return *text;
}

Result<std::string> address_member(const JsonValue& object, std::string_view name) {
  TRY_ASSIGN(std::string text, text_member(object, name));
  const auto url = Url::parse(text);
  if (!url) return fail(fmt::format("its `{}`: {}", name, url.error().message));
  return text;
}

std::string form_field(std::string_view name, std::string_view value) {
  std::string out(name);
  out += '=';
  for (const char c : value) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

Result<OpenIdEndpoints> read_openid_configuration(std::string_view body, std::string_view issuer) {
  TRY_ASSIGN(const JsonValue document, reader::parse_json(body, {.bytes = limits::kJwksBytes}));
  TRY_ASSIGN(const std::string named, text_member(document, "issuer"));
  if (named != issuer) return fail("it is the configuration of another issuer");
  OpenIdEndpoints out;
  TRY_ASSIGN(out.authorization, address_member(document, "authorization_endpoint"));
  TRY_ASSIGN(out.token, address_member(document, "token_endpoint"));
  return out;
}

Result<std::string> read_token_answer(std::string_view body) {
  TRY_ASSIGN(const JsonValue answer, reader::parse_json(body, {.bytes = limits::kJwksBytes}));
  TRY_ASSIGN(std::string token, text_member(answer, "id_token"));
  if (token.size() > limits::kTokenBytes) return fail("the ID token is longer than any that is believed");
  return token;
}

std::string code_challenge(std::string_view verifier) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(verifier.data()), verifier.size(), digest.data());
  return base64url_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Result<OpenIdEndpoints> OpenIdClient::find(const std::string& issuer) {
  const auto known = known_.find(issuer);
  if (known != known_.end() && clock_.steady_millis() < known->second.until_millis) return known->second.endpoints;
  TRY_ASSIGN(const Url url, Url::parse(discovery_address(issuer)));
  TRY_ASSIGN(const Fetched fetched, fetch_.get(url, deadline()));
  TRY_ASSIGN(OpenIdEndpoints endpoints, read_openid_configuration(fetched.body, issuer));
  known_.insert_or_assign(issuer, Known{endpoints, clock_.steady_millis() + kKept.count()});
  return endpoints;
}

Result<OpenIdEndpoints> OpenIdClient::endpoints(const std::string& issuer) {
  const MutexLock lock(mutex_);
  return find(issuer);
}

Result<std::string> OpenIdClient::redeem(const std::string& issuer, const Redemption& redemption) {
  const MutexLock lock(mutex_);
  TRY_ASSIGN(const OpenIdEndpoints endpoints, find(issuer));
  TRY_ASSIGN(const Url url, Url::parse(endpoints.token));
  const std::string form = form_field("grant_type", "authorization_code") + "&" +
                           form_field("client_id", redemption.client_id) + "&" + form_field("code", redemption.code) +
                           "&" + form_field("code_verifier", redemption.verifier) + "&" +
                           form_field("redirect_uri", redemption.redirect_uri);
  TRY_ASSIGN(const Fetched fetched, fetch_.post_form(url, form, deadline()));
  return read_token_answer(fetched.body);
}

}  // namespace portreeve::pdp

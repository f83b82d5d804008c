#include "accounting/api/reader_tokens.h"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/base/json_value.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::accounting {
namespace {

constexpr std::int64_t kLongestLife = 300;
constexpr std::int64_t kSkew = 30;
constexpr std::int64_t kFreshMillis = 300'000;
constexpr std::int64_t kAgainMillis = 10'000;
constexpr int kFetchSeconds = 5;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

struct Parts {
  std::string_view signed_part;
  JsonValue header;
  std::string_view payload;
  std::string_view signature;
};

Result<JsonValue> decoded_object(std::string_view part) {
  const auto bytes = base64url_decode(part);
  if (!bytes) return fail("the token is no JWT");
  auto value = reader::parse_json(*bytes, {limits::kTokenBytes, limits::kJsonDepth});
  if (!value || value->as_object() == nullptr) return fail("the token is no JWT");
  return value;
}

const std::string* text_in(const JsonValue& object, std::string_view key) {
  const JsonValue* const value = object.find(key);
  return value == nullptr ? nullptr : value->as_string();
}
bool says(const JsonValue& object, std::string_view key, std::string_view text) {
  const std::string* const value = text_in(object, key);
  return value != nullptr && *value == text;
}

Result<Parts> parts_of(std::string_view token) {
  if (token.size() > limits::kTokenBytes) return fail("the token is too long");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return fail("the token is no JWT");
  }
  Parts parts;
  parts.signed_part = token.substr(0, second);
  parts.payload = token.substr(first + 1, second - first - 1);
  parts.signature = token.substr(second + 1);
  TRY_ASSIGN(parts.header, decoded_object(token.substr(0, first)));
  if (!says(parts.header, "alg", "EdDSA")) return fail("the token is not signed by EdDSA");
  if (!says(parts.header, "typ", kReaderTokenType)) return fail("the token is of another type");
  if (parts.header.find("crit") != nullptr) return fail("the token demands what is not known here");
  return parts;
}

bool verifies(const std::string& key, std::string_view message, std::string_view signature) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(key.data()),
                                  key.size()),
      EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return pkey && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

bool is_for_us(const JsonValue& claims) {
  if (says(claims, "aud", kReaderAudience)) return true;
  const JsonValue* const audience = claims.find("aud");
  const JsonValue::Array* const list = audience == nullptr ? nullptr : audience->as_array();
  return list != nullptr && std::any_of(list->begin(), list->end(), [](const JsonValue& one) {
           return one.as_string() != nullptr && *one.as_string() == kReaderAudience;
         });
}

// A NumericDate (RFC 7519 §2) in whole seconds.
std::optional<std::int64_t> seconds_in(const JsonValue& claims, std::string_view key) {
  const JsonValue* const value = claims.find(key);
  if (value == nullptr || value->as_int() == nullptr) return std::nullopt;
  return *value->as_int();
}

}  // namespace

Result<ReaderKeys> ReaderKeys::parse(std::string_view jwks) {
  TRY_ASSIGN(const JsonValue root, reader::parse_json(jwks, {limits::kJwksBytes, limits::kJsonDepth}));
  const JsonValue* const keys = root.find("keys");
  const JsonValue::Array* const list = keys == nullptr ? nullptr : keys->as_array();
  if (list == nullptr) return fail("no key set: `keys` is no list");
  if (list->size() > limits::kJwksKeys) return fail(fmt::format("more than {} keys", limits::kJwksKeys));
  ReaderKeys out;
  for (const JsonValue& key : *list) {
    if (!says(key, "kty", "OKP") || !says(key, "crv", "Ed25519")) continue;
    const std::string* const kid = text_in(key, "kid");
    const std::string* const x = text_in(key, "x");
    const auto bytes = x == nullptr ? std::nullopt : base64url_decode(*x);
    if (kid == nullptr || kid->empty() || !bytes || bytes->size() != kKeyBytes) continue;
    out.keys_.emplace(*kid, *bytes);
  }
  return out;
}

const std::string* ReaderKeys::find(std::string_view kid) const {
  const auto found = keys_.find(kid);
  return found == keys_.end() ? nullptr : &found->second;
}

Result<std::string> key_id_of(std::string_view token) {
  TRY_ASSIGN(const Parts parts, parts_of(token));
  const std::string* const kid = text_in(parts.header, "kid");
  if (kid == nullptr || kid->empty()) return fail("the token names no key");
  return *kid;
}

Result<TokenReader> check_reader_token(std::string_view token, const ReaderKeys& keys, Timestamp now) {
  TRY_ASSIGN(const std::string kid, key_id_of(token));
  TRY_ASSIGN(const Parts parts, parts_of(token));
  const std::string* const key = keys.find(kid);
  if (key == nullptr) return fail("the token's key is not known");
  const auto signature = base64url_decode(parts.signature);
  if (!signature || signature->size() != kSignatureBytes || !verifies(*key, parts.signed_part, *signature)) {
    return fail("the token's signature is wrong");
  }
  TRY_ASSIGN(const JsonValue claims, decoded_object(parts.payload));
  if (!is_for_us(claims)) return fail("the token is for another audience");
  const std::int64_t time = now.unix_seconds();
  const auto expires = seconds_in(claims, "exp");
  if (!expires) return fail("the token has no end");
  if (*expires <= time) return fail("the token has expired");
  if (*expires > time + kLongestLife) return fail("the token lives longer than five minutes");
  for (const std::string_view begin : {"nbf", "iat"}) {
    if (claims.find(begin) == nullptr) continue;
    const auto from = seconds_in(claims, begin);
    if (!from || *from > time + kSkew) return fail("the token is not valid yet");
  }
  const JsonValue* const tenant = claims.find("tenant");
  if (tenant == nullptr) return TokenReader{};
  if (tenant->as_string() == nullptr || tenant->as_string()->empty()) return fail("the token's tenant is no name");
  return TokenReader{*tenant->as_string()};
}

Result<std::unique_ptr<ReaderKeySource>> ReaderKeySource::open(std::string place, const daemon::Clock& clock) {
  if (place.empty()) return fail("no place of a key set is given");
  return std::unique_ptr<ReaderKeySource>(new ReaderKeySource(std::move(place), clock));
}

Result<ReaderKeys> ReaderKeySource::fetch() const {
  const bool remote = place_.compare(0, 7, "http://") == 0 || place_.compare(0, 8, "https://") == 0;
  if (!remote) {
    std::ifstream file(place_, std::ios::binary);
    std::string text(limits::kJwksBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file && !file.eof()) return fail(fmt::format("`{}` cannot be read", place_));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return ReaderKeys::parse(text);
  }
  const std::size_t slash = place_.find('/', place_.find("://") + 3);
  const std::string origin = place_.substr(0, slash);
  const std::string path = slash == std::string::npos ? "/" : place_.substr(slash);
  httplib::Client client(origin);
  client.set_connection_timeout(kFetchSeconds);
  client.set_read_timeout(kFetchSeconds);
  std::string body;
  bool too_large = false;
  const auto reply = client.Get(path.c_str(), [&](const char* data, std::size_t size) {
    too_large = body.size() + size > limits::kJwksBytes;
    if (!too_large) body.append(data, size);
    return !too_large;
  });
  if (!reply) return fail(fmt::format("`{}` does not answer", place_));
  if (reply->status != 200) return fail(fmt::format("`{}` answers {}", place_, reply->status));
  return ReaderKeys::parse(body);
}

Result<TokenReader> ReaderKeySource::check(std::string_view token) {
  TRY_ASSIGN(const std::string kid, key_id_of(token));
  std::shared_ptr<const ReaderKeys> keys;
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    const std::int64_t now = clock_.steady_millis();
    const std::int64_t age = now - fetched_millis_;
    keys = keys_;
    const bool first = fetched_millis_ == 0;
    const bool missing = keys == nullptr || keys->find(kid) == nullptr;
    wanted = first || age >= kFreshMillis || (missing && age >= kAgainMillis);
    if (wanted) fetched_millis_ = now;
  }
  if (wanted) {
    auto fetched = fetch();
    if (!fetched && keys == nullptr) return fail("the readers' keys cannot be had: " + fetched.error().message);
    if (fetched) {
      keys = std::make_shared<const ReaderKeys>(std::move(*fetched));
      const MutexLock lock(mutex_);
      keys_ = keys;
    }
  }
  if (keys == nullptr) return fail("the readers' keys cannot be had");
  return check_reader_token(token, *keys, clock_.now());
}

}  // namespace portreeve::accounting

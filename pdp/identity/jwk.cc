#include "pdp/identity/jwk.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::pdp {
namespace {

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* object) const { free_it(object); }
};
using Bignum = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM, OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG, ECDSA_SIG_free>>;

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;              // a verification with more takes milliseconds
constexpr BN_ULONG kLeastRsaExponent = 65'537;  // FIPS 186-5 §5.1
constexpr int kMostRsaExponentBits = 32;
constexpr std::size_t kP256CoordinateBytes = 32;
constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;
constexpr int kPssSaltBytes = 32;  // RFC 7518 §3.5: as long as the hash

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// The decoded base64url member of that name.
Result<std::string> octets(const JsonValue& jwk, std::string_view name) {
  const JsonValue* member = jwk.find(name);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  if (text == nullptr) return fail(fmt::format("`{}` is missing or no string", name));
  auto decoded = base64url_decode(*text);
  if (!decoded || decoded->empty()) return fail(fmt::format("`{}` is not base64url", name));
  return std::move(*decoded);
}

// RFC 7518 §2 Base64urlUInt: big-endian, as few bytes as hold it.
Result<Bignum> unsigned_integer(const JsonValue& jwk, std::string_view name) {
  TRY_ASSIGN(const std::string raw, octets(jwk, name));
  if (raw.front() == '\0') return fail(fmt::format("`{}` has leading zeros", name));
  return Bignum(BN_bin2bn(bytes(raw), static_cast<int>(raw.size()), nullptr));
}

Result<std::shared_ptr<EVP_PKEY>> build(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return fail("not a valid public key");
  }
  return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
}

// What a JWK says about its own use, checked; the algorithm it is bound to, if any.
Result<std::optional<Algorithm>> read_purpose(const JsonValue& jwk) {
  for (const std::string_view secret : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    if (jwk.find(secret) != nullptr) {
      return fail(fmt::format("`{}` is private: a key that was published so is lost", secret));
    }
  }
  if (const JsonValue* use = jwk.find("use"); use != nullptr && *use != JsonValue("sig")) {
    return fail("`use` is not `sig`");
  }
  if (const JsonValue* operations = jwk.find("key_ops"); operations != nullptr) {
    const JsonValue::Array* list = operations->as_array();
    if (list == nullptr || std::ranges::find(*list, JsonValue("verify")) == list->end()) {
      return fail("`key_ops` does not hold `verify`");
    }
  }
  const JsonValue* bound = jwk.find("alg");
  if (bound == nullptr) return std::optional<Algorithm>();
  const std::string* name = bound->as_string();
  const auto algorithm = name == nullptr ? std::nullopt : algorithm_from_name(*name);
  if (!algorithm) return fail("`alg` is none of RS256, PS256, ES256, EdDSA");
  return algorithm;
}

// An ECDSA signature of JWS as OpenSSL wants it. Empty where it has another length.
std::string der_from_raw(std::string_view raw) {
  if (raw.size() != 2 * kP256CoordinateBytes) return {};
  const EcdsaSignature signature(ECDSA_SIG_new());
  Bignum r(BN_bin2bn(bytes(raw), kP256CoordinateBytes, nullptr));
  Bignum s(BN_bin2bn(bytes(raw) + kP256CoordinateBytes, kP256CoordinateBytes, nullptr));
  if (signature == nullptr || r == nullptr || s == nullptr) return {};
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // set0 took both
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool set_padding(EVP_PKEY_CTX* context, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    case Algorithm::ps256:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kPssSaltBytes) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
    case Algorithm::es256:
    case Algorithm::eddsa:
      return true;
  }
  return false;
}

bool verify_with(EVP_PKEY* key, Algorithm algorithm, std::string_view message, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == Algorithm::eddsa ? nullptr : EVP_sha256();
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  const bool verified =
      context != nullptr && EVP_DigestVerifyInit(context.get(), &key_context, digest, nullptr, key) == 1 &&
      set_padding(key_context, algorithm) &&
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
  // A refusal leaves entries in this thread's error queue, which later TLS calls would take for their own.
  if (!verified) ERR_clear_error();
  return verified;
}

std::string label_of(const JsonValue& jwk) {
  const JsonValue* kid = jwk.find("kid");
  return kid != nullptr && kid->as_string() != nullptr ? fmt::format(" (`{}`)", printable(*kid->as_string(), 64)) : "";
}

}  // namespace

Result<PublicKey> PublicKey::read_rsa(const JsonValue& jwk) {
  TRY_ASSIGN(const Bignum n, unsigned_integer(jwk, "n"));
  TRY_ASSIGN(const Bignum e, unsigned_integer(jwk, "e"));
  const int bits = BN_num_bits(n.get());
  if (bits < kLeastRsaBits || bits > kMostRsaBits || BN_is_odd(n.get()) == 0) {
    return fail(
        fmt::format("an RSA modulus of {} bits; {} to {} are accepted, odd ones", bits, kLeastRsaBits, kMostRsaBits));
  }
  if (BN_num_bits(e.get()) > kMostRsaExponentBits || BN_get_word(e.get()) < kLeastRsaExponent ||
      BN_is_odd(e.get()) == 0) {
    return fail("an RSA exponent that is not odd and from 65537 to 2^32");
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  TRY_ASSIGN(auto key, build("RSA", builder.get()));
  return PublicKey(Type::rsa, std::move(key));
}

Result<PublicKey> PublicKey::read_ec(const JsonValue& jwk) {
  if (const JsonValue* curve = jwk.find("crv"); curve == nullptr || *curve != JsonValue("P-256")) {
    return fail("an EC key on another curve than `P-256`");
  }
  TRY_ASSIGN(const std::string x, octets(jwk, "x"));
  TRY_ASSIGN(const std::string y, octets(jwk, "y"));
  if (x.size() != kP256CoordinateBytes || y.size() != kP256CoordinateBytes) {
    return fail("coordinates that are not 32 bytes long");
  }
  const std::string point = '\x04' + x + y;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  TRY_ASSIGN(auto key, build("EC", builder.get()));
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) {
    ERR_clear_error();
    return fail("not a point on the curve");
  }
  return PublicKey(Type::p256, std::move(key));
}

Result<PublicKey> PublicKey::read_okp(const JsonValue& jwk) {
  if (const JsonValue* curve = jwk.find("crv"); curve == nullptr || *curve != JsonValue("Ed25519")) {
    return fail("an OKP key on another curve than `Ed25519`");
  }
  TRY_ASSIGN(const std::string x, octets(jwk, "x"));
  if (x.size() != kEd25519KeyBytes) return fail("an Ed25519 key that is not 32 bytes long");
  std::shared_ptr<EVP_PKEY> key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()),
                                EVP_PKEY_free);
  if (key == nullptr) return fail("not a valid public key");
  return PublicKey(Type::ed25519, std::move(key));
}

Result<PublicKey> PublicKey::from_jwk(const JsonValue& jwk) {
  if (jwk.as_object() == nullptr) return fail("a key that is no object");
  TRY_ASSIGN(const std::optional<Algorithm> bound, read_purpose(jwk));
  const JsonValue* kid = jwk.find("kid");
  if (kid != nullptr && kid->as_string() == nullptr) return fail("`kid` is no string");
  const JsonValue* type = jwk.find("kty");
  auto key = type == nullptr             ? Result<PublicKey>(fail("`kty` is missing"))
             : *type == JsonValue("RSA") ? read_rsa(jwk)
             : *type == JsonValue("EC")  ? read_ec(jwk)
             : *type == JsonValue("OKP") ? read_okp(jwk)
                                         : Result<PublicKey>(fail("`kty` is none of RSA, EC, OKP"));
  if (!key) return key;
  if (kid != nullptr) key->kid_ = *kid->as_string();
  if (bound && !key->fits(*bound)) return fail("`alg` does not fit the key's type");
  key->algorithm_ = bound;
  return key;
}

bool PublicKey::fits(Algorithm algorithm) const {
  if (algorithm_ && *algorithm_ != algorithm) return false;
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
      return type_ == Type::rsa;
    case Algorithm::es256:
      return type_ == Type::p256;
    case Algorithm::eddsa:
      return type_ == Type::ed25519;
  }
  return false;
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view message, std::string_view signature) const {
  if (!fits(algorithm)) return false;
  switch (type_) {
    case Type::rsa:
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())) &&
             verify_with(key_.get(), algorithm, message, signature);
    case Type::p256: {
      const std::string der = der_from_raw(signature);
      return !der.empty() && verify_with(key_.get(), algorithm, message, der);
    }
    case Type::ed25519:
      return signature.size() == kEd25519SignatureBytes && verify_with(key_.get(), algorithm, message, signature);
  }
  return false;
}

Result<KeySet> KeySet::parse(std::string_view json) {
  const auto document = reader::parse_json(json, {.bytes = limits::kJwksBytes});
  if (!document) return fail("the key set is not JSON we take: " + document.error().message);
  const JsonValue* keys = document->find("keys");
  if (keys == nullptr || keys->as_array() == nullptr) return fail("the key set has no array `keys`");
  const JsonValue::Array& list = *keys->as_array();
  if (list.size() > limits::kJwksKeys) return fail(fmt::format("the key set has more than {} keys", limits::kJwksKeys));
  KeySet set;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto key = PublicKey::from_jwk(list[i]);
    if (key) {
      set.keys_.push_back(std::move(*key));
    } else {
      set.notes_.push_back(fmt::format("key {}{}: {}", i + 1, label_of(list[i]), key.error().message));
    }
  }
  return set;
}

std::vector<PublicKey> KeySet::candidates(const std::optional<std::string>& kid, Algorithm algorithm) const {
  std::vector<PublicKey> fitting;
  for (const PublicKey& key : keys_) {
    if (key.fits(algorithm) && (!kid || key.kid() == kid)) fitting.push_back(key);
  }
  if (!kid && fitting.size() > 1) fitting.clear();
  return fitting;
}

}  // namespace portreeve::pdp

#include "tests/pdp/identity/test_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>

#include "engine/base/check.h"
#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string number(evp_pkey_st* key, const char* name, int pad_to) {
  BIGNUM* value = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &value) == 1);
  std::string out(static_cast<std::size_t>(pad_to != 0 ? pad_to : BN_num_bytes(value)), '\0');
  CHECK(BN_bn2binpad(value, bytes(out), static_cast<int>(out.size())) == static_cast<int>(out.size()));
  BN_free(value);
  return out;
}

}  // namespace

TestKey::TestKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) { CHECK(key != nullptr); }
TestKey TestKey::rsa(unsigned bits) { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits})); }
TestKey TestKey::p256() { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }
TestKey TestKey::ed25519() { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

JsonValue TestKey::jwk(std::string_view kid) const {
  JsonValue jwk;
  jwk.set("kid", kid);
  jwk.set("use", "sig");
  switch (EVP_PKEY_get_id(key_.get())) {
    case EVP_PKEY_RSA:
      jwk.set("kty", "RSA");
      jwk.set("n", base64url_encode(number(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0)));
      jwk.set("e", base64url_encode(number(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0)));
      break;
    case EVP_PKEY_EC:
      jwk.set("kty", "EC");
      jwk.set("crv", "P-256");
      jwk.set("x", base64url_encode(number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32)));
      jwk.set("y", base64url_encode(number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32)));
      break;
    default: {
      std::string raw(32, '\0');
      std::size_t size = raw.size();
      CHECK(EVP_PKEY_get_raw_public_key(key_.get(), bytes(raw), &size) == 1);
      jwk.set("kty", "OKP");
      jwk.set("crv", "Ed25519");
      jwk.set("x", base64url_encode(raw));
    }
  }
  return jwk;
}

std::string TestKey::public_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PUBKEY(bio, key_.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

std::string TestKey::sign_raw(std::string_view message, int padding, int salt_bytes) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* key_context = nullptr;
  const EVP_MD* digest = EVP_PKEY_get_id(key_.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  CHECK(EVP_DigestSignInit(context, &key_context, digest, nullptr, key_.get()) == 1);
  if (padding != 0) CHECK(EVP_PKEY_CTX_set_rsa_padding(key_context, padding) == 1);
  if (padding == RSA_PKCS1_PSS_PADDING) CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, salt_bytes) == 1);
  std::size_t size = 2048;
  std::string out(size, '\0');
  CHECK(EVP_DigestSign(context, bytes(out), &size, bytes(message), message.size()) == 1);
  EVP_MD_CTX_free(context);
  out.resize(size);
  return out;
}

std::string TestKey::sign(Algorithm algorithm, std::string_view message) const {
  switch (algorithm) {
    case Algorithm::rs256:
      return sign_raw(message, RSA_PKCS1_PADDING, 0);
    case Algorithm::ps256:
      return sign_pss_with_salt(message, 32);
    case Algorithm::eddsa:
      return sign_raw(message, 0, 0);
    case Algorithm::es256:
      break;
  }
  const std::string der = sign_es256_der(message);
  const unsigned char* at = bytes(der);
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string raw(64, '\0');
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes(raw), 32) == 32);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes(raw) + 32, 32) == 32);
  ECDSA_SIG_free(signature);
  return raw;
}

std::string TestKey::sign_es256_der(std::string_view message) const { return sign_raw(message, 0, 0); }
std::string TestKey::sign_pss_with_salt(std::string_view message, int salt_bytes) const {
  return sign_raw(message, RSA_PKCS1_PSS_PADDING, salt_bytes);
}

std::string hs256(std::string_view key, std::string_view message) {
  std::array<unsigned char, 32> out{};
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(message), message.size(), out.data(),
             &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

std::string make_token(const TestKey& key, Algorithm algorithm, std::string_view header, std::string_view payload) {
  const std::string input = base64url_encode(header) + '.' + base64url_encode(payload);
  return input + '.' + base64url_encode(key.sign(algorithm, input));
}

std::string jwks_document(const std::vector<JsonValue>& keys) {
  return to_canonical_json(JsonValue(JsonValue::Object{{"keys", JsonValue(JsonValue::Array(keys))}}));
}

}  // namespace portreeve::pdp

// Keys made for a test, which sign whatever a test wants signed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "pdp/identity/algorithm.h"

struct evp_pkey_st;

namespace portreeve::pdp {

class TestKey {
 public:
  static TestKey rsa(unsigned bits = 2048);
  static TestKey p256();
  static TestKey ed25519();

  JsonValue jwk(std::string_view kid) const;
  std::string public_pem() const;
  // The signature as JWS has it.
  std::string sign(Algorithm algorithm, std::string_view message) const;
  // ES256 in DER, as OpenSSL makes it and JWS does not take it.
  std::string sign_es256_der(std::string_view message) const;
  // RSASSA-PSS with SHA-256 and a salt of this length.
  std::string sign_pss_with_salt(std::string_view message, int salt_bytes) const;

 private:
  explicit TestKey(evp_pkey_st* key);
  std::string sign_raw(std::string_view message, int padding, int salt_bytes) const;
  std::shared_ptr<evp_pkey_st> key_;
};

// HMAC-SHA-256, for tokens that abuse a public key as a secret.
std::string hs256(std::string_view key, std::string_view message);

// `header` and `payload` as they stand, encoded and signed.
std::string make_token(const TestKey& key, Algorithm algorithm, std::string_view header, std::string_view payload);

std::string jwks_document(const std::vector<JsonValue>& keys);

}  // namespace portreeve::pdp

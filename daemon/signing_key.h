// An Ed25519 key pair of our own, in a file that nobody else can read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/result.h"

struct evp_pkey_st;

namespace portreeve::daemon {

// Immutable after construction; copies share the key. Any thread.
class SigningKey {
 public:
  static Result<SigningKey> generate();
  // Reads a PKCS #8 PEM file. Fails where anyone but its owner has a right on it, and says how to mend that.
  static Result<SigningKey> load(const std::filesystem::path& file);
  // Loads the file, or, where there is none, generates a key and stores it: mode 0600, whole or not at all, synced.
  // Two processes that race for it end with the same key.
  static Result<SigningKey> load_or_create(const std::filesystem::path& file);

  // Stores the key under a name that does not exist yet.
  Status store(const std::filesystem::path& file) const;

  const std::string& kid() const { return kid_; }              // RFC 7638 thumbprint, SHA-256, base64url
  const JsonValue& public_jwk() const { return public_jwk_; }  // kty crv x kid alg use
  std::string sign(std::string_view message) const;            // 64 bytes, RFC 8032

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
  std::string kid_;
  JsonValue public_jwk_;
};

// A compact JWS (EdDSA) with this `typ` and the key's id over `claims`.
std::string sign_jwt(const SigningKey& key, std::string_view typ, const JsonValue& claims);

// RFC 7638 over the required members of an Ed25519 key (RFC 8037 §2), of which `x` is given in base64url.
std::string ed25519_thumbprint(std::string_view x);

}  // namespace portreeve::daemon

// Public keys as issuers publish them (RFC 7517, RFC 7518 §6, RFC 8037 §2).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "pdp/identity/algorithm.h"

struct evp_pkey_st;

namespace portreeve::pdp {

// A key that may verify signatures. Immutable; copies share it. Any thread.
class PublicKey {
 public:
  // Reads one JWK: RSA of 2048 to 8192 bits with an odd exponent from 65537 to 2^32, EC on P-256, or OKP Ed25519.
  // Refused: private or symmetric members, `use` other than `sig`, `key_ops` without `verify`, an `alg` that is not
  // ours or does not fit the key, points that are not on the curve. Unknown members do not matter.
  static Result<PublicKey> from_jwk(const JsonValue& jwk);

  const std::optional<std::string>& kid() const { return kid_; }
  // True where the key is of the algorithm's type and its own `alg`, if it has one, says no other: the one place where
  // a token's `alg` meets a key, so that neither is ever used for the other's purpose.
  bool fits(Algorithm algorithm) const;
  // True where `signature` is one by this key over `message`. ES256 takes r and s, 32 bytes each (RFC 7518 §3.4), PS256
  // a salt of 32 bytes. False for everything else, errors included. About 15 to 60 µs.
  bool verifies(Algorithm algorithm, std::string_view message, std::string_view signature) const;

 private:
  enum class Type : std::uint8_t { rsa, p256, ed25519 };
  PublicKey(Type type, std::shared_ptr<evp_pkey_st> key) : type_(type), key_(std::move(key)) {}
  static Result<PublicKey> read_rsa(const JsonValue& jwk);
  static Result<PublicKey> read_ec(const JsonValue& jwk);
  static Result<PublicKey> read_okp(const JsonValue& jwk);

  Type type_;
  std::shared_ptr<evp_pkey_st> key_;
  std::optional<std::string> kid_;
  std::optional<Algorithm> algorithm_;
};

// An issuer's keys. A value.
class KeySet {
 public:
  // Reads a JWK Set document within limits::kJwksBytes and kJwksKeys. A key that cannot be used is left out with a
  // note; a document that is none fails.
  static Result<KeySet> parse(std::string_view json);

  // The keys that may have signed a token with this `kid` and algorithm. Without a `kid`: the one key that fits, none
  // where several do, since guessing among an issuer's keys is not ours.
  std::vector<PublicKey> candidates(const std::optional<std::string>& kid, Algorithm algorithm) const;

  std::size_t size() const { return keys_.size(); }
  const std::vector<std::string>& notes() const { return notes_; }  // "key 3 (`old`): …" for each one left out

 private:
  std::vector<PublicKey> keys_;
  std::vector<std::string> notes_;
};

}  // namespace portreeve::pdp

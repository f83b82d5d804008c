#include "daemon/dev_issuer.h"

#include "daemon/key_file.h"

namespace portreeve::daemon {

Result<DevIssuer> DevIssuer::open(const std::filesystem::path& folder) {
  if (auto made = make_key_folder(folder); !made) return fail(made.error());
  TRY_ASSIGN(auto key, SigningKey::load_or_create(folder / "issuer-key.pem"));
  const DevIssuer issuer(std::move(key));
  const std::string document = issuer.jwks();
  const auto present = read_key_file(keys_file(folder));
  if (!present || *present != document) {
    TRY_ASSIGN(const bool written, write_key_file(keys_file(folder), document, IfPresent::replace));
    static_cast<void>(written);
  }
  return issuer;
}

std::string DevIssuer::mint(JsonValue claims, Timestamp now, Seconds lifetime) const {
  claims.set("iss", kDevIssuer);
  claims.set("iat", now.unix_seconds());
  claims.set("exp", now.plus(lifetime).unix_seconds());
  return sign_jwt(key_, "JWT", claims);
}

std::string DevIssuer::jwks() const {
  return to_canonical_json(JsonValue::Object{{"keys", JsonValue::Array{key_.public_jwk()}}});
}

}  // namespace portreeve::daemon

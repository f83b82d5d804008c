// An identity provider to try things out with: made by --dev, believed by nobody without it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "daemon/signing_key.h"
#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::daemon {

// Frozen: what an IdentityProvider names as its issuer to accept DevIssuer's tokens. A TokenVerifier without
// Options::dev_keys refuses it whatever the policies say.
inline constexpr char kDevIssuer[] = "http://127.0.0.1/portreeve-dev";

class DevIssuer {
 public:
  // The issuer whose key is `<folder>/issuer-key.pem`, with its key set beside it in `<folder>/jwks.json`; both are
  // made where they are missing (`folder` too, mode 0700).
  static Result<DevIssuer> open(const std::filesystem::path& folder);

  // A token of this issuer. `claims` are taken as they stand but for iss, iat and exp, which are set here.
  // Requires: null or an object.
  std::string mint(JsonValue claims, Timestamp now, Seconds lifetime) const;

  std::string jwks() const;  // the document, as JSON
  static std::filesystem::path keys_file(const std::filesystem::path& folder) { return folder / "jwks.json"; }

 private:
  explicit DevIssuer(SigningKey key) : key_(std::move(key)) {}
  SigningKey key_;
};

}  // namespace portreeve::daemon

// What the policy set says of one issuer, as far as believing its tokens goes.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/identity_provider.h"
#include "pdp/identity/algorithm.h"

namespace portreeve::pdp {

// Keys at an address: `https://…`, or `http://` on a loopback host.
struct JwksUri {
  std::string uri;
  friend bool operator==(const JwksUri&, const JwksUri&) = default;
};

// Keys in a file, read again when it changes.
struct JwksFile {
  std::filesystem::path path;
  friend bool operator==(const JwksFile&, const JwksFile&) = default;
};

// Keys where `<issuer>/.well-known/openid-configuration` says (OpenID Connect Discovery 1.0 §4).
struct JwksDiscovery {
  friend bool operator==(const JwksDiscovery&, const JwksDiscovery&) = default;
};

using JwksPlace = std::variant<JwksUri, JwksFile, JwksDiscovery>;

// A value. Empty `audiences` or `algorithms` accept nothing; TokenVerifier refuses them.
struct ProviderTrust {
  std::string name;
  std::string issuer;                  // compared byte for byte with `iss`
  std::vector<std::string> audiences;  // a token's `aud` must hold one of them
  std::vector<Algorithm> algorithms;
  JwksPlace jwks;
  friend bool operator==(const ProviderTrust&, const ProviderTrust&) = default;
};

// The policy set's own words as a ProviderTrust; `file:` is taken below `policy_folder`. Fails where it would leave it.
Result<ProviderTrust> to_provider_trust(const model::IdentityProvider& provider,
                                        const std::filesystem::path& policy_folder);

}  // namespace portreeve::pdp

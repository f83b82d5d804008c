// Who vouches for subjects, and where it keeps what it says of them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/model/source.h"

namespace portreeve::model {

// The JWS algorithms an issuer may use (RFC 7518, RFC 8037). `none` and HMAC have no enumerator.
enum class JwtAlgorithm : std::uint8_t { rs256, ps256, es256, eddsa };

struct JwksUri {
  std::string uri;
};
struct JwksFile {
  std::string path;
};                        // relative to the policy folder
struct JwksDiscovery {};  // <issuer>/.well-known/openid-configuration

// Where in the claims something stands: the names to follow, one level each. A name may hold dots.
struct ClaimPath {
  std::vector<std::string> segments;
  friend bool operator==(const ClaimPath&, const ClaimPath&) = default;
};

// A claim can grant only the roles listed here.
struct RolesClaim {
  ClaimPath path;
  std::vector<Reference> allow;
};

struct FixedTenant {
  std::string name;
};
using TenantSource = std::variant<std::monostate, FixedTenant, ClaimPath>;

enum class Trust : std::uint8_t { untrusted, partner, internal };  // in rising order

inline std::string_view to_text(Trust trust) {
  switch (trust) {
    case Trust::untrusted:
      return "untrusted";
    case Trust::partner:
      return "partner";
    case Trust::internal:
      return "internal";
  }
  return "untrusted";
}

struct IdentityProvider : Document {
  std::string issuer;
  std::vector<std::string> audiences;
  std::vector<JwtAlgorithm> algorithms;
  std::variant<JwksUri, JwksFile, JwksDiscovery> jwks;
  ClaimPath subject{{"sub"}};
  std::optional<ClaimPath> groups;
  std::optional<RolesClaim> roles;
  TenantSource tenant;
  Trust trust = Trust::untrusted;
  std::optional<std::string> console_client;  // `console.clientId`: people of this issuer sign in at the console
};

}  // namespace portreeve::model

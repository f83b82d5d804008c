// The PDP's own signing keys: what its session tokens are signed with, and what gates and others check them by.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/signing_key.h"
#include "engine/base/result.h"
#include "pdp/identity/jwk.h"

namespace portreeve::pdp {

// The current key signs; it and the previous one, where there is one, verify, so that tokens outlive a rotation.
// Immutable. Any thread.
class SigningKeys {
 public:
  // Opens `<folder>/session-signing.pem`, made where it is missing, and `<folder>/session-signing-previous.pem`, if
  // it is there. The folder is made with mode 0700. Fails where a key file may be read by others, and says how to mend
  // it.
  static Result<SigningKeys> open(const std::filesystem::path& folder);
  // Makes the current key the previous one, and a new one the current. The caller opens the keys again.
  static Status rotate(const std::filesystem::path& folder);

  static Result<SigningKeys> from_keys(daemon::SigningKey current, std::optional<daemon::SigningKey> previous);

  const daemon::SigningKey& current() const { return current_; }
  // The key of that id, or nullptr.
  const PublicKey* find(std::string_view kid) const;
  // The document of `/.well-known/jwks.json` (RFC 7517 §5).
  std::string jwks() const;

 private:
  struct Verifying {
    std::string kid;
    PublicKey key;
  };
  SigningKeys(daemon::SigningKey current, std::optional<daemon::SigningKey> previous, std::vector<Verifying> verifying)
      : current_(std::move(current)), previous_(std::move(previous)), verifying_(std::move(verifying)) {}

  daemon::SigningKey current_;
  std::optional<daemon::SigningKey> previous_;
  std::vector<Verifying> verifying_;
};

}  // namespace portreeve::pdp

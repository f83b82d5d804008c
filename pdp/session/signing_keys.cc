#include "pdp/session/signing_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "daemon/key_file.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

fs::path current_file(const fs::path& folder) { return folder / "session-signing.pem"; }
fs::path previous_file(const fs::path& folder) { return folder / "session-signing-previous.pem"; }

}  // namespace

Result<SigningKeys> SigningKeys::from_keys(daemon::SigningKey current, std::optional<daemon::SigningKey> previous) {
  std::vector<Verifying> verifying;
  TRY_ASSIGN(auto first, PublicKey::from_jwk(current.public_jwk()));
  verifying.push_back({current.kid(), std::move(first)});
  if (previous) {
    TRY_ASSIGN(auto second, PublicKey::from_jwk(previous->public_jwk()));
    verifying.push_back({previous->kid(), std::move(second)});
  }
  return SigningKeys(std::move(current), std::move(previous), std::move(verifying));
}

Result<SigningKeys> SigningKeys::open(const fs::path& folder) {
  if (auto made = daemon::make_key_folder(folder); !made) return fail(made.error());
  TRY_ASSIGN(auto current, daemon::SigningKey::load_or_create(current_file(folder)));
  std::optional<daemon::SigningKey> previous;
  std::error_code ignored;
  if (fs::exists(previous_file(folder), ignored)) {
    TRY_ASSIGN(previous, daemon::SigningKey::load(previous_file(folder)));
  }
  return from_keys(std::move(current), std::move(previous));
}

Status SigningKeys::rotate(const fs::path& folder) {
  // Loaded first, so that what cannot be read is not moved away. Killed in between, the next open() makes the new key.
  TRY_ASSIGN(const daemon::SigningKey current, daemon::SigningKey::load(current_file(folder)));
  std::error_code error;
  fs::rename(current_file(folder), previous_file(folder), error);
  if (error) return fail(fmt::format("{}: {}", current_file(folder).string(), error.message()));
  TRY_ASSIGN(const daemon::SigningKey made, daemon::SigningKey::load_or_create(current_file(folder)));
  return {};
}

const PublicKey* SigningKeys::find(std::string_view kid) const {
  const auto at = std::ranges::find(verifying_, kid, &Verifying::kid);
  return at == verifying_.end() ? nullptr : &at->key;
}

std::string SigningKeys::jwks() const {
  JsonValue::Array keys{current_.public_jwk()};
  if (previous_) keys.push_back(previous_->public_jwk());
  return to_canonical_json(JsonValue::Object{{"keys", std::move(keys)}});
}

}  // namespace portreeve::pdp

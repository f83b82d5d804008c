#include "daemon/one_time_link.h"

#include <openssl/sha.h>

#include <array>
#include <system_error>

#include "daemon/key_file.h"
#include "daemon/random.h"
#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = 32;

}  // namespace

fs::path OneTimeLinks::file_of(std::string_view secret) const {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return folder_ / hex_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Result<std::string> OneTimeLinks::make(std::string_view token) const {
  if (auto made = make_key_folder(folder_); !made) return fail(made.error());
  std::string secret = base64url_encode(random_bytes(kSecretBytes));
  TRY_ASSIGN(const bool written, write_key_file(file_of(secret), token, IfPresent::fail));
  if (!written) return fail("the same secret was made twice");
  return secret;
}

std::optional<std::string> OneTimeLinks::take(std::string_view secret) const {
  // The rename has one winner; what it won is read under a name that nobody else knows.
  const fs::path mine = folder_ / ("taken-" + hex_encode(random_bytes(kSecretBytes)));
  std::error_code error;
  fs::rename(file_of(secret), mine, error);
  if (error) return std::nullopt;
  auto token = read_key_file(mine);
  fs::remove(mine, error);
  return token ? *std::move(token) : std::nullopt;
}

}  // namespace portreeve::daemon

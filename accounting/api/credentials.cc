#include "accounting/api/credentials.h"

#include <openssl/crypto.h>

#include "daemon/key_file.h"
#include "daemon/random.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

constexpr std::string_view kPrefix = "acc_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kLength = 47;

Result<std::string> open_one(const std::filesystem::path& file) {
  TRY_ASSIGN(auto held, daemon::read_key_file(file));
  if (!held) {
    const std::string made = std::string(kPrefix) + base64url_encode(daemon::random_bytes(kRandomBytes)) + "\n";
    TRY_ASSIGN(const bool written, daemon::write_key_file(file, made, daemon::IfPresent::fail));
    static_cast<void>(written);  // another process may have been first: its is as good
    TRY_ASSIGN(held, daemon::read_key_file(file));
  }
  std::string text = held.value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() != kLength || text.compare(0, kPrefix.size(), kPrefix) != 0) {
    return fail("`" + file.string() + "` holds no credential; remove it, and one is made");
  }
  return text;
}

}  // namespace

Result<Credentials> open_credentials(const std::filesystem::path& folder) {
  if (Status made = daemon::make_key_folder(folder); !made) return fail(made.error());
  Credentials out;
  TRY_ASSIGN(out.writer, open_one(folder / "writer"));
  TRY_ASSIGN(out.reader, open_one(folder / "reader"));
  return out;
}

bool is_credential(std::string_view given, std::string_view expected) {
  return !expected.empty() && given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

}  // namespace portreeve::accounting

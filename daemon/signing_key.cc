#include "daemon/signing_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <optional>
#include <utility>

#include "daemon/key_file.h"
#include "engine/base/check.h"
#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

// Text that is wiped when it goes.
struct WipedText {
  std::string text;
  ~WipedText() { OPENSSL_cleanse(text.data(), text.size()); }
};

// An encrypted key would make OpenSSL ask for its password at the terminal.
int refuse_password(char*, int, int, void*) { return -1; }

std::string to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  CHECK(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::shared_ptr<EVP_PKEY> from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr);
  if (key == nullptr) ERR_clear_error();
  if (key == nullptr) return nullptr;
  return {key, EVP_PKEY_free};
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

// What the file holds, or nothing where there is none.
Result<std::shared_ptr<EVP_PKEY>> read(const std::filesystem::path& file) {
  TRY_ASSIGN(auto content, read_key_file(file));
  if (!content) return std::shared_ptr<EVP_PKEY>();
  const WipedText pem{std::move(*content)};
  auto key = from_pem(pem.text);
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return fail(fmt::format("{}: not an Ed25519 private key in PEM (PKCS #8, without password)", file.string()));
  }
  return key;
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {
  std::array<unsigned char, kKeyBytes> raw{};
  std::size_t size = raw.size();
  CHECK(EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) == 1 && size == kKeyBytes);
  const std::string x = base64url_encode(std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size()));
  kid_ = ed25519_thumbprint(x);
  public_jwk_ =
      JsonValue::Object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", x}, {"kid", kid_}, {"alg", "EdDSA"}, {"use", "sig"}};
}

Result<SigningKey> SigningKey::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) return fail("cannot generate an Ed25519 key");
  return SigningKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& file) {
  TRY_ASSIGN(auto key, read(file));
  if (key == nullptr) return fail(fmt::format("{}: no such key file", file.string()));
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& file) {
  TRY_ASSIGN(auto present, read(file));
  if (present != nullptr) return SigningKey(std::move(present));
  TRY_ASSIGN(auto made, generate());
  const WipedText pem{to_pem(made.key_.get())};
  TRY_ASSIGN(const bool first, write_key_file(file, pem.text, IfPresent::fail));
  if (first) return made;
  return load(file);
}

Status SigningKey::store(const std::filesystem::path& file) const {
  const WipedText pem{to_pem(key_.get())};
  TRY_ASSIGN(const bool stored, write_key_file(file, pem.text, IfPresent::fail));
  if (!stored) return fail(fmt::format("{}: there is a key file of that name already", file.string()));
  return {};
}

std::string SigningKey::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  CHECK(context != nullptr && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1 &&
        size == kSignatureBytes);
  return signature;
}

std::string sign_jwt(const SigningKey& key, std::string_view typ, const JsonValue& claims) {
  const JsonValue header = JsonValue::Object{{"alg", "EdDSA"}, {"kid", key.kid()}, {"typ", typ}};
  std::string token = base64url_encode(to_canonical_json(header)) + '.' + base64url_encode(to_canonical_json(claims));
  const std::string signature = base64url_encode(key.sign(token));
  return token + '.' + signature;
}

std::string ed25519_thumbprint(std::string_view x) {
  // Members in lexical order, no space (RFC 7638 §3.1): what canonical JSON is.
  return base64url_encode(sha256(to_canonical_json(JsonValue::Object{{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", x}})));
}

}  // namespace portreeve::daemon

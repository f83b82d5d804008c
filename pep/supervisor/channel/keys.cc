#include "pep/supervisor/channel/keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <map>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::channel {

namespace {

constexpr std::string_view kBootTitle = "portreeve-boot 1";
constexpr std::string_view kChannelTitle = "portreeve-channel 1";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kFingerprintBytes = 32;
constexpr long kCertificateSeconds = 2 * 24 * 3600;

template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, std::integral_constant<void (*)(T*), Free>>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedCertificate = Owned<X509, X509_free>;

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > limits::kTokenBytes) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

using Lines = std::map<std::string_view, std::string_view>;

// `title`, then lines of a name and a value, each name once and of `names`.
Result<Lines> read_lines(std::string_view text, std::string_view title, std::initializer_list<std::string_view> names) {
  if (text.size() > limits::kBootBytes) return fail("the document is too long");
  Lines lines;
  bool titled = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail("the document's last line has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!titled) {
      if (line != title) return fail("the document does not begin with `" + std::string(title) + "`");
      titled = true;
      continue;
    }
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return fail("a line of the document has no value");
    const std::string_view name = line.substr(0, blank);
    const std::string_view value = line.substr(blank + 1);
    bool known = false;
    for (const std::string_view allowed : names) known = known || allowed == name;
    if (!known) return fail("a line of the document has the unknown name `" + printable(name, 40) + "`");
    if (!is_plain(value)) return fail("the value of `" + std::string(name) + "` is empty, or not printable");
    if (!lines.emplace(name, value).second) return fail("`" + std::string(name) + "` stands twice");
  }
  if (!titled) return fail("the document is empty");
  return lines;
}

Result<std::string> bytes_of(const Lines& lines, std::string_view name, std::size_t exactly) {
  const auto line = lines.find(name);
  if (line == lines.end()) return fail("the document has no `" + std::string(name) + "`");
  auto bytes = base64url_decode(line->second);
  if (!bytes) return fail("the value of `" + std::string(name) + "` is not base64url");
  if (exactly != 0 && bytes->size() != exactly) return fail("`" + std::string(name) + "` has another length");
  return std::move(*bytes);
}

Result<std::string> session_of(const Lines& lines) {
  const auto line = lines.find("session");
  if (line == lines.end() || line->second.size() > limits::kChannelNameBytes)
    return fail("the document names no session");
  return std::string(line->second);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(" ").append(value).append("\n");
}

std::string to_der(const std::function<int(unsigned char**)>& write) {
  unsigned char* out = nullptr;
  const int size = write(&out);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_clear_free(out, static_cast<std::size_t>(size));
  return der;
}

// As PKCS #8, which d2i_AutoPrivateKey() reads.
std::string private_der(EVP_PKEY* key) {
  Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key));
  if (!info) return {};
  return to_der([&](unsigned char** out) { return i2d_PKCS8_PRIV_KEY_INFO(info.get(), out); });
}

std::string self_signed(EVP_PKEY* key) {
  OwnedCertificate certificate(X509_new());
  if (!certificate) return {};
  X509* x509 = certificate.get();
  X509_NAME* name = X509_get_subject_name(x509);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  const bool made =
      X509_set_version(x509, X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(x509), -300) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(x509), kCertificateSeconds) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("portreeve-supervisor"), -1, -1, 0) == 1 &&
      X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key) == 1 &&
      X509_sign(x509, key, EVP_sha256()) > 0;
  if (!made) return {};
  return to_der([&](unsigned char** out) { return i2d_X509(x509, out); });
}

std::string hmac(std::string_view key, std::string_view message) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), out, &size);
  return std::string(reinterpret_cast<const char*>(out), size);
}

// What both ends insist on. AES-128 first: it is the fastest, and as good as the key exchange.
void strict(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

void SecretText::wipe() noexcept {
  OPENSSL_cleanse(text_.data(), text_.capacity());
  text_.clear();
}

Result<BootDocument> BootDocument::parse(std::string_view text) {
  TRY_ASSIGN(const Lines lines,
             read_lines(text, kBootTitle, {"session", "credential", "channel-key", "certificate", "private-key"}));
  BootDocument boot;
  TRY_ASSIGN(boot.session, session_of(lines));
  if (const auto credential = lines.find("credential"); credential != lines.end()) {
    boot.credential = SecretText(std::string(credential->second));
  }
  TRY_ASSIGN(std::string key, bytes_of(lines, "channel-key", kKeyBytes));
  boot.channel_key = SecretText(std::move(key));
  TRY_ASSIGN(boot.certificate, bytes_of(lines, "certificate", 0));
  TRY_ASSIGN(std::string private_key, bytes_of(lines, "private-key", 0));
  boot.private_key = SecretText(std::move(private_key));
  return boot;
}

std::string BootDocument::to_text() const {
  std::string out;
  out.append(kBootTitle).append("\n");
  append_line(out, "session", session);
  if (!credential.empty()) append_line(out, "credential", credential.reveal());
  append_line(out, "channel-key", base64url_encode(channel_key.reveal()));
  append_line(out, "certificate", base64url_encode(certificate));
  append_line(out, "private-key", base64url_encode(private_key.reveal()));
  return out;
}

Result<ChannelDocument> ChannelDocument::parse(std::string_view text) {
  TRY_ASSIGN(const Lines lines, read_lines(text, kChannelTitle, {"session", "channel-key", "certificate-sha256"}));
  ChannelDocument channel;
  TRY_ASSIGN(channel.session, session_of(lines));
  TRY_ASSIGN(std::string key, bytes_of(lines, "channel-key", kKeyBytes));
  channel.channel_key = SecretText(std::move(key));
  TRY_ASSIGN(channel.certificate_sha256, bytes_of(lines, "certificate-sha256", kFingerprintBytes));
  return channel;
}

std::string ChannelDocument::to_text() const {
  std::string out;
  out.append(kChannelTitle).append("\n");
  append_line(out, "session", session);
  append_line(out, "channel-key", base64url_encode(channel_key.reveal()));
  append_line(out, "certificate-sha256", base64url_encode(certificate_sha256));
  return out;
}

Result<ChannelPair> make_channel(std::string session, SecretText credential) {
  if (!is_plain(session) || session.size() > limits::kChannelNameBytes) return fail("a session's name is printable");
  if (!credential.empty() && !is_plain(credential.reveal())) return fail("a credential is one printable word");
  const OwnedKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  std::string channel_key(kKeyBytes, '\0');
  if (!key || RAND_bytes(reinterpret_cast<unsigned char*>(channel_key.data()), kKeyBytes) != 1) {
    return fail("no key can be made");
  }
  ChannelPair pair;
  pair.boot.session = session;
  pair.boot.credential = std::move(credential);
  pair.boot.channel_key = SecretText(channel_key);
  pair.boot.certificate = self_signed(key.get());
  pair.boot.private_key = SecretText(private_der(key.get()));
  if (pair.boot.certificate.empty() || pair.boot.private_key.empty()) return fail("no certificate can be made");
  pair.channel.session = std::move(session);
  pair.channel.channel_key = SecretText(std::move(channel_key));
  pair.channel.certificate_sha256 = fingerprint(pair.boot.certificate);
  return pair;
}

Result<std::shared_ptr<boost::asio::ssl::context>> server_context(const BootDocument& boot) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  strict(raw);
  const auto* certificate = reinterpret_cast<const unsigned char*>(boot.certificate.data());
  if (SSL_CTX_use_certificate_ASN1(raw, static_cast<int>(boot.certificate.size()), certificate) != 1) {
    return fail("the boot document's certificate cannot be used");
  }
  const std::string& der = boot.private_key.reveal();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const OwnedKey key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(der.size())));
  if (!key || SSL_CTX_use_PrivateKey(raw, key.get()) != 1 || SSL_CTX_check_private_key(raw) != 1) {
    return fail("the boot document's private key cannot be used, or is not the certificate's");
  }
  return context;
}

std::shared_ptr<boost::asio::ssl::context> client_context() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  strict(context->native_handle());
  // The certificate is compared with the one that the channel document names, after the handshake.
  SSL_CTX_set_verify(context->native_handle(), SSL_VERIFY_NONE, nullptr);
  return context;
}

std::string prove(const SecretText& channel_key, Side side, std::string_view exporter) {
  std::string message = side == Side::controller ? "portreeve control 1 controller" : "portreeve control 1 supervisor";
  message += exporter;
  return base64url_encode(hmac(channel_key.reveal(), message));
}

bool check_proof(const SecretText& channel_key, Side side, std::string_view exporter, std::string_view proof) {
  const std::string expected = prove(channel_key, side, exporter);
  return expected.size() == proof.size() && CRYPTO_memcmp(expected.data(), proof.data(), proof.size()) == 0;
}

std::string fingerprint(std::string_view certificate_der) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(certificate_der.data(), certificate_der.size(), out, &size, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(out), size);
}

}  // namespace portreeve::channel

// What the two ends of a control channel prove to each other, and the two documents it is handed over in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace portreeve::channel {

// A secret text: moved, never copied, printed or compared, and wiped where it ends.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { wipe(); }

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void wipe() noexcept;
  std::string text_;
};

// What a supervisor is given at its start, through a descriptor: `portreeve-boot 1` and a line a value.
// Frozen: docs/supervisor.md
struct BootDocument {
  std::string session;
  SecretText credential;    // the supervisor token; empty: the PDP asks for none (--dev)
  SecretText channel_key;   // 32 bytes
  std::string certificate;  // DER
  SecretText private_key;   // PKCS #8, DER

  static Result<BootDocument> parse(std::string_view text);
  std::string to_text() const;
};

// What a controller needs: `portreeve-channel 1` and a line a value. Frozen: docs/supervisor.md
struct ChannelDocument {
  std::string session;
  SecretText channel_key;          // 32 bytes
  std::string certificate_sha256;  // of the DER, 32 bytes

  static Result<ChannelDocument> parse(std::string_view text);
  std::string to_text() const;
};

struct ChannelPair {
  BootDocument boot;
  ChannelDocument channel;
};
// New keys for one supervisor: P-256, self-signed, for two days, four times a session's longest life.
// `session`: of at most limits::kChannelNameBytes printable characters.
Result<ChannelPair> make_channel(std::string session, SecretText credential);

// TLS 1.3 and nothing else. The library's configuration file is never read.
Result<std::shared_ptr<boost::asio::ssl::context>> server_context(const BootDocument& boot);
std::shared_ptr<boost::asio::ssl::context> client_context();

enum class Side { controller, supervisor };
// Proof that `side` has the channel key, good for this TLS session only: HMAC-SHA256 over the side's label and
// `exporter` (RFC 8446 §7.5, label `EXPORTER-portreeve-control`), base64url.
std::string prove(const SecretText& channel_key, Side side, std::string_view exporter);
// Constant time.
bool check_proof(const SecretText& channel_key, Side side, std::string_view exporter, std::string_view proof);

// SHA-256.
std::string fingerprint(std::string_view certificate_der);

}  // namespace portreeve::channel

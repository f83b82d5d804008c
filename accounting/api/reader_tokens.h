// The console's readers: tokens that the PDP signs for a browser.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"

namespace portreeve::accounting {

// Frozen: docs/accounting.md
inline constexpr std::string_view kReaderTokenType = "portreeve-usage+jwt";
inline constexpr std::string_view kReaderAudience = "portreeve-accounting";

// Who reads, by a token: one tenant's figures, or all.
struct TokenReader {
  std::optional<std::string> tenant;
  friend bool operator==(const TokenReader&, const TokenReader&) = default;
};

// A key set (RFC 7517): its Ed25519 keys, by `kid`. Keys of other kinds, and any without `kid`, are passed over.
class ReaderKeys {
 public:
  static Result<ReaderKeys> parse(std::string_view jwks);
  // The 32 bytes of a key.
  const std::string* find(std::string_view kid) const;
  bool empty() const { return keys_.empty(); }

 private:
  std::map<std::string, std::string, std::less<>> keys_;
};

// The `kid` of a compact JWS whose header says EdDSA and that `typ`; nothing else is looked at, nothing verified.
Result<std::string> key_id_of(std::string_view token);
// Verifies: EdDSA and nothing else, `typ` and `aud` as above, `exp` not passed and at most five minutes away, `nbf` and
// `iat` not ahead by more than 30 s; `tenant` a non-empty text or absent. Any thread.
Result<TokenReader> check_reader_token(std::string_view token, const ReaderKeys& keys, Timestamp now);

// Where the keys are: a file, or an http or https URL. Read at the first use, again each five minutes, and, at most
// each ten seconds, where a token names a key that is not there. Any thread.
class ReaderKeySource {
 public:
  // `place`: a path, or a URL. `clock` outlives the source.
  static Result<std::unique_ptr<ReaderKeySource>> open(std::string place, const daemon::Clock& clock);
  Result<TokenReader> check(std::string_view token);

 private:
  ReaderKeySource(std::string place, const daemon::Clock& clock) : place_(std::move(place)), clock_(clock) {}
  Result<ReaderKeys> fetch() const;

  const std::string place_;
  const daemon::Clock& clock_;
  Mutex mutex_;
  std::shared_ptr<const ReaderKeys> keys_ GUARDED_BY(mutex_);
  std::int64_t fetched_millis_ GUARDED_BY(mutex_) = 0;  // of the last try
};

}  // namespace portreeve::accounting

// Where one provider's keys come from, and how long they are believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "pdp/identity/jwk.h"
#include "pdp/identity/key_times.h"
#include "pdp/identity/provider_trust.h"

namespace portreeve::pdp {

// The keys to try on a token, or that they are not to be had now.
struct KeyAnswer {
  enum class State : std::uint8_t {
    here,     // `keys` are those of this id and algorithm; none means that the issuer has none
    waiting,  // being fetched: the callback comes
    away,     // could not be had; `why` says what happened
  };
  State state = State::away;
  std::vector<PublicKey> keys;
  std::uint64_t generation = 0;
  std::string why;
};

// One provider's keys. Any thread.
class KeySource {
 public:
  virtual ~KeySource() = default;

  // The keys for a token. Where fetching might bring what is not here yet, and `when_fetched` is given, it is called
  // once after the next attempt, from another thread, and the answer is `waiting`; else the answer is final.
  virtual KeyAnswer keys_for(const std::optional<std::string>& kid, Algorithm algorithm,
                             std::function<void()> when_fetched) = 0;
  // Names the keys that are believed now: another number means other keys. Zero: none are.
  virtual std::uint64_t generation() = 0;

  struct Status {
    std::size_t keys = 0;
    std::string last_error;
    std::vector<std::string> notes;
  };
  virtual Status status() = 0;

  // Gives up what goes on and calls what waits; does not wait itself.
  virtual void request_stop() = 0;
  // True once nothing goes on after request_stop(), so that join() and destruction are quick.
  virtual bool has_stopped() = 0;
  // Waits for that. Once, by the owner, after request_stop(); destruction does it where it was not done.
  virtual void join() = 0;
};

// The last keys that could be read, and for how long they count: what all sources share. Not thread-safe.
class HeldKeys {
 public:
  // Times in steady milliseconds.
  // Reads a JWK Set and holds it; the same document as before is the same generation. On failure nothing changes but
  // last_error().
  bool took(std::string document, std::int64_t now, Millis fresh_for, Millis kept_for);
  // What is held was found to be what the issuer still says. Requires: something is held.
  void extend(std::int64_t now, Millis fresh_for, Millis kept_for) {
    fresh_until_ = now + fresh_for.count();
    usable_until_ = fresh_until_ + kept_for.count();
  }
  void failed(std::string error) { last_error_ = std::move(error); }

  bool usable(std::int64_t now) const { return keys_.has_value() && now < usable_until_; }
  bool fresh(std::int64_t now) const { return keys_.has_value() && now < fresh_until_; }
  const std::string& last_error() const { return last_error_; }
  std::uint64_t generation(std::int64_t now) const { return usable(now) ? generation_ : 0; }
  KeySource::Status status(std::int64_t now) const;
  // Requires: usable.
  std::vector<PublicKey> candidates(const std::optional<std::string>& kid, Algorithm algorithm) const {
    return keys_->candidates(kid, algorithm);
  }

 private:
  std::optional<KeySet> keys_;
  std::string document_;
  std::uint64_t generation_ = 0;
  std::int64_t fresh_until_ = 0;
  std::int64_t usable_until_ = 0;
  std::string last_error_;
};

// Keys in a file: read when first asked for, and again when the file is another one (its inode, size or time changed),
// looked at once in KeyTimes::file_check_interval. A file that went bad or away is reported, and the keys last read
// count on for KeyTimes::kept_when_away. Never waits.
std::unique_ptr<KeySource> make_file_source(std::filesystem::path file, const KeyTimes& times,
                                            const daemon::Clock& clock);

// Keys at an address, or where the issuer's configuration says (JwksDiscovery), fetched by a thread of its own.
// Fails where the address may not be fetched from.
Result<std::unique_ptr<KeySource>> make_remote_source(const std::string& issuer, const JwksPlace& place,
                                                      const std::string& ca_file, const KeyTimes& times,
                                                      const daemon::Clock& clock);

}  // namespace portreeve::pdp

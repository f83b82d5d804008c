// Who is signed in at the console: held here, so that the browser has nothing but a random name for it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/base/time.h"
#include "engine/wire/principal.h"

namespace portreeve::pdp {

// A person's sign-in. Rights are no part of it: they are worked out at each request.
struct ConsoleSession {
  wire::Principal principal;  // verified, type `user`
  Timestamp expires;          // whatever is done with it
};

// In memory: a restart of the PDP signs everybody out. Thread-safe.
class ConsoleSessions {
 public:
  static constexpr Seconds kIdle = std::chrono::minutes(30);
  static constexpr Seconds kLongest = std::chrono::hours(8);
  // Of all people together: a few hundred bytes and its claims each. The one that was used longest ago makes room.
  static constexpr std::size_t kMost = 4096;

  // Signs in and returns the cookie's value: 256 random bits, of which only a hash is kept.
  std::string open(wire::Principal principal, Timestamp now);
  // Nothing where it is unknown, idle for kIdle or older than kLongest. Counts as a use.
  std::optional<ConsoleSession> use(std::string_view secret, Timestamp now);
  void close(std::string_view secret);
  std::size_t size() const;

 private:
  struct Held {
    ConsoleSession session;
    Timestamp last_used;
  };
  mutable Mutex mutex_;
  std::unordered_map<std::string, Held> held_ GUARDED_BY(mutex_);  // by SHA-256 of the secret
};

}  // namespace portreeve::pdp

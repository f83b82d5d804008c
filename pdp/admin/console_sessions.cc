#include "pdp/admin/console_sessions.h"

#include <algorithm>

#include "daemon/random.h"
#include "engine/base/text.h"
#include "pdp/admin/digest.h"

namespace portreeve::pdp {

std::string ConsoleSessions::open(wire::Principal principal, Timestamp now) {
  std::string secret = base64url_encode(daemon::random_bytes(32));
  const MutexLock lock(mutex_);
  if (held_.size() >= kMost) {
    held_.erase(std::ranges::min_element(held_, {}, [](const auto& entry) { return entry.second.last_used; }));
  }
  held_.insert_or_assign(sha256(secret), Held{{std::move(principal), now.plus(kLongest)}, now});
  return secret;
}

std::optional<ConsoleSession> ConsoleSessions::use(std::string_view secret, Timestamp now) {
  const MutexLock lock(mutex_);
  const auto at = held_.find(sha256(secret));
  if (at == held_.end()) return std::nullopt;
  Held& held = at->second;
  if (now >= held.session.expires || now >= held.last_used.plus(kIdle)) {
    held_.erase(at);
    return std::nullopt;
  }
  held.last_used = now;
  return held.session;
}

void ConsoleSessions::close(std::string_view secret) {
  const MutexLock lock(mutex_);
  held_.erase(sha256(secret));
}

std::size_t ConsoleSessions::size() const {
  const MutexLock lock(mutex_);
  return held_.size();
}

}  // namespace portreeve::pdp

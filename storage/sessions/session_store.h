// Sandbox sessions and the gates' credentials.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::storage {

inline constexpr Seconds kLongestSession = std::chrono::hours(12);

struct NewSession {
  std::string provider;  // the IdentityProvider's name
  std::string sub;       // as the issuer wrote it
  std::optional<std::string> tenant;
  JsonValue claims;  // the verified claims, an object; roles are worked out from them at each decision
  std::map<std::string, std::string> labels;
  Seconds lifetime = kLongestSession;  // 0 < lifetime <= kLongestSession
};

// A session as it stood when it was read: an immutable snapshot.
struct Session {
  std::string id;  // `ses_` and a ULID
  std::string provider;
  std::string sub;
  std::string subject_id;  // `<provider>/<sub>`
  std::optional<std::string> tenant;
  JsonValue claims;
  std::map<std::string, std::string> labels;
  Timestamp created;
  Timestamp expires;
  std::optional<Timestamp> ended;
  std::optional<Timestamp> revoked;

  // True until it expires, ends or is revoked. Says nothing of which: the caller's reason codes do.
  bool is_live(Timestamp now) const { return !ended && !revoked && now < expires; }
};

struct SessionFilter {
  std::optional<std::string> subject_id = {};
  std::optional<std::string> tenant = {};
  std::optional<Timestamp> live_at = {};  // only those live at that time
  std::optional<std::string> after = {};  // keyset: ids above this one (ids rise with time)
  std::size_t limit = 100;
};

// Any thread. Reads see what other processes committed. Writes are durable when they return.
class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // Fails where the lifetime is out of range, provider or sub is empty, or the disk says no.
  virtual Result<std::shared_ptr<const Session>> create(const NewSession& session, Timestamp now) = 0;
  // Null where there is none of that id. On the request path: answered from memory unless the state changed.
  virtual Result<std::shared_ptr<const Session>> find(std::string_view id) = 0;
  // Ends or revokes it and returns it; null where there is none. A second time changes nothing.
  virtual Result<std::shared_ptr<const Session>> end(std::string_view id, Timestamp now) = 0;
  virtual Result<std::shared_ptr<const Session>> revoke(std::string_view id, Timestamp now) = 0;
  virtual Result<std::vector<std::shared_ptr<const Session>>> list(const SessionFilter& filter) = 0;
};

}  // namespace portreeve::storage

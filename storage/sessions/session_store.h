// Sandbox sessions: made, bound to addresses, given other roles, ended, revoked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "storage/sessions/event.h"

namespace portreeve::storage {

inline constexpr Seconds kLongestSession = std::chrono::hours(12);
// A sandbox has one interface pair, an address or two of each family on it; each costs a row and a place in memory.
inline constexpr std::size_t kAddressesPerSession = 16;

struct NewSession {
  std::string provider;  // the IdentityProvider's name
  std::string sub;       // as the issuer wrote it
  std::optional<std::string> tenant;
  JsonValue claims;  // the verified claims, an object; roles are worked out from them at each decision
  std::map<std::string, std::string> labels;
  Seconds lifetime = kLongestSession;                  // 0 < lifetime <= kLongestSession
  std::optional<std::vector<std::string>> roles = {};  // as Session's
};

enum class SessionState : std::uint8_t { live, ended, revoked, expired };
std::string_view to_text(SessionState state);
std::optional<SessionState> session_state_from_text(std::string_view text);

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
  std::vector<net::IpAddress> addresses;  // those it is asked for from, sorted; empty: from any
  // The roles that were activated, sorted, names without spaces; absent: all that the subject is authorised for.
  std::optional<std::vector<std::string>> roles;

  // True until it expires, ends or is revoked. Says nothing of which: the caller's reason codes do.
  bool is_live(Timestamp now) const { return !ended && !revoked && now < expires; }
  // Revoked stands over ended, and both over expired.
  SessionState state(Timestamp now) const;
};
using SessionPointer = std::shared_ptr<const Session>;

struct SessionFilter {
  std::optional<std::string> subject_id = {};
  std::optional<std::string> tenant = {};
  std::optional<SessionState> state = {};
  std::optional<std::string> after = {};  // keyset: ids above this one (ids rise with time)
  std::size_t limit = 100;
};

// What is cut off: one session; a subject or a tenant with all its sessions, and those still to come; everything.
struct RevocationTarget {
  EventKind kind = EventKind::session;  // session, subject, tenant or all
  std::string name;                     // the session's id, `<provider>/<sub>`, the tenant's name; empty for all
  friend bool operator==(const RevocationTarget&, const RevocationTarget&) = default;
};

struct Revoked {
  std::int64_t event = 0;    // of this revocation, or of the earlier one that already holds
  std::size_t sessions = 0;  // how many live sessions it cut
  friend bool operator==(const Revoked&, const Revoked&) = default;
};

// A revocation of a subject, a tenant or all that has not been lifted: no session is made for those it names.
struct Bar {
  std::int64_t event = 0;
  RevocationTarget target;
  std::string reason;
  std::string actor;
  Timestamp time;
  friend bool operator==(const Bar&, const Bar&) = default;
};

// Who does something, and why. Texts are UTF-8 without U+0000.
struct Deed {
  std::string actor;
  std::string reason;
};

// Any thread. Writes are durable when they return, and then every reader sees them. One store at a time writes to a
// data folder; what others wrote is seen at the next call.
class SessionStore {
 public:
  enum class BindFailure : std::uint8_t { unknown, not_live, address_bound };
  struct Bound {
    std::optional<BindFailure> failure;
    std::optional<net::IpAddress> taken;  // by another live session
    SessionPointer session;               // as it is now; null where it is unknown
  };

  virtual ~SessionStore() = default;

  // Null where a Bar holds for it: a session is made either before a revocation, and cut by it, or not at all.
  // Fails where the lifetime is out of range, provider or sub is empty, or the disk says no.
  virtual Result<SessionPointer> create(const NewSession& session, Timestamp now) = 0;
  // Null where there is none of that id. On the request path: answered from memory unless the state changed.
  virtual Result<SessionPointer> find(std::string_view id) = 0;
  // The session that was last bound to the address, whatever its state; null where there is none. As find().
  virtual Result<SessionPointer> find_by_address(const net::IpAddress& address) = 0;
  // Sets the whole set of addresses; an address of a session that is not live any more is taken over.
  // Requires: at most kAddressesPerSession.
  virtual Result<Bound> bind(std::string_view id, std::span<const net::IpAddress> addresses, Timestamp now) = 0;
  // Activates, in a live session, the roles that `change` names of the session as it is now, announces that, and
  // returns the session; null where there is none. Where it is not live, `change` is not called; where that names
  // nothing, or what is active already, nothing changes. `change` calls nothing of the store.
  using RoleChange = std::function<std::optional<std::vector<std::string>>(const Session&)>;
  virtual Result<SessionPointer> change_roles(std::string_view id, const RoleChange& change, const Deed& deed,
                                              Timestamp now) = 0;
  // Ends it, announces that, and returns it; null where there is none. Where it is not live nothing changes.
  virtual Result<SessionPointer> end(std::string_view id, const Deed& deed, Timestamp now) = 0;
  // Cuts, bars and announces. Nothing where it aims at a session that there is not. A second time changes nothing.
  virtual Result<std::optional<Revoked>> revoke(const RevocationTarget& target, const Deed& deed, Timestamp now) = 0;
  // Lets sessions be made again; those that were cut stay so. False where no Bar has that number.
  virtual Result<bool> lift(std::int64_t event, Timestamp now) = 0;
  virtual Result<std::vector<Bar>> bars() = 0;
  // In order of id. `state` is as of `now`.
  virtual Result<std::vector<SessionPointer>> list(const SessionFilter& filter, Timestamp now) = 0;

  virtual EventLog& events() = 0;
};

}  // namespace portreeve::storage

// Sessions and revocations as administration sees them: read, list, revoke, lift. No HTTP here, and no judgement of who
// may: the caller has asked for that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "storage/sessions/session_store.h"

namespace portreeve::pdp {

// Of a reason: a sentence; it stands in every event.
inline constexpr std::size_t kReasonBytes = 512;
// Of a page of sessions.
inline constexpr std::size_t kSessionPage = 1000;

// Why a request about sessions is refused: the status and the problem's code are those of the HTTP answer.
struct SessionProblem {
  int status = 400;
  std::string code = "bad-request";
  std::string message;
  std::string field;  // JSON pointer; may be empty
};
template <class T>
using SessionResult = tl::expected<T, SessionProblem>;

// Reads the body of a revocation: exactly one of `session`, `subject`, `tenant`, `all: true`, and a `reason` or none.
// Unknown members are refused. Total.
struct RevocationRequest {
  storage::RevocationTarget target;
  std::string reason;
};
SessionResult<RevocationRequest> read_revocation(const JsonValue& body);
// The member `reason`: a string of at most kReasonBytes, or absent and then empty. Requires: an object.
SessionResult<std::string> read_reason(const JsonValue& body);

// Reads the query of a list of sessions: `state`, `subject`, `tenant`, `after`, `limit` (1 to kSessionPage), each at
// most once, percent-encoded as a form. Total.
SessionResult<storage::SessionFilter> read_session_filter(std::string_view query);

// SESSION, as docs/sessions.md has it. Never claims, never tokens.
JsonValue to_json(const storage::Session& session, Timestamp now);
// `{"event":N,"kind":…,"target":…,"sessions":<count cut>}`.
JsonValue to_json(const storage::Revoked& revoked, const storage::RevocationTarget& target);
// `{"event":N,"kind":…,"target":…,"reason"?,"actor","time"}`.
JsonValue to_json(const storage::Bar& bar);

// Thread-safe; a write blocks for the length of one durable commit.
class Revocations {
 public:
  // `store` outlives this.
  explicit Revocations(storage::SessionStore& store) : store_(store) {}

  // Durable, and seen by every later decision, when it returns. 404 `session-unknown`; 503 `state-unavailable` where
  // the disk says no. `actor`: `<provider>/<sub>`, or a gate's name.
  SessionResult<storage::Revoked> revoke(const RevocationRequest& request, std::string_view actor, Timestamp now) const;
  // Lifts the bar of a revocation of a subject, a tenant or all. 404 `revocation-unknown`.
  SessionResult<void> lift(std::int64_t event, Timestamp now) const;
  // Those not lifted, rising by event.
  SessionResult<std::vector<storage::Bar>> in_force() const;

  // 404 `session-unknown`.
  SessionResult<storage::SessionPointer> find(std::string_view id) const;
  struct Page {
    std::vector<storage::SessionPointer> sessions;
    std::optional<std::string> next;  // `after` of the next page
  };
  SessionResult<Page> list(storage::SessionFilter filter, Timestamp now) const;
  // `{"sessions":[SESSION…],"next"?}`.
  static JsonValue to_json(const Page& page, Timestamp now);

 private:
  storage::SessionStore& store_;
};

}  // namespace portreeve::pdp

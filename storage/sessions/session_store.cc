#include "storage/sessions/session_store.h"

namespace portreeve::storage {
namespace {

constexpr SessionState kAllStates[] = {SessionState::live, SessionState::ended, SessionState::revoked,
                                       SessionState::expired};

}  // namespace

std::string_view to_text(SessionState state) {
  switch (state) {
    case SessionState::live:
      return "live";
    case SessionState::ended:
      return "ended";
    case SessionState::revoked:
      return "revoked";
    case SessionState::expired:
      return "expired";
  }
  return "expired";
}

std::optional<SessionState> session_state_from_text(std::string_view text) {
  for (const SessionState state : kAllStates) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

SessionState Session::state(Timestamp now) const {
  if (revoked) return SessionState::revoked;
  if (ended) return SessionState::ended;
  return now < expires ? SessionState::live : SessionState::expired;
}

}  // namespace portreeve::storage

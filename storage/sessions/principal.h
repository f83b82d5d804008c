// A session's subject as judgement takes it.
#pragma once

#include "engine/wire/principal.h"
#include "storage/sessions/session_store.h"

namespace portreeve::storage {

// Verified, with the claims that the session was made with. `token_expires` bounds how long an answer may be kept.
wire::Principal principal_of(const Session& session, Timestamp token_expires);

}  // namespace portreeve::storage

// Sessions and gates' credentials in `<data>/state.sqlite`.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "storage/sessions/pep_store.h"
#include "storage/sessions/session_store.h"

namespace portreeve::storage {

// Open the same file as often as needed, also from several processes at once (`portreeve pep add` beside a live PDP).
// The file is made where it is missing, with mode 0600; each write is durable when it returns (synchronous=FULL).
// find() and find_by_secret() take a lock, ask SQLite whether another connection wrote (about two microseconds) and
// answer from memory.
Result<std::unique_ptr<SessionStore>> open_session_store(const std::string& path);
Result<std::unique_ptr<PepStore>> open_pep_store(const std::string& path);

}  // namespace portreeve::storage

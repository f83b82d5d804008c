// Whom a process in the sandbox runs as.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::supervisor {

struct SandboxUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;

  // Reads `NAME:UID:GID` or `NAME:UID:GID:HOME`; the home is `/` where none is given.
  static Result<SandboxUser> parse(std::string_view text);
};

// The user of that name, the first where `name` is empty, or nullptr. `users`: not empty.
const SandboxUser* find_user(const std::vector<SandboxUser>& users, std::string_view name);

}  // namespace portreeve::supervisor

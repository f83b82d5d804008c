// What no process may write, whatever policy grants: start-up files, hooks, agents' and editors' configuration,
// credentials.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::supervisor {

// Paths below `grants` (`DIR/**` or a file) that exist now and are never to be written, parents before children:
// start-up files and credential folders in `home` and in each granted folder itself, and `.git/hooks` and configuration
// of editors and agents at any depth. Folders that are links are not followed. Fails where one of them is a link or has
// another name (a hard link): writing there could not be kept from it. Fails beyond limits::kSandboxEntries.
Result<std::vector<std::string>> find_never_writable(const std::vector<std::string>& grants, const std::string& home);

// Gives this process a mount namespace of its own in which each of `paths` is read-only, and every folder between it
// and the root can be neither renamed nor removed. For a child that is about to become the workload; one thread.
// Requires: the right to mount (CAP_SYS_ADMIN in its user namespace), or it fails.
Status pin_read_only(const std::vector<std::string>& grants, const std::vector<std::string>& paths);

}  // namespace portreeve::supervisor

// A terminal pair of its own for a process.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/descriptor.h"
#include "pep/supervisor/sandbox_user.h"

namespace portreeve::supervisor {

struct TerminalPair {
  Descriptor ours;    // the supervisor's side; does not block
  Descriptor theirs;  // the process's, which belongs to its user
  std::string path;   // theirs, in the sandbox
};

// Opens a pair by /dev/ptmx. The process's side is never looked up by a path.
Result<TerminalPair> open_terminal(const SandboxUser& user, channel::Size size);
Status resize_terminal(int fd, channel::Size size);

}  // namespace portreeve::supervisor

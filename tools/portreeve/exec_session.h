// One process in a sandbox, with this process's streams and signals as its own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/keys.h"

namespace portreeve::cli {

struct ExecAddress {
  std::string host;
  std::uint16_t port = 2024;
};

struct ExecRequest {
  ExecAddress address;
  channel::ChannelDocument channel;
  channel::Start start;
  std::vector<channel::Secret> secrets;
  std::string credential;  // the supervisor's next token, handed over before anything starts; empty: it keeps its own
};

// Runs it to its end: standard input (where start.input), output and error, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
// SIGUSR2 and the terminal's size are passed on. Fails where the channel does.
Result<channel::Ended> run_in_sandbox(ExecRequest request);

}  // namespace portreeve::cli

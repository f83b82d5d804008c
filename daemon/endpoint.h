// Where a program listens or connects to: a TCP host and port, or the path of a Unix socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::daemon {

struct Endpoint {
  std::string host;  // an address, without brackets, or a name; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path;  // absolute; empty for TCP
  bool is_unix() const { return !unix_path.empty(); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`. Port 0 is left to the kernel. A host is not looked up here.
Result<Endpoint> parse_endpoint(std::string_view text);
// The form that parse_endpoint() reads.
std::string to_text(const Endpoint& endpoint);
// True where nobody but this machine can connect: a Unix socket, 127.0.0.0/8, ::1 or `localhost`.
bool is_loopback(const Endpoint& endpoint);

}  // namespace portreeve::daemon

// Sockets as descriptors: opening one to listen on, taking a connection from it.
#pragma once

#include <sys/types.h>

#include <utility>

#include "daemon/endpoint.h"
#include "engine/base/result.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Opens a non-blocking socket that listens at `endpoint`, and writes a port chosen by the kernel into it. An IPv6
// address takes IPv6 only: no peer appears as an IPv4 address inside an IPv6 one. A Unix socket that nobody listens on
// any more is replaced, any other file is not; the new one gets the permission bits `unix_mode`.
Result<Descriptor> open_listening_socket(daemon::Endpoint& endpoint, unsigned unix_mode);

struct Accepted {
  Descriptor socket;  // non-blocking
  HttpPeer peer;
  int error = 0;  // errno where there is no socket
};
Accepted accept_connection(int listening);

}  // namespace portreeve::pdp

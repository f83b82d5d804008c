#include "pdp/http/listening_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace portreeve::pdp {
namespace {

constexpr int kBacklog = 1024;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  template <class T>
  void set(const T& value) {
    std::memcpy(&storage, &value, sizeof value);
    size = sizeof value;
  }
};

std::string system_error(std::string_view what, const daemon::Endpoint& endpoint) {
  return fmt::format("cannot {} `{}`: {}", what, to_text(endpoint), std::strerror(errno));
}

Result<Address> to_address(const daemon::Endpoint& endpoint) {
  Address address;
  if (endpoint.is_unix()) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (endpoint.unix_path.size() >= sizeof un.sun_path) {
      return fail(fmt::format("the path of `{}` is longer than {} bytes", to_text(endpoint), sizeof un.sun_path - 1));
    }
    endpoint.unix_path.copy(un.sun_path, endpoint.unix_path.size());
    address.set(un);
    return address;
  }
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    address.set(v4);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    address.set(v6);
  } else {
    return fail(
        fmt::format("cannot listen on `{}`: `{}` is no address (names other than `localhost` are not looked up)",
                    to_text(endpoint), endpoint.host));
  }
  return address;
}

// A socket file outlives its process. One that refuses connections has no owner.
void remove_orphan(const daemon::Endpoint& endpoint, Address& address) {
  struct stat status {};
  if (lstat(endpoint.unix_path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED) {
    unlink(endpoint.unix_path.c_str());
  }
}

void switch_on(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

HttpPeer peer_of(int fd, Address& address) {
  HttpPeer peer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    peer.address = inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.port = ntohs(v4.sin_port);
  } else if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof v6);
    peer.address = inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    peer.port = ntohs(v6.sin6_port);
  } else {
    peer.kind = HttpPeer::Kind::unix_socket;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.uid = credentials.uid;
      peer.gid = credentials.gid;
      peer.pid = credentials.pid;
    }
  }
  return peer;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Descriptor> open_listening_socket(daemon::Endpoint& endpoint, unsigned unix_mode) {
  TRY_ASSIGN(Address address, to_address(endpoint));
  const int family = address.storage.ss_family;
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return fail(system_error("open a socket for", endpoint));
  if (endpoint.is_unix()) {
    remove_orphan(endpoint, address);
  } else {
    switch_on(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    if (family == AF_INET6) switch_on(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  }
  if (bind(socket.get(), address.get(), address.size) != 0) return fail(system_error("listen on", endpoint));
  // Nobody can connect before listen(), so the permissions are right from the first connection on.
  if (endpoint.is_unix() && chmod(endpoint.unix_path.c_str(), unix_mode) != 0) {
    return fail(system_error("set the permissions of", endpoint));
  }
  if (::listen(socket.get(), kBacklog) != 0) return fail(system_error("listen on", endpoint));
  if (!endpoint.is_unix()) {
    if (getsockname(socket.get(), address.get(), &address.size) != 0) return fail(system_error("listen on", endpoint));
    sockaddr_in bound{};  // the port stands at the same place in sockaddr_in6
    std::memcpy(&bound, &address.storage, sizeof bound);
    endpoint.port = ntohs(bound.sin_port);
  }
  return socket;
}

Accepted accept_connection(int listening) {
  Address address;
  address.size = sizeof address.storage;
  Accepted accepted;
  const int fd = accept4(listening, address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    accepted.error = errno;
    return accepted;
  }
  accepted.socket = Descriptor(fd);
  accepted.peer = peer_of(fd, address);
  if (accepted.peer.kind == HttpPeer::Kind::tcp) switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
  return accepted;
}

}  // namespace portreeve::pdp

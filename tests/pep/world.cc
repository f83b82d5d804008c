#include "tests/pep/world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tests/pep/dns_bytes.h"

namespace portreeve::pep {
namespace {

std::string& namespace_reason() {
  static std::string reason = "not entered";
  return reason;
}

bool write_file(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

sockaddr_in ipv4(const std::string& address, int port) {
  sockaddr_in made = {};
  made.sin_family = AF_INET;
  made.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &made.sin_addr);
  return made;
}

int bound_socket(int type, const std::string& address, int port) {
  const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in where = ipv4(address, port);
  if (::bind(made, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    std::perror(("bind " + address).c_str());
    std::abort();
  }
  return made;
}

int port_of(int socket) {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

bool enter_network_namespace(std::string& why) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  const bool entered = user == 0 ? ::unshare(CLONE_NEWNET) == 0 : ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
  if (!entered) {
    why = namespace_reason() = std::string("no network namespace: ") + std::strerror(errno);
    return false;
  }
  if (user != 0) {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  }
  const int status =
      std::system("ip link set lo up && ip address add 23.9.0.1/32 dev lo && ip route add local 23.0.0.0/16 dev lo");
  if (status != 0) {
    why = namespace_reason() = "`ip` cannot set the namespace up";
    return false;
  }
  namespace_reason().clear();
  return true;
}

const std::string& no_namespace_reason() { return namespace_reason(); }

DnsServer::DnsServer(Zone zone) : zone_(std::move(zone)) {
  // The kernel picks a TCP port; that the same UDP port is taken is unlikely, and then another is tried.
  for (int attempt = 0; attempt < 20 && udp_ < 0; ++attempt) {
    tcp_ = bound_socket(SOCK_STREAM, "127.0.0.1", 0);
    port_ = port_of(tcp_);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in where = ipv4("127.0.0.1", port_);
    if (::bind(udp_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) break;
    ::close(udp_);
    ::close(tcp_);
    udp_ = -1;
  }
  ::listen(tcp_, 16);
  udp_thread_ = std::thread([this] { serve_udp(); });
  tcp_thread_ = std::thread([this] { serve_tcp(); });
}

DnsServer::~DnsServer() {
  stopping_ = true;
  ::shutdown(tcp_, SHUT_RDWR);
  // A datagram to itself ends the wait for one.
  const sockaddr_in self = ipv4("127.0.0.1", port_);
  ::sendto(udp_, "", 0, 0, reinterpret_cast<const sockaddr*>(&self), sizeof self);
  udp_thread_.join();
  tcp_thread_.join();
  ::close(udp_);
  ::close(tcp_);
}

std::vector<DnsServer::Query> DnsServer::queries() const {
  const std::lock_guard lock(mutex_);
  return queries_;
}

std::string DnsServer::answer(std::string_view query, bool tcp) {
  if (query.size() < 17) return {};
  std::string name;
  std::size_t at = 12;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<std::size_t>(query[at]);
    if (!name.empty()) name += '.';
    name += query.substr(at + 1, length);
    at += length + 1;
  }
  const std::size_t type = static_cast<std::size_t>(query[at + 1]) << 8 | static_cast<std::uint8_t>(query[at + 2]);
  {
    const std::lock_guard lock(mutex_);
    queries_.push_back({name, type, tcp});
  }
  const Reply reply = zone_(name, type);
  if (reply.silent) return {};
  const std::string_view question = query.substr(12, at + 5 - 12);
  if (reply.only_tcp && !tcp) return dns_response(query.substr(0, 2), question, {}, 0x8380);
  return dns_response(query.substr(0, 2), question, reply.answers, reply.flags);
}

void DnsServer::serve_udp() {
  char query[2048];
  while (true) {
    sockaddr_in peer = {};
    socklen_t size = sizeof peer;
    const ssize_t got = ::recvfrom(udp_, query, sizeof query, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (stopping_) return;
    if (got <= 0) continue;
    const std::string reply = answer({query, static_cast<std::size_t>(got)}, false);
    if (!reply.empty()) ::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
  }
}

void DnsServer::serve_tcp() {
  while (true) {
    const int socket = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const timeval patience = {1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string bytes;
    char chunk[2048];
    while (bytes.size() < 2 || bytes.size() < 2 + (static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 |
                                                   static_cast<std::uint8_t>(bytes[1]))) {
      const ssize_t got = ::recv(socket, chunk, sizeof chunk, 0);
      if (got <= 0) break;
      bytes.append(chunk, static_cast<std::size_t>(got));
    }
    if (bytes.size() > 2) {
      const std::string reply = sized(answer(std::string_view(bytes).substr(2), true), 2);
      ::send(socket, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
    ::close(socket);
  }
}

std::string Origin::Connection::read_some() {
  char chunk[16384];
  const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
  if (count <= 0) return {};
  std::string got(chunk, static_cast<std::size_t>(count));
  const std::lock_guard lock(origin_.mutex_);
  origin_.received_ += got;
  return got;
}

std::string Origin::Connection::read(std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string got = read_some();
    if (got.empty()) break;
    all += got;
  }
  return all;
}

void Origin::Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Origin::Connection::shut_sending() { ::shutdown(socket_, SHUT_WR); }

void Origin::echo(Connection& connection) {
  while (true) {
    const std::string got = connection.read_some();
    if (got.empty()) return;
    connection.write(got);
  }
}

Origin::Origin(const std::string& address, int port, Manner manner) : manner_(std::move(manner)) {
  listener_ = bound_socket(SOCK_STREAM, address, port);
  port_ = port_of(listener_);
  ::listen(listener_, 512);
  acceptor_ = std::thread([this] { accept(); });
}

Origin::~Origin() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  for (const int socket : sockets_) ::close(socket);
}

std::string Origin::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void Origin::wait_for_end(int connections) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [&] { return accepted_ >= connections && open_ == 0; });
}

void Origin::accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    ++accepted_;
    ++open_;
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] {
      Connection connection(*this, socket);
      manner_(connection);
      ::shutdown(socket, SHUT_RDWR);
      const std::lock_guard ending(mutex_);
      --open_;
      changed_.notify_all();
    });
  }
}

Client::Client(const std::string& address, int port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience = {10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in where = ipv4(address, port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) std::perror("connect");
}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Client::shut_sending() { ::shutdown(socket_, SHUT_WR); }

void Client::reset() {
  const linger hard = {1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(socket_, -1));
}

bool Client::more() {
  char chunk[16384];
  const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
  if (got == 0) ended_ = true;
  if (got > 0) bytes_.append(chunk, static_cast<std::size_t>(got));
  return got > 0;
}

std::string Client::read_head() {
  std::size_t end = 0;
  while ((end = bytes_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return {};
  }
  const std::string head = bytes_.substr(0, end + 4);
  bytes_.erase(0, end + 4);
  return head;
}

std::string Client::read(std::size_t size) {
  while (bytes_.size() < size && more()) {
  }
  const std::string got = bytes_.substr(0, size);
  bytes_.erase(0, got.size());
  return got;
}

std::string Client::read_all(bool* complete) {
  while (more()) {
  }
  if (complete != nullptr) *complete = ended_;
  return std::exchange(bytes_, {});
}

}  // namespace portreeve::pep

// A client that sends bytes as they are and waits for what really comes back.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/endpoint.h"
#include "engine/base/text.h"
#include "pdp/http/http_server.h"

namespace portreeve::pdp {

struct RawResponse {
  int status = 0;  // 0: the connection ended instead
  std::string head;
  std::string body;
  bool has(std::string_view line) const { return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos; }
};

class RawClient {
 public:
  explicit RawClient(const daemon::Endpoint& endpoint, int receive_buffer = 0) {
    sockaddr_in v4{};
    sockaddr_un un{};
    const bool is_unix = endpoint.is_unix();
    fd_ = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Only so that a server that hangs fails the test instead of hanging it.
    const timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    int connected = -1;
    if (is_unix) {
      un.sun_family = AF_UNIX;
      endpoint.unix_path.copy(un.sun_path, sizeof un.sun_path - 1);
      connected = connect(fd_, reinterpret_cast<const sockaddr*>(&un), sizeof un);
    } else {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(endpoint.port);
      inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr);
      connected = connect(fd_, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    is_connected_ = connected == 0;
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { shutdown(fd_, SHUT_WR); }

  // The next response; `to_head` if it answers a HEAD.
  RawResponse receive(bool to_head = false) {
    RawResponse response;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return response;
    }
    response.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    response.status = std::stoi(response.head.substr(9, 3));
    const std::size_t length_at = response.head.find("\r\nContent-Length: ");
    if (length_at == std::string::npos || to_head) return response;
    const std::size_t length = std::stoul(response.head.substr(length_at + 18));
    while (buffer_.size() < length) {
      if (!fill()) return {};
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return response;
  }
  // All that comes until the server closes.
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  RawResponse ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  // Waits until the server closes. False where it sends anything more, resets, or does neither in time.
  bool is_closed() { return buffer_.empty() && !fill() && ended_; }
  // The same, where a reset is as good.
  bool is_gone() { return buffer_.empty() && !fill() && (ended_ || errno == ECONNRESET || errno == EPIPE); }
  std::uint16_t local_port() const {
    sockaddr_in v4{};
    socklen_t size = sizeof v4;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&v4), &size);
    return ntohs(v4.sin_port);
  }

 private:
  bool fill() {
    char bytes[16384];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    ended_ = got == 0;
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool is_connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

inline std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: pdp\r\n\r\n"; }
inline std::string post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: pdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

inline HttpServerOptions loopback() {
  HttpServerOptions options;
  options.endpoints = {{"127.0.0.1", 0, ""}};
  return options;
}

// Starts a server, or ends the test.
inline std::unique_ptr<HttpServer> serve(HttpServerOptions options, HttpHandler handler) {
  auto server = HttpServer::listen(std::move(options), std::move(handler));
  if (!server) {
    ADD_FAILURE() << server.error().message;
    std::abort();
  }
  return std::move(*server);
}

// Answers with what came: method, target and body.
inline void echo(HttpRequest request, Responder responder) {
  std::string seen = std::string(request.method()) + ' ' + std::string(request.target()) + ' ' + request.body();
  responder.respond({200, {{"Content-Type", "text/plain"}}, std::move(seen)});
}

}  // namespace portreeve::pdp

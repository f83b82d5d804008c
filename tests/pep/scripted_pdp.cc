#include "tests/pep/scripted_pdp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace portreeve::pep {

ScriptedPdp::ScriptedPdp(Script script, const std::string& unix_path, std::uint16_t port) : script_(std::move(script)) {
  if (unix_path.empty()) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    endpoint_ = {"127.0.0.1", ntohs(address.sin_port), ""};
  } else {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
    ::unlink(unix_path.c_str());
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    endpoint_ = {"", 0, unix_path};
  }
  ::listen(listener_, 128);
  acceptor_ = std::thread([this] { accept(); });
}

ScriptedPdp::~ScriptedPdp() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  hang_up();
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::vector<ScriptedPdp::Request> ScriptedPdp::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedPdp::hang_up() {
  const std::lock_guard lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

void ScriptedPdp::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  for (const int socket : listeners_) ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void ScriptedPdp::accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int number = ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number] { serve(socket, number); });
  }
}

void ScriptedPdp::serve(int socket, int number) {
  std::string bytes;
  char chunk[8192];
  const auto more = [&] {
    const ssize_t got = ::recv(socket, chunk, sizeof chunk, 0);
    if (got > 0) bytes.append(chunk, static_cast<std::size_t>(got));
    return got > 0;
  };
  while (true) {
    std::size_t end = 0;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return;
    }
    Request request;
    request.connection = number;
    request.head = bytes.substr(0, end + 4);
    const std::size_t first = request.head.find(' ');
    request.path = request.head.substr(first + 1, request.head.find(' ', first + 1) - first - 1);
    const std::size_t field = request.head.find("Content-Length: ");
    const std::size_t length =
        field == std::string::npos ? 0 : std::strtoul(request.head.c_str() + field + 16, nullptr, 10);
    bytes.erase(0, end + 4);
    while (bytes.size() < length) {
      if (!more()) return;
    }
    request.body = bytes.substr(0, length);
    bytes.erase(0, length);
    const bool listens = events && request.path == "/v1/events";
    std::optional<std::string> answer;
    if (listens) {
      const std::lock_guard lock(mutex_);
      answer = events(static_cast<int>(listeners_.size()) + 1);
      listeners_.push_back(socket);
    } else {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      answer = script_(request);
    }
    if (!answer) {
      ::shutdown(socket, SHUT_RDWR);
      return;
    }
    if (*answer == kSilence) {
      while (more()) {
      }
      return;
    }
    ::send(socket, answer->data(), answer->size(), MSG_NOSIGNAL);
  }
}

std::string event_stream(int event) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: hello\ndata: {\"event\":" +
         std::to_string(event) + ",\"revision\":\"sha256:1\",\"pdp\":\"p\"}\n\n";
}

std::string revocation(int event, std::string_view session, std::string_view kind) {
  const std::string number = std::to_string(event);
  std::string data = "{\"event\":" + number + ",\"kind\":\"" + std::string(kind) + "\",\"sessions\":[";
  data += kind == "all" ? "],\"all\":true}" : "\"" + std::string(session) + "\"]}";
  return "id: " + number + "\nevent: revocation\ndata: " + data + "\n\n";
}

std::string http_response(int status, std::string_view body, std::string_view fields) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Whatever\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

namespace {

// The head of an allow, up to where obligations stand.
std::string allow(std::string_view id, std::string_view session) {
  return R"({"decision":true,"context":{"id":")" + std::string(id) +
         R"(","reason":"rule-allow","rules":["web/one"],"revision":"sha256:1","event":0,"session":{"id":")" +
         std::string(session) + R"(","subject":"idp/rita"})";
}

}  // namespace

std::string allow_resolve(std::string_view session) { return allow("dec_resolve", session) + "}}"; }

std::string allow_connect(std::string_view addresses_json, std::string_view protocol, std::string_view limits_json,
                          std::string_view session) {
  std::string obligations =
      R"("connect":{"addresses":)" + std::string(addresses_json) + R"(,"protocol":")" + std::string(protocol) + R"("})";
  if (!limits_json.empty()) obligations += R"(,"limits":)" + std::string(limits_json);
  return allow("dec_connect", session) + R"(,"obligations":{)" + obligations + "}}}";
}

std::string denial(std::string_view reason, std::string_view rule_reason) {
  std::string context =
      R"({"decision":false,"context":{"id":"dec_denied","reason":")" + std::string(reason) + R"(","rules":[])";
  if (!rule_reason.empty()) context += R"(,"ruleReason":")" + std::string(rule_reason) + "\"";
  return context + "}}";
}

}  // namespace portreeve::pep

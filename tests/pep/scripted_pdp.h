// A PDP that says what a script tells it to: for the failures that a real one cannot be made to show.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/endpoint.h"

namespace portreeve::pep {

class ScriptedPdp {
 public:
  struct Request {
    std::string path;
    std::string head;
    std::string body;
    int connection = 0;  // counted from 1
  };
  // The bytes to answer with; nothing: hang up. kSilence: say nothing and wait.
  using Script = std::function<std::optional<std::string>(const Request&)>;
  static constexpr std::string_view kSilence = "\x01silence";

  // What the n-th caller of `/v1/events` hears first, counted from 1; nothing: hang up. Where this is set, such calls
  // are not among the requests, and push() says more. Set before anyone calls.
  std::function<std::optional<std::string>(int)> events;

  // Listens on 127.0.0.1, or on a Unix socket. `port` 0: any.
  explicit ScriptedPdp(Script script, const std::string& unix_path = "", std::uint16_t port = 0);
  ~ScriptedPdp();
  ScriptedPdp(const ScriptedPdp&) = delete;
  ScriptedPdp& operator=(const ScriptedPdp&) = delete;

  const daemon::Endpoint& endpoint() const { return endpoint_; }
  std::vector<Request> requests() const;
  int connections() const { return connections_; }
  // Says this to everyone who listens to events.
  void push(std::string_view bytes);
  // Closes every connection that is open, as a restart would.
  void hang_up();

 private:
  void accept();
  void serve(int socket, int number);

  Script script_;
  daemon::Endpoint endpoint_;
  int listener_ = -1;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::vector<int> sockets_;
  std::vector<int> listeners_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// The head of an answer that is an event stream, and what it begins with.
std::string event_stream(int event);
std::string revocation(int event, std::string_view session, std::string_view kind = "session");

// A complete HTTP response with a JSON body.
std::string http_response(int status, std::string_view body, std::string_view fields = "");
// What session_of() finds in a token like `a.b.c`.
inline constexpr std::string_view kScriptedSession = "unknown";
// The PDP's answers.
std::string allow_resolve(std::string_view session = kScriptedSession);
std::string allow_connect(std::string_view addresses_json, std::string_view protocol = "tls",
                          std::string_view limits_json = "", std::string_view session = kScriptedSession);
std::string denial(std::string_view reason, std::string_view rule_reason = "");

}  // namespace portreeve::pep

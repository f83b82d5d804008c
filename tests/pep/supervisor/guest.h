// A sandbox for tests: the real supervisor as real PID 1 of PID, mount, network, IPC and UTS namespaces, joined to this
// process's network namespace by one veth pair, in front of a scripted PDP.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/keys.h"
#include "pep/supervisor/channel/stream.h"
#include "tests/pep/scripted_pdp.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::supervisor {

inline constexpr char kGuestAddress[] = "10.77.0.2";
inline constexpr char kGuestAddress6[] = "fd77::2";
inline constexpr char kHostAddress[] = "10.77.0.1";
inline constexpr char kSession[] = "ses_guest";

// Makes this process a network namespace of its own and says why where it cannot.
bool enter_control_namespace(std::string& why);

// A PDP that answers `process.exec` as told and streams events.
class GuestPdp {
 public:
  explicit GuestPdp(const std::string& socket);
  // The members of `obligations` in the answers from now on, as JSON.
  void allow(std::string obligations);
  void deny(std::string reason);
  void be_silent();
  // The questions so far.
  std::vector<std::string> questions() const;
  std::vector<std::string> outcomes() const;
  std::vector<std::string> credentials() const;
  // What event streams say from now on behind their hello; those that are open end.
  void revoke();
  void be_away();
  // Called before an answer goes out, in the PDP's thread.
  std::function<void()> before_answer;

 private:
  std::optional<std::string> answer(const pep::ScriptedPdp::Request& request);
  mutable std::mutex mutex_;
  std::string obligations_ = R"({"env":{"pass":["HOME","PATH"]}})";
  std::string denial_;
  bool silent_ = false, away_ = false, revoked_ = false;
  std::vector<std::string> questions_, outcomes_, credentials_;
  std::unique_ptr<pep::ScriptedPdp> pdp_;
};

// How a process ended, and what it wrote.
struct Done {
  channel::Ended ended;
  std::string output, error;
};

// The controller's side, one call at a time, each to its end.
class TestController {
 public:
  // Fails the test where the connection is not made; `host` is the supervisor's address.
  explicit TestController(const channel::ChannelDocument& channel, const std::string& host = kGuestAddress);
  ~TestController();

  static Result<std::shared_ptr<channel::ControlStream>> try_connect(boost::asio::io_context& context,
                                                                     const channel::ChannelDocument& channel,
                                                                     const std::string& host = kGuestAddress);
  // Runs one to its end.
  Done run(channel::Start start, const std::string& input = {});
  Done sh(const std::string& script);

  void send(channel::ProcessNumber process, const channel::ToSupervisor& message);
  void send_raw(std::string bytes);
  // The next message; a Failure{} with the detail `gone` where the connection has ended, `nothing` after `wait`.
  channel::Addressed<channel::ToController> next(Millis wait = Millis(10'000));
  // Passes over others until one of this kind about this process comes.
  template <class Message>
  Message await(channel::ProcessNumber process, Millis wait = Millis(10'000)) {
    while (true) {
      auto message = next(wait);
      if (auto* found = std::get_if<Message>(&message.message); found && message.process == process) return *found;
      if (std::get_if<channel::Failure>(&message.message)) return Message{};
    }
  }
  channel::Welcome welcome;

 private:
  std::unique_ptr<boost::asio::io_context> context_;
  std::shared_ptr<channel::ControlStream> stream_;
  channel::ProcessNumber next_ = 1;
};

// A start of /bin/sh -c.
channel::Start shell(const std::string& script);

struct GuestOptions {
  std::vector<std::string> flags;
  std::string prepare;  // shell commands inside, before the supervisor
  std::vector<std::string> controllers = {"10.77.0.1/32"};
};

class Guest {
 public:
  explicit Guest(GuestOptions options = {});
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  GuestPdp& pdp() { return *pdp_; }
  const channel::ChannelDocument& channel() const { return keys_.channel; }
  pid_t pid() const { return pid_; }
  const std::string& log_file() const { return log_; }
  // A command in the guest's namespaces, as root, beside the supervisor: the most that a workload could become.
  int inside(const std::string& script, std::string* output = nullptr) const;
  // The supervisor's exit status, once it is gone.
  int wait();
  bool is_running() const;

 private:
  std::string folder_, log_;
  channel::ChannelPair keys_;
  std::unique_ptr<GuestPdp> pdp_;
  pid_t holder_ = -1;  // unshare's
  pid_t pid_ = -1;     // the supervisor's, as seen from here
};

}  // namespace portreeve::supervisor

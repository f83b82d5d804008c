#include "tests/pep/supervisor/guest.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace portreeve::supervisor {

namespace asio = boost::asio;
using channel::ControlStream;
using pep::ScriptedPdp;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

int shell_here(const std::string& script) { return std::system(script.c_str()); }

// Runs a coroutine to its end on `context`, or until `wait` is over.
template <class T>
std::optional<T> run_for(asio::io_context& context, asio::awaitable<T> work, Millis wait) {
  const auto result = std::make_shared<std::optional<T>>();
  asio::co_spawn(
      context,
      [result, task = std::move(work)]() mutable -> asio::awaitable<void> { *result = co_await std::move(task); },
      asio::detached);
  context.restart();
  const auto until = std::chrono::steady_clock::now() + wait;
  while (!*result && std::chrono::steady_clock::now() < until) context.run_one_until(until);
  return std::move(*result);
}

constexpr char kInside[] = R"(set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
mount --bind /dev/pts/ptmx /dev/ptmx
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir -p /mnt/work /mnt/home
chown 1000:1000 /mnt/work /mnt/home
read -r go <&9
exec 9<&-
ip link set lo up
ip addr add 10.77.0.2/24 dev eth0
ip -6 addr add fd77::2/64 dev eth0 nodad
ip link set eth0 up
)";

}  // namespace

bool enter_control_namespace(std::string& why) {
  if (geteuid() != 0) {
    why = "it takes root to build a sandbox";
    return false;
  }
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || shell_here("mount --make-rprivate / && ip link set lo up") != 0) {
    why = "namespaces are refused here";
    return false;
  }
  return true;
}

GuestPdp::GuestPdp(const std::string& socket) {
  pdp_ = std::make_unique<ScriptedPdp>([this](const ScriptedPdp::Request& request) { return answer(request); }, socket);
}

std::optional<std::string> GuestPdp::answer(const ScriptedPdp::Request& request) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (away_) return std::nullopt;
    if (const std::size_t at = request.head.find("Authorization: "); at != std::string::npos) {
      credentials_.push_back(request.head.substr(at, request.head.find("\r\n", at) - at));
    }
    if (request.path == "/access/v1/evaluation") call = before_answer;
  }
  if (call) call();
  const std::lock_guard lock(mutex_);
  if (request.path == "/v1/events") {
    std::string events =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        "event: hello\ndata: {\"event\":0,\"revision\":\"sha256:1\",\"pdp\":\"test\"}\n\n";
    if (revoked_) {
      events +=
          "id: 1\nevent: revocation\ndata: {\"event\":1,\"kind\":\"session\",\"sessions\":[\"ses_guest\"],"
          "\"reason\":\"test\",\"time\":\"2026-11-25T00:00:00Z\"}\n\n";
    }
    return events;
  }
  if (request.path == "/v1/outcomes") {
    outcomes_.push_back(request.body);
    return pep::http_response(200, R"({"boot":"x","acknowledged":1})");
  }
  questions_.push_back(request.body);
  if (silent_) return std::string(ScriptedPdp::kSilence);
  if (!denial_.empty()) return pep::http_response(200, pep::denial(denial_));
  return pep::http_response(
      200, R"({"decision":true,"context":{"id":"dec_1","reason":"rule-allow","rules":["a/b"],"revision":"sha256:1",)"
           R"("event":0,"session":{"id":"ses_guest","subject":"idp/rita"},"obligations":)" +
               obligations_ + "}}");
}

void GuestPdp::allow(std::string obligations) {
  const std::lock_guard lock(mutex_);
  obligations_ = std::move(obligations);
  denial_.clear();
}
void GuestPdp::deny(std::string reason) {
  const std::lock_guard lock(mutex_);
  denial_ = std::move(reason);
}
void GuestPdp::be_silent() {
  const std::lock_guard lock(mutex_);
  silent_ = true;
}
void GuestPdp::be_away() {
  {
    const std::lock_guard lock(mutex_);
    away_ = true;
  }
  pdp_->hang_up();
}
void GuestPdp::revoke() {
  {
    const std::lock_guard lock(mutex_);
    revoked_ = true;
  }
  pdp_->hang_up();
}
std::vector<std::string> GuestPdp::questions() const {
  const std::lock_guard lock(mutex_);
  return questions_;
}
std::vector<std::string> GuestPdp::outcomes() const {
  const std::lock_guard lock(mutex_);
  return outcomes_;
}
std::vector<std::string> GuestPdp::credentials() const {
  const std::lock_guard lock(mutex_);
  return credentials_;
}

Result<std::shared_ptr<ControlStream>> TestController::try_connect(asio::io_context& context,
                                                                   const channel::ChannelDocument& channel,
                                                                   const std::string& host) {
  auto stream = run_for(context, ControlStream::connect(context, host, 2024, channel, {}), Millis(10'000));
  if (!stream) return fail("no answer");
  return std::move(*stream);
}

TestController::TestController(const channel::ChannelDocument& channel, const std::string& host)
    : context_(std::make_unique<asio::io_context>(1)) {
  auto stream = try_connect(*context_, channel, host);
  if (!stream) {
    ADD_FAILURE() << "no connection: " << stream.error().message;
    std::abort();
  }
  stream_ = std::move(*stream);
  send(0, channel::Hello{1, 1, {}, "test"});
  welcome = await<channel::Welcome>(0);
}

TestController::~TestController() { stream_->cut(); }

void TestController::send(channel::ProcessNumber process, const channel::ToSupervisor& message) {
  send_raw(channel::encode(process, message));
}
void TestController::send_raw(std::string bytes) { stream_->send(std::move(bytes)); }

channel::Addressed<channel::ToController> TestController::next(Millis wait) {
  const auto bytes = run_for(*context_, stream_->read(), wait);
  if (!bytes) return {0, channel::Failure{channel::ErrorCode::protocol, "nothing"}};
  if (!*bytes) return {0, channel::Failure{channel::ErrorCode::protocol, "gone"}};
  auto message = channel::read_to_controller(**bytes);
  if (!message) return {0, channel::Failure{channel::ErrorCode::protocol, message.error().message}};
  return std::move(*message);
}

Done TestController::run(channel::Start start, const std::string& input) {
  const channel::ProcessNumber number = next_++;
  if (start.window == 0) start.window = 8u << 20;
  send(number, start);
  Done done;
  while (true) {
    const auto message = next(Millis(120'000));
    if (message.process != number) {
      if (const auto* failure = std::get_if<channel::Failure>(&message.message)) {
        ADD_FAILURE() << "the channel fails: " << failure->detail;
        return done;
      }
      continue;
    }
    if (std::get_if<channel::Started>(&message.message) != nullptr && start.input) {
      if (!input.empty()) send(number, channel::Input{input});
      send(number, channel::InputEnd{});
    } else if (const auto* output = std::get_if<channel::Output>(&message.message)) {
      (output->stream == channel::Stream::output ? done.output : done.error) += output->bytes;
    } else if (const auto* ended = std::get_if<channel::Ended>(&message.message)) {
      done.ended = *ended;
      return done;
    }
  }
}

channel::Start shell(const std::string& script) {
  channel::Start start;
  start.program = "/bin/sh";
  start.arguments = {"sh", "-c", script};
  start.window = 8u << 20;
  start.directory = "/";
  return start;
}

Done TestController::sh(const std::string& script) { return run(shell(script)); }

Guest::Guest(GuestOptions options) : keys_(*channel::make_channel(kSession, channel::SecretText("supervisor-token"))) {
  folder_ = std::filesystem::temp_directory_path() / ("supervisor-test-" + std::to_string(getpid()));
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  log_ = folder_ + "/log";
  const std::string socket = folder_ + "/pdp";
  pdp_ = std::make_unique<GuestPdp>(socket);
  write_file(folder_ + "/boot", keys_.boot.to_text());
  std::string script = kInside + options.prepare + "\nexec '" PORTREEVE_SUPERVISOR "' --control-interface eth0" +
                       " --pdp unix:" + socket +
                       " --user sandbox:1000:1000:/mnt/home --user root:0:0:/mnt/home --grace 1s --log.level debug";
  for (const std::string& controller : options.controllers) script += " --controller " + controller;
  for (const std::string& flag : options.flags) script += " " + flag;
  script += " 3<" + folder_ + "/boot >" + folder_ + "/ready 2>>" + log_ + "\n";
  write_file(folder_ + "/inside", script);

  int go[2];
  if (pipe(go) != 0) std::abort();
  holder_ = fork();
  if (holder_ == 0) {
    dup2(go[0], 9);
    close(go[0]);
    close(go[1]);
    execlp("unshare", "unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "/bin/sh",
           (folder_ + "/inside").c_str(), nullptr);
    _exit(127);
  }
  close(go[0]);
  const std::string children = "/proc/" + std::to_string(holder_) + "/task/" + std::to_string(holder_) + "/children";
  for (int i = 0; i < 2000 && pid_ <= 0; ++i) {
    const std::string text = read_file(children);
    if (!text.empty()) pid_ = std::atoi(text.c_str());
    if (pid_ <= 0) usleep(2000);
  }
  const std::string pid = std::to_string(pid_);
  const int made = shell_here("ip link add pv0 type veth peer name eth0 netns " + pid +
                              " && ip addr add 10.77.0.1/24 dev pv0 && ip -6 addr add fd77::1/64 dev pv0 nodad && "
                              "ip link set pv0 up");
  if (made != 0 || write(go[1], "go\n", 3) != 3) ADD_FAILURE() << "no veth pair";
  close(go[1]);
  for (int i = 0; i < 2000 && read_file(folder_ + "/ready").find("ready") == std::string::npos; ++i) {
    if (waitpid(holder_, nullptr, WNOHANG) == holder_) {
      holder_ = -1;
      ADD_FAILURE() << "the supervisor does not start: " << read_file(log_);
      return;
    }
    usleep(5000);
  }
}

Guest::~Guest() {
  if (holder_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(holder_, nullptr, 0);
  }
  if (testing::Test::HasFailure()) std::printf("%s", read_file(log_).c_str());
  shell_here("ip link del pv0 2>/dev/null");
  std::filesystem::remove_all(folder_);
}

int Guest::inside(const std::string& script, std::string* output) const {
  const std::string file = folder_ + "/script";
  write_file(file, script);
  const int status = shell_here("nsenter --target " + std::to_string(pid_) +
                                " --net --mount --pid --ipc --uts /bin/sh " + file + " >" + folder_ + "/said 2>&1");
  if (output != nullptr) *output = read_file(folder_ + "/said");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int Guest::wait() {
  int status = 0;
  waitpid(holder_, &status, 0);
  holder_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Guest::is_running() const { return holder_ > 0 && kill(pid_, 0) == 0; }

}  // namespace portreeve::supervisor

// Prints the guest supervisor's figures as JSON lines: its start, a process's start and end with a decision beside a
// bare posix_spawn, bytes of output a second, its size at rest. Usage: supervisor_bench SUPERVISOR BOOT CHANNEL PDP_URL
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "daemon/endpoint.h"
#include "pep/supervisor/channel/keys.h"
#include "pep/supervisor/channel/stream.h"

extern char** environ;

namespace portreeve::channel {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr int kStarts = 9;
constexpr int kRuns = 300;
constexpr std::int64_t kBytes = 1'000'000'000;
constexpr int kOutputRuns = 3;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "supervisor_bench: %s\n", why.c_str());
  std::exit(1);
}

double millis_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void print(const char* name, double value, const char* unit, const std::string& context) {
  std::printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"context\": \"%s\"}\n", name, value, unit,
              context.c_str());
  std::fflush(stdout);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One supervisor, from its start to its end.
class Running {
 public:
  Running(const char* program, const char* boot, const char* pdp) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) give_up("no pipe");
    const auto began = Clock::now();
    pid_ = fork();
    if (pid_ == 0) {
      const int document = open(boot, O_RDONLY);
      dup2(ends[1], STDOUT_FILENO);
      dup2(document, 3);
      dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
      execl(program, program, "--listen", "127.0.0.1:0", "--block-local-connections=false", "--controller",
            "127.0.0.1/32", "--pdp", pdp, "--user", "sandbox:0:0:/", nullptr);
      _exit(127);
    }
    close(ends[1]);
    char line[512] = {};
    const ssize_t size = read(ends[0], line, sizeof line - 1);
    started_ = millis_since(began);
    close(ends[0]);
    const std::string text(line, size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::size_t at = text.find("wss://");
    if (at == std::string::npos) give_up("the supervisor does not start");
    endpoint_ = *daemon::parse_endpoint(text.substr(at + 6, text.find('\n') - at - 6));
  }
  ~Running() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  double started() const { return started_; }
  const daemon::Endpoint& endpoint() const { return endpoint_; }
  double resident_mib() const {
    const std::string status = read_file("/proc/" + std::to_string(pid_) + "/status");
    const std::size_t at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::strtod(status.c_str() + at + 6, nullptr) / 1024;
  }

 private:
  pid_t pid_ = -1;
  double started_ = 0;
  daemon::Endpoint endpoint_;
};

class Bench {
 public:
  Bench(asio::io_context& context, ChannelDocument channel) : context_(context), channel_(std::move(channel)) {}

  asio::awaitable<void> connect(daemon::Endpoint endpoint) {
    auto stream = co_await ControlStream::connect(context_, endpoint.host, endpoint.port, channel_, {});
    if (!stream) give_up(stream.error().message);
    stream_ = std::move(*stream);
    stream_->send(encode(0, ToSupervisor(Hello{1, 1, {}, "bench"})));
  }

  // From the start's message to its end; the bytes of output that came meanwhile.
  asio::awaitable<std::int64_t> run(std::vector<std::string> command) {
    Start start;
    start.program = command.front();
    start.arguments = std::move(command);
    start.directory = "/";
    start.window = 8u << 20;
    start.input = false;
    const ProcessNumber number = next_++;
    stream_->send(encode(number, ToSupervisor(start)));
    std::int64_t bytes = 0;
    std::uint32_t owed = 0;
    while (true) {
      auto frame = co_await stream_->read();
      if (!frame) give_up("the channel ended: " + frame.error().message);
      auto message = read_to_controller(*frame);
      if (!message) give_up(message.error().message);
      if (const auto* output = std::get_if<Output>(&message->message)) {
        bytes += static_cast<std::int64_t>(output->bytes.size());
        owed += static_cast<std::uint32_t>(output->bytes.size());
        if (owed < 1u << 20) continue;
        stream_->send(encode(number, ToSupervisor(Window{Stream::output, std::exchange(owed, 0)})));
      } else if (const auto* ended = std::get_if<Ended>(&message->message)) {
        if (ended->cause != EndCause::exited) give_up("refused: " + ended->reason + ": " + ended->detail);
        co_return bytes;
      }
    }
  }

  // Commands are made outside the coroutines: GCC 12 takes no list of strings within `co_await`.
  static std::vector<std::string> nothing() { return {"/bin/true"}; }
  static std::vector<std::string> much() { return {"/usr/bin/head", "-c", std::to_string(kBytes), "/dev/zero"}; }

  asio::awaitable<void> measure() {
    std::vector<double> with, bare;
    for (int i = 0; i < kRuns; ++i) {
      auto began = Clock::now();
      co_await run(nothing());
      with.push_back(millis_since(began));
      began = Clock::now();
      spawn_bare();
      bare.push_back(millis_since(began));
    }
    print("supervisor.exec.p50", median(with), "ms", "/bin/true with a durable decision, from message to end");
    print("supervisor.exec.bare", median(bare), "ms", "posix_spawn of /bin/true and waitpid, alternating");
    std::vector<double> rates;
    for (int i = 0; i < kOutputRuns; ++i) {
      const auto began = Clock::now();
      const std::int64_t bytes = co_await run(much());
      if (bytes != kBytes) give_up("bytes are missing");
      rates.push_back(static_cast<double>(bytes) / 1e6 / (millis_since(began) / 1e3));
    }
    print("supervisor.stdout", median(rates), "MB/s", "head -c 1000000000 /dev/zero, TLS 1.3, median of 3");
    stream_->cut();
  }

 private:
  static void spawn_bare() {
    pid_t pid = 0;
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    if (posix_spawn(&pid, program, nullptr, nullptr, arguments, environ) != 0) give_up("posix_spawn");
    waitpid(pid, nullptr, 0);
  }

  asio::io_context& context_;
  const ChannelDocument channel_;
  std::shared_ptr<ControlStream> stream_;
  ProcessNumber next_ = 1;
};

int run(const char* const* argv) {
  auto channel = ChannelDocument::parse(read_file(argv[3]));
  if (!channel) give_up(channel.error().message);
  std::vector<double> starts;
  for (int i = 0; i < kStarts; ++i) starts.push_back(Running(argv[1], argv[2], argv[4]).started());
  print("supervisor.start", median(starts), "ms", "fork to the line that says it is ready, median of 9");
  struct stat status {};
  stat(argv[1], &status);
  print("supervisor.binary", static_cast<double>(status.st_size) / (1 << 20), "MiB", "static, stripped");

  const Running supervisor(argv[1], argv[2], argv[4]);
  asio::io_context context(1);
  Bench bench(context, std::move(*channel));
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        co_await bench.connect(supervisor.endpoint());
        co_await bench.run(Bench::nothing());
        print("supervisor.memory", supervisor.resident_mib(), "MiB", "resident, one controller, nothing running");
        co_await bench.measure();
      },
      asio::detached);
  context.run();
  return 0;
}

}  // namespace
}  // namespace portreeve::channel

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: supervisor_bench SUPERVISOR BOOT CHANNEL PDP_URL\n");
    return 2;
  }
  return portreeve::channel::run(argv);
}

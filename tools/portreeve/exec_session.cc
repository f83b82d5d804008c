#include "tools/portreeve/exec_session.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/config.h"
#include "engine/base/text.h"
#include "pep/supervisor/channel/stream.h"
#include "tools/portreeve/raw_terminal.h"

namespace portreeve::cli {

namespace asio = boost::asio;
using channel::Stream;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr channel::ProcessNumber kProcess = 1;
constexpr std::size_t kReadBytes = 64u << 10;

bool can_be_waited_for(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd) != 0;
}

class Session {
 public:
  Session(asio::io_context& context, ExecRequest request)
      : context_(context),
        request_(std::move(request)),
        room_(context),
        signals_(context),
        input_(context),
        output_(context, STDOUT_FILENO, Stream::output),
        error_(context, STDERR_FILENO, Stream::error) {}

  asio::awaitable<void> run() {
    auto result = co_await talk();
    result_ = std::move(result);
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    input_.cancel(ignored);
    done_ = true;
    room_.cancel();
    if (stream_) stream_->close_in_order();
  }
  Result<channel::Ended> result() { return std::move(result_); }

 private:
  void send(const channel::ToSupervisor& message) { stream_->send(channel::encode(kProcess, message)); }

  asio::awaitable<Result<channel::Ended>> talk() {
    auto connected = co_await channel::ControlStream::connect(context_, request_.address.host, request_.address.port,
                                                              request_.channel, {});
    if (!connected) co_return fail(connected.error());
    stream_ = std::move(*connected);
    channel::Hello hello;
    hello.agent = "portreeve-exec/" + std::string(daemon::version());
    stream_->send(channel::encode(0, channel::ToSupervisor(hello)));
    while (true) {
      const auto bytes = co_await stream_->read();
      if (!bytes) co_return fail("the channel ended: " + bytes.error().message);
      auto message = channel::read_to_controller(*bytes);
      if (!message) co_return fail("the supervisor says what it may not: " + message.error().message);
      auto end = take(std::move(message->message));
      if (!end) continue;
      while (output_.writing || error_.writing) co_await written_.async_wait(kAwait);
      co_return std::move(*end);
    }
  }

  // Something: the end.
  std::optional<Result<channel::Ended>> take(channel::ToController message) {
    if (const auto* welcome = std::get_if<channel::Welcome>(&message)) {
      if (welcome->session != request_.channel.session) {
        return fail("the supervisor there is of the session `" + printable(welcome->session) + "`");
      }
      room_left_ = welcome->input_window;
      if (!request_.credential.empty()) {
        stream_->send(channel::encode(0, channel::ToSupervisor(channel::Credential{request_.credential})));
      }
      for (const channel::Secret& secret : request_.secrets) send(secret);
      send(request_.start);
    } else if (std::holds_alternative<channel::Started>(message)) {
      begin();
    } else if (auto* output = std::get_if<channel::Output>(&message)) {
      show(output->stream == Stream::output ? output_ : error_, std::move(output->bytes));
    } else if (const auto* room = std::get_if<channel::Room>(&message)) {
      room_left_ += room->bytes;
      room_.cancel();
    } else if (auto* ended = std::get_if<channel::Ended>(&message)) {
      return std::move(*ended);
    } else if (const auto* failure = std::get_if<channel::Failure>(&message)) {
      return fail("the supervisor ends the channel: " + std::string(to_text(failure->code)) + ": " +
                  printable(failure->detail));
    }
    return std::nullopt;
  }

  // One of this process's outputs. What comes is queued, at most a window of it, so that a slow reader here never keeps
  // the channel from being read.
  struct Sink {
    Sink(asio::io_context& context, int descriptor, Stream which) : fd(descriptor), stream(which), ready(context) {
      if (can_be_waited_for(fd)) ready.assign(dup(fd));
    }
    const int fd;
    const Stream stream;
    asio::posix::stream_descriptor ready;
    std::deque<std::string> queue;
    std::uint32_t owed = 0;
    bool writing = false;
    bool broken = false;
  };

  void show(Sink& sink, std::string bytes) {
    sink.queue.push_back(std::move(bytes));
    if (sink.writing) return;
    sink.writing = true;
    asio::co_spawn(
        context_, [this, &sink] { return write_queue(sink); }, asio::detached);
  }

  asio::awaitable<void> write_queue(Sink& sink) {
    while (!sink.queue.empty()) {
      const std::string bytes = std::move(sink.queue.front());
      sink.queue.pop_front();
      std::size_t done = 0;
      while (done < bytes.size() && !sink.broken) {
        const ssize_t size = write(sink.fd, bytes.data() + done, bytes.size() - done);
        if (size >= 0) {
          done += static_cast<std::size_t>(size);
        } else if (errno == EAGAIN) {
          co_await sink.ready.async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
        } else if (errno != EINTR) {
          sink.broken = true;  // nobody reads here any more
          send(channel::Signal{SIGPIPE});
        }
      }
      sink.owed += static_cast<std::uint32_t>(bytes.size());
      if (sink.owed >= request_.start.window / 4) send(channel::Window{sink.stream, std::exchange(sink.owed, 0)});
    }
    sink.writing = false;
    written_.cancel();
  }

  void begin() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) signals_.add(number);
    if (request_.start.terminal) {
      signals_.add(SIGWINCH);
      send(channel::Resize{size_of_terminal(STDIN_FILENO)});
    }
    asio::co_spawn(context_, pass_signals(), asio::detached);
    if (request_.start.input) asio::co_spawn(context_, pass_input(), asio::detached);
  }

  asio::awaitable<void> pass_signals() {
    while (!done_) {
      const auto [error, number] = co_await signals_.async_wait(kAwait);
      if (error || done_) co_return;
      if (number == SIGWINCH) {
        send(channel::Resize{size_of_terminal(STDIN_FILENO)});
      } else {
        send(channel::Signal{static_cast<std::uint8_t>(number)});
      }
    }
  }

  asio::awaitable<void> pass_input() {
    const bool waits = can_be_waited_for(STDIN_FILENO);
    if (waits) input_.assign(dup(STDIN_FILENO));
    std::string piece(kReadBytes, '\0');
    while (!done_) {
      if (room_left_ == 0) {
        room_.expires_at(asio::steady_timer::time_point::max());
        co_await room_.async_wait(kAwait);
        continue;
      }
      if (waits) co_await input_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
      if (done_) co_return;
      const ssize_t size = read(STDIN_FILENO, piece.data(), std::min(piece.size(), room_left_));
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (size <= 0) break;
      room_left_ -= static_cast<std::size_t>(size);
      send(channel::Input{piece.substr(0, static_cast<std::size_t>(size))});
      co_await stream_->wait_until_below(kReadBytes * 4);
    }
    if (!done_) send(channel::InputEnd{});
  }

  asio::io_context& context_;
  const ExecRequest request_;
  std::shared_ptr<channel::ControlStream> stream_;
  asio::steady_timer room_;
  asio::signal_set signals_;
  asio::posix::stream_descriptor input_;
  Sink output_, error_;
  asio::steady_timer written_{context_, asio::steady_timer::time_point::max()};
  std::size_t room_left_ = 0;
  bool done_ = false;
  Result<channel::Ended> result_ = fail("no answer");
};

}  // namespace

Result<channel::Ended> run_in_sandbox(ExecRequest request) {
  std::signal(SIGPIPE, SIG_IGN);
  const KeptFlags input_flags(STDIN_FILENO), output_flags(STDOUT_FILENO), error_flags(STDERR_FILENO);
  std::optional<RawTerminal> raw;
  if (request.start.terminal && request.start.input) raw.emplace(STDIN_FILENO);
  asio::io_context context(1);
  Session session(context, std::move(request));
  asio::co_spawn(context, session.run(), asio::detached);
  context.run();
  return session.result();
}

}  // namespace portreeve::cli

#include "pep/supervisor/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <deque>
#include <fstream>
#include <thread>
#include <utility>

#include "engine/base/limits.h"
#include "pep/supervisor/terminal.h"

namespace portreeve::supervisor {

namespace asio = boost::asio;
using channel::EndCause;
using channel::Stream;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// What one message carries: some TLS records, and little enough that another process's turn comes soon.
constexpr std::size_t kChunk = 128u << 10;
// What may wait for the connection, of all processes, before a stream is left in its pipe.
constexpr std::size_t kQueued = 512u << 10;
constexpr std::size_t kVerdictBytes = 4096;
constexpr Millis kShortestCpuPause{10};
constexpr Millis kLongestCpuPause{1000};
constexpr char kEndOfInput = 0x04;  // ^D, VEOF of a terminal at its start

// The session of a process, by /proc; 0 where it cannot be told.
pid_t session_of(const char* pid) {
  std::ifstream file("/proc/" + std::string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  // pid (name) state parent group session: the name may hold anything.
  std::size_t at = text.rfind(')');
  for (int field = 0; at != std::string::npos && field < 4; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  pid_t session = 0;
  std::from_chars(text.data() + at + 1, text.data() + text.size(), session);
  return session;
}

}  // namespace

struct Process::Line {
  struct Output {
    Output(asio::io_context& io, Stream which) : stream(which), fd(io) {}
    Stream stream;
    asio::posix::stream_descriptor fd;
    std::uint64_t credit = 0;
    bool done = true;
  };

  Line(asio::io_context& io, Options given, std::shared_ptr<channel::ControlStream> channel_stream, Spawned child,
       std::optional<StartGroup> start_group, pep::Registration registered)
      : context(io),
        options(std::move(given)),
        channel(std::move(channel_stream)),
        spawned(std::move(child)),
        group(std::move(start_group)),
        registration(std::move(registered)),
        output(io, Stream::output),
        error(io, Stream::error),
        input(io),
        changed(io, Clock::time_point::max()),
        wall(io),
        grace(io),
        cpu(io) {}

  void notify() { changed.cancel(); }
  void tell(const channel::ToController& message) { channel->send(channel::encode(options.number, message)); }
  void abandon() {
    abandoned = true;
    boost::system::error_code ignored;
    output.fd.cancel(ignored);
    error.fd.cancel(ignored);
    input.cancel(ignored);
    notify();
  }
  void note_reaped() {
    reaped = true;
    boost::system::error_code ignored;
    if (nobody_else_counts()) {
      output.fd.cancel(ignored);
      error.fd.cancel(ignored);
    }
    notify();
  }
  void close_input() {
    boost::system::error_code ignored;
    input.close(ignored);
  }

  asio::io_context& context;
  const Options options;
  std::shared_ptr<channel::ControlStream> channel;
  Spawned spawned;
  std::optional<StartGroup> group;
  pep::Registration registration;

  Output output, error;
  asio::posix::stream_descriptor input;
  bool terminal = false;
  std::deque<std::string> input_queue;
  std::size_t input_queued = 0;
  std::size_t room_owed = 0;
  bool input_ended = false;
  bool input_broken = false;

  asio::steady_timer changed;
  asio::steady_timer wall, grace, cpu;
  bool running = false;
  bool reaped = false;
  bool abandoned = false;
  Exit exit;
  std::optional<EndCause> forced;
  Clock::time_point began = Clock::now();
  std::int64_t bytes_in = 0, bytes_out = 0;

  asio::awaitable<std::string> read_verdict_bytes() {
    asio::posix::stream_descriptor fd(context, spawned.verdict.release());
    std::string text;
    while (text.size() < kVerdictBytes) {
      char piece[512];
      const auto [failed, size] = co_await fd.async_read_some(asio::buffer(piece), kAwait);
      text.append(piece, size);
      if (failed) break;
    }
    co_return text;
  }

  asio::awaitable<void> pump(Output& out) {
    while (!abandoned && !channel->ended()) {
      if (out.credit == 0) {
        co_await changed.async_wait(kAwait);
        continue;
      }
      co_await channel->wait_until_below(kQueued);
      int there = 0;
      if (ioctl(out.fd.native_handle(), FIONREAD, &there) != 0 || there <= 0) there = 1;
      const std::size_t most =
          std::min({static_cast<std::size_t>(there), kChunk, static_cast<std::size_t>(out.credit)});
      std::string frame(channel::kFrameHeaderBytes + most, '\0');
      const ssize_t size = read(out.fd.native_handle(), frame.data() + channel::kFrameHeaderBytes, most);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        if (reaped && nobody_else_counts()) break;
        co_await out.fd.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
        continue;
      }
      if (size <= 0) break;  // closed by all who could write; a terminal says EIO
      channel::write_output_header(frame.data(), options.number, out.stream);
      frame.resize(channel::kFrameHeaderBytes + static_cast<std::size_t>(size));
      out.credit -= static_cast<std::uint64_t>(size);
      bytes_out += size;
      channel->send(std::move(frame));
    }
    out.done = true;
    if (!abandoned) tell(channel::OutputEnd{out.stream});
    notify();
  }

  // Without a control group a process that left the session may hold the pipe for ever; what it writes once the start
  // is over is nobody's. A terminal is hung up by its leader's end, and a control group leaves none.
  bool nobody_else_counts() const { return !group && !terminal; }

  // Gives back the room that was used, in lumps.
  void give_room(std::size_t bytes) {
    room_owed += bytes;
    const bool lump = room_owed >= limits::kChannelInputWindow / 2;
    if (room_owed == 0 || (!lump && input_queued > 0)) return;
    tell(channel::Room{static_cast<std::uint32_t>(std::exchange(room_owed, 0))});
  }

  asio::awaitable<void> feed() {
    while (!abandoned) {
      if (input_queue.empty()) {
        if (input_ended) break;
        co_await changed.async_wait(kAwait);
        continue;
      }
      const std::string bytes = std::move(input_queue.front());
      input_queue.pop_front();
      if (!input_broken) input_broken = !co_await write_all(bytes);
      input_queued -= bytes.size();
      bytes_in += static_cast<std::int64_t>(bytes.size());
      give_room(bytes.size());
    }
    if (terminal && input_ended && !input_broken) {
      co_await write_all(std::string(1, kEndOfInput));
    } else {
      close_input();
    }
  }
  asio::awaitable<bool> write_all(std::string bytes) {
    std::size_t written = 0;
    while (written < bytes.size() && !abandoned && input.is_open()) {
      const ssize_t size = write(input.native_handle(), bytes.data() + written, bytes.size() - written);
      if (size >= 0) {
        written += static_cast<std::size_t>(size);
      } else if (errno == EAGAIN) {
        co_await input.async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
      } else if (errno != EINTR) {
        co_return false;  // nobody reads any more
      }
    }
    co_return true;
  }

  EndCause cause() const {
    if (forced) return *forced;
    if (exit.signal == 0) return EndCause::exited;
    if (exit.signal == SIGKILL && group && group->ran_out_of_memory()) return EndCause::out_of_memory;
    const bool spent = options.cpu && exit.cpu >= *options.cpu;
    if (options.cpu && (exit.signal == SIGXCPU || (exit.signal == SIGKILL && spent))) return EndCause::cpu_limit;
    return EndCause::signalled;
  }
};

Process::Process(asio::io_context& context, Options options, std::shared_ptr<channel::ControlStream> stream,
                 OurStreams ours, Spawned spawned, std::optional<StartGroup> group, pep::Registration registration)
    : line_(std::make_unique<Line>(context, std::move(options), std::move(stream), std::move(spawned), std::move(group),
                                   std::move(registration))) {
  const auto assign = [&](Line::Output& out, Descriptor& fd) {
    if (!fd) return;
    out.fd.assign(fd.release());
    out.credit = line_->options.window;
    out.done = false;
  };
  assign(line_->output, ours.output);
  assign(line_->error, ours.error);
  if (ours.input) line_->input.assign(ours.input.release());
  line_->terminal = ours.terminal;
}

Process::~Process() = default;

asio::awaitable<ProcessEnd> Process::run(Reaper& reaper) {
  const auto self = shared_from_this();
  Line& line = *line_;
  reaper.wait_for(line.spawned.pid, {[self] { self->kill_all(); },
                                     [self](const Exit& exit) {
                                       self->line_->exit = exit;
                                       self->line_->note_reaped();
                                     }});
  line.registration.on_cut([weak = weak_from_this()](pep::CutCause) {
    if (const auto process = weak.lock()) process->cut(EndCause::revoked);
  });
  if (line.options.wall) {
    line.wall.expires_after(*line.options.wall);
    line.wall.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
      if (const auto process = weak.lock(); process && !stopped) process->cut(EndCause::wall_limit);
    });
  }
  ProcessEnd end;
  const std::string verdict = co_await line.read_verdict_bytes();
  if (!verdict.empty()) {
    while (!line.reaped) co_await line.changed.async_wait(kAwait);
    end.cause = EndCause::refused;
    end.trouble = read_verdict(verdict);
    co_return end;
  }
  line.running = true;
  line.tell(channel::Started{static_cast<std::uint32_t>(line.spawned.pid), line.options.decision});
  const auto start = [&](auto work) { asio::co_spawn(line.context, std::move(work), asio::detached); };
  if (!line.output.done) start([self] { return self->line_->pump(self->line_->output); });
  if (!line.error.done) start([self] { return self->line_->pump(self->line_->error); });
  if (line.input.is_open()) start([self] { return self->line_->feed(); });
  if (line.options.cpu) start([self] { return self->watch_cpu(); });

  while (!line.reaped) co_await line.changed.async_wait(kAwait);
  line.wall.cancel();
  line.grace.cancel();
  line.cpu.cancel();
  if (line.forced) line.abandon();
  while (!line.abandoned && !line.channel->ended() && !(line.output.done && line.error.done)) {
    co_await line.changed.async_wait(kAwait);
  }
  line.abandon();
  end.cause = line.cause();
  end.exit = line.exit;
  end.bytes_in = line.bytes_in;
  end.bytes_out = line.bytes_out;
  end.duration = std::chrono::duration_cast<Millis>(Clock::now() - line.began);
  co_return end;
}

// The limit is of all that the start made together, where a control group counts it. RLIMIT_CPU, which the kernel keeps
// by itself, is each process's own.
asio::awaitable<void> Process::watch_cpu() {
  const auto self = shared_from_this();
  Line& line = *line_;
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  while (!line.reaped && line.group) {
    const auto used = line.group->cpu_micros();
    if (!used) co_return;
    const Millis left = *line.options.cpu - Millis(*used / 1000);
    if (left.count() <= 0) co_return cut(EndCause::cpu_limit);
    line.cpu.expires_after(std::clamp(left / cores, kShortestCpuPause, kLongestCpuPause));
    co_await line.cpu.async_wait(kAwait);
  }
}

bool Process::input(std::string bytes) {
  Line& line = *line_;
  if (line.input_ended || bytes.size() > limits::kChannelInputWindow - line.input_queued - line.room_owed) return false;
  line.input_queued += bytes.size();
  line.input_queue.push_back(std::move(bytes));
  line.notify();
  return true;
}

void Process::end_input() {
  line_->input_ended = true;
  line_->notify();
}

void Process::open_window(Stream stream, std::uint32_t bytes) {
  Line::Output& out = stream == Stream::output ? line_->output : line_->error;
  out.credit = std::min<std::uint64_t>(out.credit + bytes, limits::kChannelWindow);
  line_->notify();
}

void Process::signal(int number) {
  Line& line = *line_;
  if (line.reaped || !line.running || number < 1 || number >= NSIG) return;
  // Not reaped, so its number is still its own, as its group's.
  if (kill(-line.spawned.pid, number) != 0) kill(line.spawned.pid, number);
}

void Process::resize(channel::Size size) {
  if (!line_->terminal || !line_->output.fd.is_open()) return;
  static_cast<void>(resize_terminal(line_->output.fd.native_handle(), size));
}

void Process::cut(EndCause cause) {
  if (!line_->forced) line_->forced = cause;
  if (line_->reaped) {
    line_->abandon();
    return;
  }
  kill_all();
}

void Process::end_in_order(std::optional<EndCause> cause) {
  Line& line = *line_;
  if (line.reaped || line.forced) return;
  line.forced = cause;
  signal(SIGHUP);
  signal(SIGTERM);
  signal(SIGCONT);
  line.grace.expires_after(line.options.grace);
  line.grace.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto process = weak.lock(); process && !stopped) process->kill_all();
  });
}

void Process::forget_stream() { line_->notify(); }

std::optional<StartGroup> Process::take_group() { return std::exchange(line_->group, std::nullopt); }

// By every handle there is: its control group, its process group, and what is of its session.
void Process::kill_all() {
  Line& line = *line_;
  if (line.group) line.group->kill_all();
  if (line.reaped) return;
  kill(-line.spawned.pid, SIGKILL);
  kill(line.spawned.pid, SIGKILL);
  if (!line.group) kill_session();
}

void Process::kill_session() {
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    const char first = entry->d_name[0];
    if (first < '1' || first > '9' || session_of(entry->d_name) != line_->spawned.pid) continue;
    kill(static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)), SIGKILL);
  }
  closedir(directory);
}

}  // namespace portreeve::supervisor

// A start that was allowed: its streams, its limits, its end.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "pep/client/session_watch.h"
#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/stream.h"
#include "pep/supervisor/confine/cgroup.h"
#include "pep/supervisor/descriptor.h"
#include "pep/supervisor/reaper.h"
#include "pep/supervisor/spawn.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::supervisor {

// What a process has of the supervisor's side of its streams: the terminal's for all three, or pipes.
struct OurStreams {
  Descriptor input, output, error;
  bool terminal = false;
};

// How it ended, and what went through it.
struct ProcessEnd {
  channel::EndCause cause = channel::EndCause::exited;
  Exit exit;
  std::string trouble;  // where it never ran: what kept it from that
  std::int64_t bytes_in = 0, bytes_out = 0;
  Millis duration{0};
};

// One process with what it started. Holds at most one window of its input; of its output nothing: what has no room in
// the controller's window stays in the pipe and stalls this process alone. On the io_context's thread.
class Process : public std::enable_shared_from_this<Process> {
 public:
  struct Options {
    channel::ProcessNumber number = 0;
    std::uint32_t window = 0;  // of each output
    std::optional<Seconds> wall, cpu;
    Millis grace{5000};  // between asking it to end and ending it
    std::string decision;
  };

  Process(boost::asio::io_context& context, Options options, std::shared_ptr<channel::ControlStream> stream,
          OurStreams ours, Spawned spawned, std::optional<StartGroup> group, pep::Registration registration);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // From the start to the end: tells the controller when it runs and what it writes, and returns when it is gone and
  // its output has been taken, or given up.
  boost::asio::awaitable<ProcessEnd> run(Reaper& reaper);

  // What the controller says. False where it may not: more input than the window had room for.
  bool input(std::string bytes);
  void end_input();
  void open_window(channel::Stream stream, std::uint32_t bytes);
  void signal(int number);
  void resize(channel::Size size);

  // Ends everything that it started, now.
  void cut(channel::EndCause cause);
  // Asks it to end (SIGHUP, SIGTERM), and ends it after the grace. Without a cause it ends as it ends.
  void end_in_order(std::optional<channel::EndCause> cause);
  // Nobody is left to take its output.
  void forget_stream();

  std::optional<StartGroup> take_group();

 private:
  struct Line;
  boost::asio::awaitable<void> watch_cpu();
  void kill_all();
  void kill_session();
  std::unique_ptr<Line> line_;
};

}  // namespace portreeve::supervisor

// From start to stop: signals, the line that says a program is ready, what it tells the service manager.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::daemon {

// The main thread's loop. Servers run on threads of their own; main() constructs everything, registers what to stop,
// and calls run(). One a process, since signals belong to the process.
//
// SIGTERM and SIGINT stop in order, a second one ends the process at once (by its default action). SIGHUP reloads.
// SIGPIPE is ignored: a closed peer is an error value.
class Lifecycle {
 public:
  // Takes the signals from here on; those that come before run() are answered by it.
  Lifecycle();
  // Gives the signals back.
  ~Lifecycle();
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  // Called on the thread in run(), at each SIGHUP. Before run() only.
  void on_reload(std::function<void()> reload);
  // Called once, on the thread in run(), the last registered first; may block. Before run() only.
  void on_stop(std::function<void()> stop);

  // Runs until a signal or request_stop(), then calls what on_stop() registered and returns.
  void run();
  // As if SIGTERM had come. Any thread.
  void request_stop();

  // The loop itself, for timers and watches of the main thread. Work left on it at the stop is not run.
  boost::asio::io_context& context();

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

// The addresses of a ready program, each with its purpose, as in {"decisions", "http://127.0.0.1:8180"}.
using NamedAddresses = std::vector<std::pair<std::string, std::string>>;

// Prints the one line `NAME ready PURPOSE=ADDRESS…` on `out` and flushes it, then tells the service manager.
// Fails where NOTIFY_SOCKET is set and cannot be told; the line is out all the same.
Status announce_ready(std::string_view program, const NamedAddresses& addresses, std::ostream& out);
// The same on standard output.
Status announce_ready(std::string_view program, const NamedAddresses& addresses);

// Sends `state` (such as `READY=1`) to the socket that NOTIFY_SOCKET names; does nothing where it names none.
// sd_notify(3), without libsystemd.
Status notify_service_manager(std::string_view state);

// No core file, no ptrace by the same user: for processes that hold keys. Holds for this process until it executes
// another program.
Status forbid_core_dumps();

}  // namespace portreeve::daemon

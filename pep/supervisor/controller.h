// One controller's connection, from its hello to its end.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/keys.h"
#include "pep/supervisor/channel/stream.h"
#include "pep/supervisor/judge.h"
#include "pep/supervisor/process.h"

namespace portreeve::supervisor {

class Supervisor;

// Serves one ControlStream. Whatever the protocol does not allow ends the connection with a Failure that says why; the
// end of the connection ends its processes in order. On the io_context's thread.
class Controller : public std::enable_shared_from_this<Controller> {
 public:
  // `supervisor` outlives the controller.
  Controller(Supervisor& supervisor, std::shared_ptr<channel::ControlStream> stream);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  boost::asio::awaitable<void> run();

  void signal_all(int number);
  // Tells the controller, and asks every process to end.
  void stop(Millis grace);
  void kill_all();
  void close();

 private:
  struct Slot;
  boost::asio::awaitable<Result<channel::Hello>> read_hello();
  boost::asio::awaitable<void> start(channel::ProcessNumber number, channel::Start start);
  boost::asio::awaitable<std::variant<ProcessEnd, Refused>> run_process(std::shared_ptr<Slot> slot,
                                                                        channel::Start start);
  void handle(channel::ProcessNumber number, channel::ToSupervisor message);
  void take_secret(channel::ProcessNumber number, channel::Secret secret);
  void begin(channel::ProcessNumber number, channel::Start start);
  void fail_with(channel::ErrorCode code, const std::string& detail);
  void record(const ProcessEnd& end, const std::string& decision);

  Supervisor& supervisor_;
  const std::shared_ptr<channel::ControlStream> stream_;
  std::map<channel::ProcessNumber, std::shared_ptr<Slot>> slots_;
  bool failed_ = false;
};

}  // namespace portreeve::supervisor

// The supervisor as a whole: one session, at most one controller, and the processes that it started.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "pep/client/event_stream.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/supervisor/channel/keys.h"
#include "pep/supervisor/channel/stream.h"
#include "pep/supervisor/confine/cgroup.h"
#include "pep/supervisor/judge.h"
#include "pep/supervisor/options.h"
#include "pep/supervisor/outcome_ring.h"
#include "pep/supervisor/process.h"
#include "pep/supervisor/reaper.h"

namespace portreeve::supervisor {

class Controller;

// Everything runs on one io_context and its one thread: the children that it forks have no other thread to miss.
class Supervisor {
 public:
  // All arguments outlive the supervisor.
  Supervisor(boost::asio::io_context& context, const SupervisorOptions& options, channel::BootDocument boot,
             std::shared_ptr<boost::asio::ssl::context> tls, Cgroups cgroups, std::string run,
             const daemon::Clock& clock, const daemon::Log& log);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Binds the control port and serves until the end of the shutdown. The address it is bound to.
  Result<daemon::Endpoint> listen();

  // As the signal says: ends in order, or hands it to every process.
  void handle_signal(int number);
  void reap();
  // Asks all to end, ends them after the grace, ships what outcomes it can, and stops the io_context.
  void shut_down(Millis grace);
  bool is_stopping() const { return stopping_; }

 private:
  friend class Controller;
  boost::asio::awaitable<void> accept_all();
  boost::asio::awaitable<void> serve(int socket, std::string peer);
  channel::ControlStream::Admission admit() const;
  // Right after the start the PDP may not have been heard yet; then a start waits a moment instead of failing.
  boost::asio::awaitable<void> wait_until_heard();
  void renew(channel::SecretText credential);
  void finish_if_quiet();
  void stop_when_said();
  void retire(std::optional<StartGroup> group);

  // Constant after construction.
  boost::asio::io_context& context_;
  const SupervisorOptions& options_;
  channel::BootDocument boot_;
  const std::shared_ptr<boost::asio::ssl::context> tls_;
  const daemon::Clock& clock_;
  const daemon::Log& log_;
  const Judge judge_;

  // Owned by the thread.
  Cgroups cgroups_;
  pep::SessionWatch watch_;
  std::shared_ptr<pep::PdpClient> pdp_;
  std::unique_ptr<pep::EventStream> events_;
  OutcomeRing outcomes_;
  Reaper reaper_;
  struct Network;
  std::unique_ptr<Network> network_;
  std::shared_ptr<Controller> controller_;
  std::size_t handshakes_ = 0;
  std::size_t running_ = 0;
  std::list<StartGroup> retired_;  // with processes that were killed and are not gone yet
  bool admitted_ = false;          // a controller is on its way through the upgrade
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace portreeve::supervisor

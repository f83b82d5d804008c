#include "pep/supervisor/supervisor.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "pep/supervisor/controller.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Connections that have proved nothing yet: a controller needs one.
constexpr std::size_t kHandshakes = 8;
constexpr int kBacklog = 16;
constexpr Millis kAcceptPause{50};  // where accept fails for want of descriptors
// How long the end waits for the PDP to take the last outcomes, and the controller the last messages.
constexpr Millis kFarewell{1500};

net::IpAddress to_address(const asio::ip::address& address) {
  if (address.is_v4()) return net::IpAddress::from_v4_bytes(address.to_v4().to_bytes());
  return net::IpAddress::from_v6_bytes(address.to_v6().to_bytes());
}

// The peer sees a reset, not an orderly end.
void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

pep::PdpOptions pdp_options(const SupervisorOptions& options, const channel::BootDocument& boot) {
  pep::PdpOptions pdp;
  pdp.endpoint = options.pdp;
  pdp.credential = boot.credential.reveal();
  pdp.deadline = options.pdp_deadline;
  pdp.idle_connections = 4;
  return pdp;
}

}  // namespace

struct Supervisor::Network {
  explicit Network(asio::io_context& context) : acceptor(context), pause(context), farewell(context), heard(context) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::steady_timer farewell;
  asio::steady_timer heard;  // runs out where the PDP was not heard in time after the start
};

Supervisor::Supervisor(asio::io_context& context, const SupervisorOptions& options, channel::BootDocument boot,
                       std::shared_ptr<asio::ssl::context> tls, Cgroups cgroups, std::string run,
                       const daemon::Clock& clock, const daemon::Log& log)
    : context_(context),
      options_(options),
      boot_(std::move(boot)),
      tls_(std::move(tls)),
      clock_(clock),
      log_(log),
      judge_(boot_.session),
      cgroups_(std::move(cgroups)),
      watch_(context),
      pdp_(std::make_shared<pep::PdpClient>(context, pdp_options(options, boot_))),
      outcomes_(context, std::move(run), options.outcomes),
      network_(std::make_unique<Network>(context)) {
  outcomes_.ship_by(pdp_);
  network_->heard.expires_after(options_.pdp_deadline);
  pep::EventStreamOptions stream;
  stream.pdp = pdp_options(options_, boot_);
  stream.on_change = [this](const std::string& lost_because) {
    if (lost_because.empty()) {
      log_.info("the PDP is heard");
      network_->heard.cancel();
    } else {
      log_.warning("the PDP is not heard", {{"why", lost_because}});
    }
  };
  events_ = std::make_unique<pep::EventStream>(context_, std::move(stream), watch_);
}

asio::awaitable<void> Supervisor::wait_until_heard() {
  const bool at_start = network_->heard.expiry() > asio::steady_timer::clock_type::now();
  if (at_start && !watch_.may_start()) co_await network_->heard.async_wait(kAwait);
}

Supervisor::~Supervisor() = default;

Result<daemon::Endpoint> Supervisor::listen() {
  error_code error;
  const auto address = asio::ip::make_address(options_.listen.host, error);
  if (error) return fail("`" + options_.listen.host + "` is no address to listen on");
  tcp::acceptor& acceptor = network_->acceptor;
  acceptor.open(address.is_v4() ? tcp::v4() : tcp::v6(), error);
  if (error) return fail("no socket: " + error.message());
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  const std::string& interface = options_.control_interface;
  const bool bound = interface.empty() || setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_BINDTODEVICE,
                                                     interface.data(), static_cast<socklen_t>(interface.size())) == 0;
  if (!bound) return system_fail("the control port cannot be bound to the interface `" + interface + "`");
  acceptor.bind({address, options_.listen.port}, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return fail("cannot listen on " + to_text(options_.listen) + ": " + error.message());
  asio::co_spawn(
      context_, [this] { return accept_all(); }, asio::detached);
  daemon::Endpoint here = options_.listen;
  here.port = acceptor.local_endpoint(error).port();
  return here;
}

asio::awaitable<void> Supervisor::accept_all() {
  while (network_->acceptor.is_open()) {
    auto [error, socket] = co_await network_->acceptor.async_accept(kAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      network_->pause.expires_after(kAcceptPause);
      co_await network_->pause.async_wait(kAwait);
      continue;
    }
    error_code unnamed;
    const tcp::endpoint peer = socket.remote_endpoint(unnamed);
    if (unnamed) continue;
    const PeerVerdict verdict =
        judge_peer(options_.peers, look_around(options_.control_interface), to_address(peer.address()));
    if (verdict != PeerVerdict::allowed || handshakes_ == kHandshakes) {
      const auto why = verdict != PeerVerdict::allowed ? to_text(verdict) : "too many handshakes at once";
      log_.warning("connection reset", {{"peer", peer.address().to_string()}, {"why", why}});
      reset(socket);
      continue;
    }
    const int fd = socket.release(error);
    if (error) continue;
    asio::co_spawn(context_, serve(fd, peer.address().to_string()), asio::detached);
  }
}

channel::ControlStream::Admission Supervisor::admit() const {
  using Admission = channel::ControlStream::Admission;
  if (stopping_) return Admission::stopping;
  return controller_ || admitted_ ? Admission::busy : Admission::admitted;
}

asio::awaitable<void> Supervisor::serve(int socket, std::string peer) {
  ++handshakes_;
  bool ours = false;
  const auto claim = [this, &ours] {
    const auto admission = admit();
    if (admission == channel::ControlStream::Admission::admitted) admitted_ = ours = true;
    return admission;
  };
  auto stream = co_await channel::ControlStream::serve(context_, socket, tls_, boot_.channel_key, claim, {});
  --handshakes_;
  if (ours) admitted_ = false;
  if (!stream) {
    log_.warning("connection refused", {{"peer", peer}, {"why", stream.error().message}});
    co_return;
  }
  controller_ = std::make_shared<Controller>(*this, std::move(*stream));
  const auto controller = controller_;
  co_await controller->run();
  log_.info("controller gone", {{"peer", peer}});
  // Its processes may still be ending; they hold it until they have.
  controller_.reset();
  finish_if_quiet();
  stop_when_said();
}

void Supervisor::renew(channel::SecretText credential) {
  boot_.credential = std::move(credential);
  pdp_->renew(boot_.credential.reveal());
  events_->renew(boot_.credential.reveal());
  log_.info("credential renewed");
}

void Supervisor::reap() {
  reaper_.reap();
  std::erase_if(retired_, [](const StartGroup& group) { return group.empty(); });
}

void Supervisor::retire(std::optional<StartGroup> group) {
  if (group) retired_.push_back(std::move(*group));
  std::erase_if(retired_, [](const StartGroup& one) { return one.empty(); });
}

void Supervisor::handle_signal(int number) {
  if (number == SIGTERM || number == SIGINT) return shut_down(options_.grace);
  if (controller_) controller_->signal_all(number);
}

void Supervisor::shut_down(Millis grace) {
  if (stopping_) return;
  stopping_ = true;
  log_.info("shutting down", {{"grace_ms", grace.count()}});
  if (controller_) controller_->stop(grace);
  // As PID 1, all others in this namespace are the sandbox's: also those that left every group.
  if (getpid() == 1) kill(-1, SIGTERM);
  network_->farewell.expires_after(grace);
  network_->farewell.async_wait([this](const error_code& stopped) {
    if (stopped) return;
    if (controller_) controller_->kill_all();
    if (getpid() == 1) kill(-1, SIGKILL);
    finish_if_quiet();
  });
  finish_if_quiet();
}

void Supervisor::finish_if_quiet() {
  if (!stopping_ || finished_ || running_ > 0) return;
  finished_ = true;
  if (getpid() == 1) kill(-1, SIGKILL);
  error_code ignored;
  network_->acceptor.close(ignored);
  if (controller_) controller_->close();
  network_->farewell.expires_after(kFarewell);
  network_->farewell.async_wait([this](const error_code& sooner) {
    if (!sooner) context_.stop();
  });
  stop_when_said();
}

// Nothing is left to be told: no outcome to the PDP, no message to the controller.
void Supervisor::stop_when_said() {
  if (finished_ && !controller_) {
    outcomes_.on_empty([this] { context_.stop(); });
  }
}

}  // namespace portreeve::supervisor

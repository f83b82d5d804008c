#include "pep/egress/server.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "pep/client/event_stream.h"
#include "pep/egress/connect.h"
#include "pep/net/asio_address.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Millis kAcceptPause{100};  // where descriptors or memory have run out
constexpr std::int64_t kTurnedAwayAtOnce = 256;
constexpr Seconds kStopPatience{5};
// Keys beside the source addresses.
constexpr const char* kAll = "*";
constexpr const char* kTurnedAway = "turned away";

}  // namespace

// One thread with what belongs to it, and the connections it serves.
class EgressServer::Worker {
 public:
  explicit Worker(Gate& gate)
      : gate_(gate),
        context_(1),
        pdp_(context_, gate.options.pdp),
        watch_(context_, gate.options.silence),
        answers_(watch_, gate.options.kept_answers),
        resolver_(context_, gate.options.resolver),
        own_(gate.options.own, gate.clock),
        lane_{gate, pdp_, watch_, answers_, resolver_, own_},
        stream_(context_, stream_options(), watch_),
        work_(context_.get_executor()),
        thread_([this] { context_.run(); }) {}

  ~Worker() {
    close_all();
    work_.reset();
    context_.stop();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& context() { return context_; }

  // Ready once the PDP was heard for the first time. Asked for once.
  std::future<void> heard() { return heard_.get_future(); }

  // Any thread.
  void serve(tcp::socket client) {
    asio::co_spawn(context_, run(std::move(client)), [this](std::exception_ptr failure) {
      if (failure) gate_.log.error("a connection broke off inside");
    });
  }

 private:
  EventStreamOptions stream_options() {
    EventStreamOptions options;
    options.pdp = gate_.options.pdp;
    options.on_change = [this](const std::string& lost_because) {
      if (!lost_because.empty()) return gate_.log.warning("event stream lost", {{"because", lost_because}});
      gate_.log.info("event stream open");
      if (!std::exchange(has_heard_, true)) heard_.set_value();
    };
    return options;
  }

  // The places are given back when the connection has left its record.
  asio::awaitable<void> run(tcp::socket accepted) {
    const auto entry = open_.insert(open_.end(), std::move(accepted));
    struct Leaving {
      std::list<tcp::socket>& open;
      std::list<tcp::socket>::iterator entry;
      ~Leaving() { open.erase(entry); }
    } const leaving{open_, entry};
    if (stopping_) co_return;
    error_code error;
    const tcp::endpoint peer = entry->remote_endpoint(error);
    if (error) co_return;
    const auto all = gate_.connections.take(kAll, gate_.options.connections);
    const auto mine =
        gate_.connections.take(from_asio(peer.address()).to_string(), gate_.options.connections_per_source);
    if (all && mine) {
      co_await serve_connect(lane_, *entry);
      co_return;
    }
    if (gate_.connections.take(kTurnedAway, kTurnedAwayAtOnce)) co_await turn_away(lane_, *entry);
  }

  void close_all() {
    std::promise<void> empty;
    asio::post(context_, [this] {
      stopping_ = true;
      error_code ignored;
      for (tcp::socket& socket : open_) socket.close(ignored);
    });
    // What is in the middle of asking or dialling ends by its own deadline; nobody waits longer than this.
    const auto until = std::chrono::steady_clock::now() + kStopPatience;
    asio::co_spawn(context_, wait_until_empty(until), [&empty](std::exception_ptr) { empty.set_value(); });
    empty.get_future().wait();
  }

  asio::awaitable<void> wait_until_empty(std::chrono::steady_clock::time_point until) {
    asio::steady_timer timer(context_);
    while (!open_.empty() && std::chrono::steady_clock::now() < until) {
      timer.expires_after(Millis(20));
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  Gate& gate_;

  // Owned by the thread. The list outlives the context, whose destruction ends the coroutines that are in it.
  std::list<tcp::socket> open_;
  bool stopping_ = false;
  asio::io_context context_;
  PdpClient pdp_;
  SessionWatch watch_;
  AnswerCache answers_;
  Resolver resolver_;
  OwnAddressWatch own_;
  Lane lane_;
  std::promise<void> heard_;
  bool has_heard_ = false;
  EventStream stream_;

  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

// The listening socket, on the first worker's thread.
class EgressServer::Door {
 public:
  Door(tcp::acceptor acceptor, std::vector<std::unique_ptr<Worker>>& workers, const daemon::Log& log)
      : acceptor_(std::move(acceptor)), workers_(workers), log_(log) {
    asio::co_spawn(workers_.front()->context(), accept(), [this](std::exception_ptr) { closed_.set_value(); });
  }
  ~Door() {
    asio::post(workers_.front()->context(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    closed_.get_future().wait();
  }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

 private:
  asio::awaitable<void> accept() {
    std::size_t next = 0;
    while (acceptor_.is_open()) {
      Worker& worker = *workers_[next++ % workers_.size()];
      auto [error, client] = co_await acceptor_.async_accept(worker.context(), asio::as_tuple(asio::use_awaitable));
      if (!error) {
        worker.serve(std::move(client));
        continue;
      }
      if (!acceptor_.is_open()) co_return;
      log_.warning("accept failed", {{"error", error.message()}});
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  const daemon::Log& log_;
  std::promise<void> closed_;
};

namespace {

// Binds the address, or takes a socket over from whoever started us.
Result<tcp::acceptor> open_door(const EgressOptions& options, asio::io_context& context) {
  tcp::acceptor acceptor(context);
  error_code error;
  if (options.inherited_socket) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    int listening = 0;
    socklen_t flag = sizeof listening;
    const int fd = *options.inherited_socket;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag) != 0 || listening == 0) {
      return fail("descriptor " + std::to_string(fd) + " is no listening socket");
    }
    acceptor.assign(bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd, error);
    if (error) return fail("cannot take over descriptor " + std::to_string(fd) + ": " + error.message());
    return acceptor;
  }
  const daemon::Endpoint& listen = options.listen;
  if (listen.is_unix()) return fail("the proxy listens on TCP only");
  const asio::ip::address address = asio::ip::make_address(listen.host, error);
  if (error) return fail("`" + listen.host + "` is no address to listen on");
  const tcp::endpoint endpoint(address, listen.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail("cannot listen on " + to_text(listen) + ": " + error.message());
  return acceptor;
}

}  // namespace

Result<std::unique_ptr<EgressServer>> EgressServer::start(Gate& gate) {
  std::unique_ptr<EgressServer> server(new EgressServer);
  for (int i = 0; i < gate.options.threads; ++i) server->workers_.push_back(std::make_unique<Worker>(gate));
  auto acceptor = open_door(gate.options, server->workers_.front()->context());
  if (!acceptor) return fail(acceptor.error());
  error_code error;
  const tcp::endpoint local = acceptor->local_endpoint(error);
  if (error) return fail("the listening socket has no address: " + error.message());
  server->address_ = {local.address().to_string(), local.port(), ""};
  const auto until = std::chrono::steady_clock::now() + gate.options.first_hearing;
  for (const auto& worker : server->workers_) worker->heard().wait_until(until);
  server->door_ = std::make_unique<Door>(*std::move(acceptor), server->workers_, gate.log);
  return server;
}

EgressServer::~EgressServer() {
  door_.reset();
  workers_.clear();
}

}  // namespace portreeve::pep

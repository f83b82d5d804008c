#include "pep/broker/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <future>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "pep/broker/lifeline.h"
#include "pep/broker/route_source.h"
#include "pep/broker/visit.h"
#include "pep/client/event_stream.h"
#include "pep/net/asio_address.h"
#include "pep/net/door.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::int64_t kTurnedAwayAtOnce = 256;
constexpr Seconds kStopPatience{5};
// Keys beside the source addresses.
constexpr const char* kAll = "*";
constexpr const char* kTurnedAway = "turned away";

// Which worker also keeps the routes, for all.
enum class Routes : std::uint8_t { kept_here, kept_elsewhere };

}  // namespace

// One thread with what belongs to it, and the connections it serves.
class BrokerServer::Worker {
 public:
  Worker(BrokerGate& gate, Routes routes)
      : gate_(gate),
        context_(1),
        pdp_(context_, gate.options.pdp),
        watch_(context_, gate.options.silence),
        answers_(watch_),
        resolver_(context_, gate.options.resolver),
        own_(gate.options.own, gate.clock),
        upstreams_(resolver_, own_, gate.tls, gate.options.upstream),
        lane_{gate, pdp_, watch_, answers_, upstreams_, buffers_, {}},
        work_(context_.get_executor()) {
    if (routes == Routes::kept_here) routes_.emplace(context_, gate, pdp_);
    EventStreamOptions events;
    events.pdp = gate.options.pdp;
    events.on_revision = [this](const std::string&) {
      if (routes_) routes_->refresh();
    };
    if (routes == Routes::kept_here) {
      events.on_change = [this](const std::string& lost) {
        if (lost.empty()) {
          gate_.log.info("hearing the PDP");
        } else {
          gate_.log.warning("the PDP is not heard", {{"error", lost}});
        }
      };
    }
    events_.emplace(context_, std::move(events), watch_);
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Worker() {
    close_all();
    work_.reset();
    context_.stop();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& context() { return context_; }

  // Any thread.
  void serve(tcp::socket client) {
    asio::co_spawn(context_, run(std::move(client)), [this](std::exception_ptr failure) {
      if (failure) gate_.log.error("a connection broke off inside");
    });
  }

 private:
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
      co_await serve_requests(lane_, *entry);
      co_return;
    }
    if (gate_.connections.take(kTurnedAway, kTurnedAwayAtOnce)) co_await turn_away_request(lane_, *entry);
  }

  void close_all() {
    std::promise<void> empty;
    asio::post(context_, [this] {
      stopping_ = true;
      routes_.reset();
      events_.reset();
      error_code ignored;
      for (tcp::socket& socket : open_) socket.close(ignored);
      for (Lifeline* exchange : lane_.exchanges) exchange->stop();
    });
    // What is in the middle of asking or connecting ends by its own deadline; nobody waits longer than this.
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

  BrokerGate& gate_;

  // Owned by the thread. What coroutines hold on to outlives the context, whose destruction ends those that are in it.
  std::list<tcp::socket> open_;
  bool stopping_ = false;
  SecretBuffers buffers_;
  asio::io_context context_;
  PdpClient pdp_;
  SessionWatch watch_;
  AnswerCache answers_;
  Resolver resolver_;
  OwnAddressWatch own_;
  UpstreamPool upstreams_;
  BrokerLane lane_;
  std::optional<RouteSource> routes_;
  std::optional<EventStream> events_;

  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

BrokerServer::BrokerServer() = default;

Result<std::unique_ptr<BrokerServer>> BrokerServer::start(BrokerGate& gate) {
  std::unique_ptr<BrokerServer> server(new BrokerServer);
  for (int i = 0; i < gate.options.threads; ++i) {
    server->workers_.push_back(std::make_unique<Worker>(gate, i == 0 ? Routes::kept_here : Routes::kept_elsewhere));
  }
  auto acceptor =
      open_listener(gate.options.listen, gate.options.inherited_socket, server->workers_.front()->context());
  if (!acceptor) return fail(acceptor.error());
  error_code error;
  const tcp::endpoint local = acceptor->local_endpoint(error);
  if (error) return fail("the listening socket has no address: " + error.message());
  server->address_ = {local.address().to_string(), local.port(), ""};
  std::vector<Door::Way> ways;
  for (const auto& worker : server->workers_) {
    ways.push_back({worker->context(), [&worker = *worker](tcp::socket client) { worker.serve(std::move(client)); }});
  }
  server->door_ = std::make_unique<Door>(*std::move(acceptor), std::move(ways), gate.log);
  return server;
}

BrokerServer::~BrokerServer() {
  door_.reset();
  workers_.clear();
}

}  // namespace portreeve::pep

#include "pep/egress/server.h"

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

EgressServer::EgressServer() = default;

Result<std::unique_ptr<EgressServer>> EgressServer::start(Gate& gate) {
  std::unique_ptr<EgressServer> server(new EgressServer);
  for (int i = 0; i < gate.options.threads; ++i) server->workers_.push_back(std::make_unique<Worker>(gate));
  auto acceptor =
      open_listener(gate.options.listen, gate.options.inherited_socket, server->workers_.front()->context());
  if (!acceptor) return fail(acceptor.error());
  error_code error;
  const tcp::endpoint local = acceptor->local_endpoint(error);
  if (error) return fail("the listening socket has no address: " + error.message());
  server->address_ = {local.address().to_string(), local.port(), ""};
  const auto until = std::chrono::steady_clock::now() + gate.options.first_hearing;
  for (const auto& worker : server->workers_) worker->heard().wait_until(until);
  std::vector<Door::Way> ways;
  for (const auto& worker : server->workers_) {
    ways.push_back({worker->context(), [&worker = *worker](tcp::socket client) { worker.serve(std::move(client)); }});
  }
  server->door_ = std::make_unique<Door>(*std::move(acceptor), std::move(ways), gate.log);
  return server;
}

EgressServer::~EgressServer() {
  door_.reset();
  workers_.clear();
}

}  // namespace portreeve::pep

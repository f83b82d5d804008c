#include "pdp/http/http_server.h"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <thread>

#include "pdp/http/worker.h"

namespace portreeve::pdp {
namespace {

// Between two looks at the other events of the loop.
constexpr int kAcceptsAtOnce = 64;

}  // namespace

// The listening sockets belong to the first worker's thread, which deals the connections out in turn: SO_REUSEPORT
// would do it in the kernel, but unevenly, not for Unix sockets, and a second process of ours could join in unnoticed.
class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, HttpHandler handler)
      : state_(std::make_shared<ServerState>(std::move(options), std::move(handler))),
        endpoints_(state_->options.endpoints) {}
  ~Impl() { stop(Millis(0)); }

  Status open();
  void start();
  void stop(Millis grace);

  const std::vector<daemon::Endpoint>& endpoints() const { return endpoints_; }
  const ServerState& state() const { return *state_; }

 private:
  using Listener = boost::asio::posix::stream_descriptor;

  void wait_for_connection(std::size_t listener);
  void accept_all(std::size_t listener);
  void retry_paused();

  // Constant after start().
  const std::shared_ptr<ServerState> state_;
  std::vector<daemon::Endpoint> endpoints_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;

  // Owned by the first worker's thread while it runs.
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::size_t> paused_;  // listeners that wait for descriptors to become free
  std::size_t next_worker_ = 0;
};

Status HttpServer::Impl::open() {
  if (endpoints_.empty()) return fail("no address to listen on");
  const std::size_t threads = std::max<std::size_t>(state_->options.threads, 1);
  for (std::size_t i = 0; i < threads; ++i) workers_.push_back(std::make_shared<Worker>(state_));
  for (daemon::Endpoint& endpoint : endpoints_) {
    TRY_ASSIGN(Descriptor socket, open_listening_socket(endpoint, state_->options.unix_mode));
    listeners_.push_back(std::make_unique<Listener>(workers_.front()->io(), socket.get()));
    socket.release();
  }
  return {};
}

void HttpServer::Impl::start() {
  for (std::size_t i = 0; i < listeners_.size(); ++i) wait_for_connection(i);
  workers_.front()->on_tick([this] { retry_paused(); });
  for (const auto& worker : workers_) threads_.emplace_back([&loop = *worker] { loop.run(); });
}

void HttpServer::Impl::wait_for_connection(std::size_t listener) {
  listeners_[listener]->async_wait(Listener::wait_read, [this, listener](const boost::system::error_code& ec) {
    if (!ec) accept_all(listener);
  });
}

void HttpServer::Impl::accept_all(std::size_t listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    Accepted accepted = accept_connection(listeners_[listener]->native_handle());
    if (accepted.error == EMFILE || accepted.error == ENFILE || accepted.error == ENOBUFS || accepted.error == ENOMEM) {
      // The socket stays readable: waiting for that would spin.
      paused_.push_back(listener);
      return;
    }
    if (accepted.error == EAGAIN || accepted.error == EWOULDBLOCK) break;
    if (accepted.error != 0) continue;  // that connection is gone already (accept(2))
    const std::shared_ptr<Worker>& worker = workers_[next_worker_++ % workers_.size()];
    worker->adopt(worker, std::move(accepted));
  }
  wait_for_connection(listener);
}

void HttpServer::Impl::retry_paused() {
  for (const std::size_t listener : std::exchange(paused_, {})) accept_all(listener);
}

void HttpServer::Impl::stop(Millis grace) {
  if (threads_.empty()) return;
  const auto deadline = std::chrono::steady_clock::now() + grace;
  // The first worker closes the listeners before it tells itself and the others, so that no connection is dealt to a
  // worker whose loop has ended.
  boost::asio::post(workers_.front()->io(), [this] {
    workers_.front()->on_tick({});
    for (const auto& listener : listeners_) {
      boost::system::error_code ignored;
      listener->close(ignored);
    }
    for (const auto& worker : workers_) worker->begin_stop();
  });
  for (const auto& worker : workers_) {
    if (!worker->wait_until_idle(deadline)) worker->force_stop();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const auto& worker : workers_) worker->close();
  listeners_.clear();
  for (const daemon::Endpoint& endpoint : endpoints_) {
    if (endpoint.is_unix()) ::unlink(endpoint.unix_path.c_str());
  }
  // Responders may outlive us; what the handler refers to need not.
  state_->handler = nullptr;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options, HttpHandler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  if (const Status opened = impl->open(); !opened) return fail(opened.error());
  impl->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

const std::vector<daemon::Endpoint>& HttpServer::endpoints() const { return impl_->endpoints(); }

HttpServerStats HttpServer::stats() const {
  const ServerState& state = impl_->state();
  const auto read = [](const std::atomic<std::uint64_t>& value) { return value.load(std::memory_order_relaxed); };
  HttpServerStats stats;
  stats.connections_accepted = read(state.accepted);
  stats.connections_open = read(state.open);
  stats.connections_shed = read(state.connections_shed);
  stats.requests = read(state.requests);
  stats.requests_in_flight = read(state.in_flight);
  stats.requests_shed = read(state.requests_shed);
  stats.requests_refused = read(state.refused);
  return stats;
}

void HttpServer::stop(Millis grace) { impl_->stop(grace); }

}  // namespace portreeve::pdp

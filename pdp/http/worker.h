// One thread of the server: its loop, its connections, the answers that other threads hand to it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "pdp/http/http_server.h"
#include "pdp/http/listening_socket.h"

namespace portreeve::pdp {

class Connection;

// What all threads of one server share. Outlives the server where a Responder does.
struct ServerState {
  ServerState(HttpServerOptions server_options, HttpHandler server_handler)
      : options(std::move(server_options)), handler(std::move(server_handler)) {}

  // Constant while threads run.
  const HttpServerOptions options;
  HttpHandler handler;

  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> connections_shed{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> requests_shed{0};
  std::atomic<std::uint64_t> refused{0};
};

class Worker {
 public:
  explicit Worker(std::shared_ptr<ServerState> state);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Any thread.
  // Serves a connection from here on, or closes it where the worker is stopping.
  void adopt(std::shared_ptr<Worker> self, Accepted accepted);
  // Gives `response` to `connection` on the worker's thread; drops it where the worker has ended.
  void deliver(std::shared_ptr<Connection> connection, HttpResponse response);
  // The same with a piece of a stream; null ends it.
  void deliver(std::shared_ptr<Connection> connection, std::shared_ptr<const std::string> piece);
  // Closes idle connections and ends run() once no others are left.
  void begin_stop();
  // Closes all connections and ends run().
  void force_stop();
  // False where connections are left at `deadline`.
  bool wait_until_idle(std::chrono::steady_clock::time_point deadline);
  bool is_current_thread() { return io_.get_executor().running_in_this_thread(); }

  // Runs the loop until it is stopped.
  void run();
  // Drops the answers that came too late, and all that come after. Requires: run() has returned.
  void close();

  // On the worker's thread.
  boost::asio::io_context& io() { return io_; }
  ServerState& state() { return *state_; }
  std::int64_t now_millis() const { return now_millis_; }  // as of the last tick
  Millis tick() const { return tick_; }
  const std::string& date() const { return date_; }
  bool stopping() const { return stopping_; }
  void add(Connection& connection);
  void remove(Connection& connection);
  // Called at each tick.
  void on_tick(std::function<void()> callback) { on_tick_ = std::move(callback); }

 private:
  struct Answer {
    std::shared_ptr<Connection> connection;
    HttpResponse response;
  };
  struct Piece {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<const std::string> bytes;
  };

  void arm_tick();
  void read_clocks();
  void drain();
  void finish_if_idle();

  // Constant after construction.
  const std::shared_ptr<ServerState> state_;
  const Millis tick_;

  // Owned by the worker's thread.
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  std::vector<Connection*> connections_;
  std::vector<Answer> draining_;
  std::vector<Piece> draining_pieces_;
  std::function<void()> on_tick_;
  std::int64_t now_millis_ = 0;
  std::int64_t date_second_ = 0;
  std::string date_;
  bool stopping_ = false;
  bool forced_ = false;

  Mutex mutex_;
  std::condition_variable_any idle_;
  std::vector<Answer> answers_ GUARDED_BY(mutex_);
  std::vector<Piece> pieces_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  bool is_idle_ GUARDED_BY(mutex_) = false;  // only ever true while stopping
};

}  // namespace portreeve::pdp

#include "pdp/http/worker.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "daemon/clock.h"
#include "pdp/http/connection.h"
#include "pdp/http/response_writer.h"

namespace portreeve::pdp {
namespace {

// Refusing a connection politely costs a descriptor for a moment; that many more than the limit get one.
constexpr std::size_t kPoliteRefusals = 256;

Millis tick_for(const HttpServerOptions& options) {
  const Millis least = std::min(
      {options.head_deadline, options.body_deadline, options.idle_deadline, options.write_deadline, options.linger});
  return std::clamp(least / 4, Millis(5), Millis(500));
}

}  // namespace

Worker::Worker(std::shared_ptr<ServerState> state)
    : state_(std::move(state)), tick_(tick_for(state_->options)), work_(io_.get_executor()), timer_(io_) {
  read_clocks();
}

Worker::~Worker() = default;

void Worker::adopt(std::shared_ptr<Worker> self, Accepted accepted) {
  // The queued function holds the worker that owns the queue: run() drains it before it returns, see force_stop().
  boost::asio::post(io_, [self = std::move(self), accepted = std::move(accepted)]() mutable {
    ServerState& state = self->state();
    if (self->stopping_) return;
    state.accepted.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t open = state.open.load(std::memory_order_relaxed);
    const bool has_room = open < state.options.max_connections;
    if (!has_room) state.connections_shed.fetch_add(1, std::memory_order_relaxed);
    if (open >= state.options.max_connections + kPoliteRefusals) return;
    const auto connection = std::make_shared<Connection>(self, std::move(accepted));
    if (has_room) {
      connection->start();
    } else {
      connection->start_refused({503, "overloaded", "too many connections"});
    }
  });
}

void Worker::deliver(std::shared_ptr<Connection> connection, HttpResponse response) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  answers_.push_back({std::move(connection), std::move(response)});
  // One trip through the loop for all answers of a batch.
  if (answers_.size() + pieces_.size() == 1) boost::asio::post(io_, [this] { drain(); });
}

void Worker::deliver(std::shared_ptr<Connection> connection, std::shared_ptr<const std::string> piece) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  pieces_.push_back({std::move(connection), std::move(piece)});
  if (answers_.size() + pieces_.size() == 1) boost::asio::post(io_, [this] { drain(); });
}

void Worker::drain() {
  {
    const MutexLock lock(mutex_);
    draining_.swap(answers_);
    draining_pieces_.swap(pieces_);
  }
  for (Answer& answer : draining_) answer.connection->complete(std::move(answer.response));
  draining_.clear();
  for (Piece& piece : draining_pieces_) piece.connection->complete(std::move(piece.bytes));
  draining_pieces_.clear();
}

void Worker::begin_stop() {
  boost::asio::post(io_, [this] {
    stopping_ = true;
    const std::vector<Connection*> connections = connections_;
    for (Connection* connection : connections) connection->close_if_idle();
    finish_if_idle();
  });
}

void Worker::force_stop() {
  boost::asio::post(io_, [this] {
    stopping_ = forced_ = true;
    const std::vector<Connection*> connections = connections_;
    for (Connection* connection : connections) connection->close();
    finish_if_idle();
  });
}

void Worker::finish_if_idle() {
  if (!stopping_ || !connections_.empty()) return;
  timer_.cancel();
  work_.reset();
  const MutexLock lock(mutex_);
  is_idle_ = true;
  idle_.notify_all();
}

bool Worker::wait_until_idle(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!is_idle_) {
    if (!lock.wait_until(idle_, deadline)) return is_idle_;
  }
  return true;
}

void Worker::run() {
  arm_tick();
  io_.run();
}

void Worker::close() {
  std::vector<Answer> late;
  std::vector<Piece> late_pieces;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    late.swap(answers_);
    late_pieces.swap(pieces_);
  }
}

void Worker::add(Connection& connection) {
  connection.index = connections_.size();
  connections_.push_back(&connection);
  state_->open.fetch_add(1, std::memory_order_relaxed);
}

void Worker::remove(Connection& connection) {
  connections_.back()->index = connection.index;
  std::swap(connections_[connection.index], connections_.back());
  connections_.pop_back();
  state_->open.fetch_sub(1, std::memory_order_relaxed);
  finish_if_idle();
}

void Worker::read_clocks() {
  const daemon::SystemClock clock;
  now_millis_ = clock.steady_millis();
  const std::int64_t second = clock.now().unix_seconds();
  if (second == date_second_) return;
  date_second_ = second;
  date_ = http_date(second);
}

void Worker::arm_tick() {
  if (stopping_ && connections_.empty()) return;
  timer_.expires_after(tick_);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    read_clocks();
    const std::vector<Connection*> connections = connections_;
    for (Connection* connection : connections) connection->check_deadline(now_millis_);
    if (on_tick_) on_tick_();
    arm_tick();
  });
}

}  // namespace portreeve::pdp

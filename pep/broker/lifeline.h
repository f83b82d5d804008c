// What ends an exchange from outside: its limits, and a revocation.
#pragma once

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "engine/base/time.h"
#include "engine/wire/reason.h"

namespace portreeve::pep {

// Closes what it is told to watch when the time is over, or when cut() is called. Shared with the timer's handler and
// the session's registration, which may outlive the exchange. One thread.
class Lifeline : public std::enable_shared_from_this<Lifeline> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  Lifeline(Socket::executor_type executor, Millis idle, Millis total)
      : clock_(executor), idle_(idle), last_(Time::clock::now()), end_(last_ + total) {}

  // The sockets outlive the watch, or release() ends it first. The client is closed only once it has begun to get an
  // answer: until then it can be told why.
  void watch_upstream(Socket& socket) { upstream_ = &socket; }
  void watch_client(Socket& socket) { client_ = &socket; }
  void forget_upstream() { upstream_ = nullptr; }

  void start() { arm(); }
  // Something moved.
  void touch() { last_ = Time::clock::now(); }
  // What is left is to take no longer than this.
  void shorten(Millis left) {
    end_ = std::min(end_, Time::clock::now() + left);
    arm();
  }

  void cut(wire::Reason reason) {
    if (over()) return;
    reason_ = reason;
    close();
  }
  // The gate stops: there is no reason to give.
  void stop() {
    if (over()) return;
    stopped_ = true;
    close();
  }
  const std::optional<wire::Reason>& reason() const { return reason_; }
  bool stopped() const { return stopped_; }

  void release() {
    released_ = true;
    client_ = nullptr;
    upstream_ = nullptr;
    clock_.cancel();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;

  bool over() const { return released_ || stopped_ || reason_; }
  void close() {
    boost::system::error_code ignored;
    if (client_ != nullptr) client_->close(ignored);
    if (upstream_ != nullptr) upstream_->close(ignored);
    clock_.cancel();
  }

  // One timer for both limits: it is set once an idle span, not at each byte.
  void arm() {
    clock_.expires_at(std::min(last_ + idle_, end_));
    clock_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error || self->over()) return;
      const Time now = Time::clock::now();
      if (now >= self->end_) return self->cut(wire::Reason::limit_total);
      if (now >= self->last_ + self->idle_) return self->cut(wire::Reason::limit_idle);
      self->arm();
    });
  }

  boost::asio::steady_timer clock_;
  const Millis idle_;
  Time last_;
  Time end_;
  bool released_ = false;
  bool stopped_ = false;
  std::optional<wire::Reason> reason_;
  Socket* client_ = nullptr;
  Socket* upstream_ = nullptr;
};

}  // namespace portreeve::pep

// A deadline on what a socket waits for.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "engine/base/time.h"

namespace portreeve::pep {

// Cancels every operation that `socket` waits for when `span` is over; the socket stays open, so that a last word can
// be sent. An operation begun after that is not cancelled: look at expired() first. On the socket's thread only.
class Watchdog {
 public:
  // The socket outlives the watchdog.
  Watchdog(boost::asio::ip::tcp::socket& socket, Millis span)
      : state_(std::make_shared<State>(State{&socket, false})), timer_(socket.get_executor(), span) {
    // The handler may run after the watchdog is gone, and then finds no socket.
    timer_.async_wait([state = state_](boost::system::error_code error) {
      if (error || state->socket == nullptr) return;
      state->expired = true;
      boost::system::error_code ignored;
      state->socket->cancel(ignored);
    });
  }
  ~Watchdog() { state_->socket = nullptr; }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  bool expired() const { return state_->expired; }

 private:
  struct State {
    boost::asio::ip::tcp::socket* socket;
    bool expired;
  };
  std::shared_ptr<State> state_;
  boost::asio::steady_timer timer_;
};

}  // namespace portreeve::pep

// A listening socket that hands its connections round.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "daemon/endpoint.h"
#include "daemon/log.h"
#include "engine/base/result.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::pep {

// Binds `listen` (TCP, an address), or takes over a listening socket inherited as a descriptor.
Result<boost::asio::ip::tcp::acceptor> open_listener(const daemon::Endpoint& listen, std::optional<int> inherited,
                                                     boost::asio::io_context& context);

// Accepts on the acceptor's thread until destroyed.
class Door {
 public:
  // Where connections go in turn: a context, and what takes one (called on the acceptor's thread).
  struct Way {
    boost::asio::io_context& context;
    std::function<void(boost::asio::ip::tcp::socket)> take;
  };
  // Requires: one way at least; the contexts run, and outlive the door, as does `log`.
  Door(boost::asio::ip::tcp::acceptor acceptor, std::vector<Way> ways, const daemon::Log& log);
  // Stops accepting; waits until that is so.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

 private:
  boost::asio::awaitable<void> accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  const std::vector<Way> ways_;
  const daemon::Log& log_;
  std::promise<void> closed_;
};

}  // namespace portreeve::pep

#include "pep/egress/dial.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "pep/net/asio_address.h"
#include "pep/net/watchdog.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using boost::system::error_code;

asio::awaitable<std::variant<Dialled, DialFailure>> dial(std::vector<JudgedAddress> addresses, Millis timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  DialFailure failure;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const JudgedAddress& judged = addresses[i];
    const auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
    failure.address = judged.address();
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    const asio::ip::tcp::endpoint endpoint(to_asio(judged.address()), judged.port());
    error_code ignored;
    socket.open(endpoint.protocol(), ignored);
    const Watchdog watchdog(socket, left / static_cast<int>(addresses.size() - i));
    const auto [error] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    if (!error) {
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      socket.set_option(asio::socket_base::keep_alive(true), ignored);
      co_return Dialled{std::move(socket), judged.address()};
    }
    const bool late = watchdog.expired() || error == asio::error::timed_out;
    failure.reason = late ? wire::Reason::connect_timeout : wire::Reason::connect_refused;
  }
  co_return failure;
}

}  // namespace portreeve::pep

#include "pep/net/linger.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>

#include "pep/net/watchdog.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kLingerBytes = 1u << 20;

}  // namespace

asio::awaitable<void> linger(tcp::socket& client, Millis most) {
  error_code ignored;
  client.shutdown(tcp::socket::shutdown_send, ignored);
  const Watchdog watchdog(client, most);
  std::array<char, 1024> sink;
  std::size_t total = 0;
  while (!watchdog.expired() && total < kLingerBytes) {
    const auto [error, got] = co_await client.async_read_some(asio::buffer(sink), kAwait);
    if (error) break;
    total += got;
  }
  client.close(ignored);
}

}  // namespace portreeve::pep

#include "pep/broker/client_connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "pep/net/watchdog.h"

namespace portreeve::pep {

namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16u << 10;

}  // namespace

asio::awaitable<bool> ClientConnection::read_more(Millis most) {
  const Watchdog watchdog(socket, most);
  const std::size_t before = unread.size();
  unread.resize(before + kReadBytes);
  const auto [error, got] = co_await socket.async_read_some(asio::buffer(unread.data() + before, kReadBytes), kAwait);
  unread.resize(before + got);
  co_return !error;
}

asio::awaitable<bool> ClientConnection::read_head(HeadParser& parser, Millis first_byte, Millis whole) {
  auto end = std::chrono::steady_clock::now() + first_byte;
  bool started = false;
  while (true) {
    std::size_t consumed = 0;
    parser.feed(unread, consumed);
    unread.erase(0, consumed);
    if (parser.state() != HeadParser::State::need_more) co_return true;
    if (parser.started() && !started) end = std::chrono::steady_clock::now() + whole;
    started = parser.started();
    const auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
    if (left <= Millis(0) || !co_await read_more(left)) co_return false;
  }
}

asio::awaitable<bool> ClientConnection::write(std::string_view bytes) {
  const auto [error, written] = co_await asio::async_write(socket, asio::buffer(bytes.data(), bytes.size()), kAwait);
  co_return !error;
}

}  // namespace portreeve::pep

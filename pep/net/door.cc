#include "pep/net/door.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

#include "engine/base/time.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr Millis kAcceptPause{100};  // where descriptors or memory have run out

}  // namespace

Result<tcp::acceptor> open_listener(const daemon::Endpoint& listen, std::optional<int> inherited,
                                    asio::io_context& context) {
  tcp::acceptor acceptor(context);
  error_code error;
  if (inherited) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    int listening = 0;
    socklen_t flag = sizeof listening;
    if (getsockname(*inherited, reinterpret_cast<sockaddr*>(&bound), &length) != 0 ||
        getsockopt(*inherited, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag) != 0 || listening == 0) {
      return fail("descriptor " + std::to_string(*inherited) + " is no listening socket");
    }
    acceptor.assign(bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), *inherited, error);
    if (error) return fail("cannot take over descriptor " + std::to_string(*inherited) + ": " + error.message());
    return acceptor;
  }
  if (listen.is_unix()) return fail("a proxy listens on TCP only");
  const asio::ip::address address = asio::ip::make_address(listen.host, error);
  if (error) return fail("`" + listen.host + "` is no address to listen on");
  const tcp::endpoint endpoint(address, listen.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail("cannot listen on " + to_text(listen) + ": " + error.message());
  return acceptor;
}

Door::Door(tcp::acceptor acceptor, std::vector<Way> ways, const daemon::Log& log)
    : acceptor_(std::move(acceptor)), ways_(std::move(ways)), log_(log) {
  asio::co_spawn(acceptor_.get_executor(), accept(), [this](std::exception_ptr) { closed_.set_value(); });
}

Door::~Door() {
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  closed_.get_future().wait();
}

asio::awaitable<void> Door::accept() {
  std::size_t next = 0;
  while (acceptor_.is_open()) {
    const Way& way = ways_[next++ % ways_.size()];
    auto [error, client] = co_await acceptor_.async_accept(way.context, kAwait);
    if (!error) {
      way.take(std::move(client));
      continue;
    }
    if (!acceptor_.is_open()) co_return;
    log_.warning("accept failed", {{"error", error.message()}});
    asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
    co_await pause.async_wait(kAwait);
  }
}

}  // namespace portreeve::pep

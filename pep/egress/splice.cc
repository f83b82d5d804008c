#include "pep/egress/splice.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

namespace portreeve::pep {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kBufferBytes = 32u << 10;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// What both directions and the clock share. The clock's handler may outlive the splice and then finds `open` false.
struct Tunnel : std::enable_shared_from_this<Tunnel> {
  Tunnel(tcp::socket& client_socket, tcp::socket& upstream_socket, const SpliceLimits& its_limits)
      : client(client_socket),
        upstream(upstream_socket),
        limits(its_limits),
        clock(client_socket.get_executor()),
        last(std::chrono::steady_clock::now()),
        end(last + its_limits.total) {}

  void close(std::optional<wire::Reason> why) {
    if (!open) return;
    open = false;
    reason = why;
    error_code ignored;
    client.close(ignored);
    upstream.close(ignored);
  }

  // One timer for both limits: it is set once an idle span, not at each byte.
  void watch() {
    clock.expires_at(std::min(last + limits.idle, end));
    clock.async_wait([self = shared_from_this()](error_code error) {
      if (error || !self->open) return;
      const Time now = std::chrono::steady_clock::now();
      if (now >= self->end) return self->close(wire::Reason::limit_total);
      if (now >= self->last + self->limits.idle) return self->close(wire::Reason::limit_idle);
      self->watch();
    });
  }

  tcp::socket& client;
  tcp::socket& upstream;
  const SpliceLimits limits;
  asio::steady_timer clock;
  Time last;
  const Time end;
  bool open = true;
  std::optional<wire::Reason> reason;
};

// One direction. `filled` bytes of the buffer are there to be sent first.
asio::awaitable<void> pump(Tunnel& tunnel, tcp::socket& from, tcp::socket& to, std::vector<char>& buffer,
                           std::size_t filled, std::optional<std::int64_t> most, std::int64_t& carried) {
  while (tunnel.open) {
    if (filled > 0) {
      std::size_t send = filled;
      if (most) send = std::min(send, static_cast<std::size_t>(*most - carried));
      const auto [error, written] = co_await asio::async_write(to, asio::buffer(buffer.data(), send), kAwait);
      carried += static_cast<std::int64_t>(written);
      if (error) co_return tunnel.close(std::nullopt);
      if (send < filled) co_return tunnel.close(wire::Reason::limit_bytes);
      tunnel.last = std::chrono::steady_clock::now();
      if (!tunnel.open) co_return;
    }
    const auto [error, got] = co_await from.async_read_some(asio::buffer(buffer.data(), kBufferBytes), kAwait);
    if (error == asio::error::eof) {
      error_code ignored;
      to.shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
    if (error) co_return tunnel.close(std::nullopt);
    tunnel.last = std::chrono::steady_clock::now();
    filled = got;
  }
}

}  // namespace

asio::awaitable<SpliceEnd> splice(tcp::socket& client, tcp::socket& upstream, std::string early, SpliceLimits limits,
                                  Registration& registration) {
  using namespace asio::experimental::awaitable_operators;
  const auto tunnel = std::make_shared<Tunnel>(client, upstream, limits);
  SpliceEnd end;
  std::vector<char> out(std::max(kBufferBytes, early.size()));
  std::vector<char> in(kBufferBytes);
  std::memcpy(out.data(), early.data(), early.size());
  if (const auto objection = registration.objection()) tunnel->close(reason_of(*objection));
  registration.on_cut([tunnel](CutCause cause) { tunnel->close(reason_of(cause)); });
  tunnel->watch();
  co_await (pump(*tunnel, client, upstream, out, early.size(), limits.bytes_out, end.bytes_out) &&
            pump(*tunnel, upstream, client, in, 0, limits.bytes_in, end.bytes_in));
  end.reason = tunnel->reason;
  tunnel->close(end.reason);
  tunnel->clock.cancel();
  registration.on_cut({});
  co_return end;
}

}  // namespace portreeve::pep

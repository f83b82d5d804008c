#include "pep/egress/connect.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>
#include <variant>

#include "pep/egress/credentials.h"
#include "pep/egress/denial.h"
#include "pep/egress/judge.h"
#include "pep/egress/tunnel.h"
#include "pep/http/connect_request.h"
#include "pep/net/asio_address.h"
#include "pep/net/linger.h"
#include "pep/net/watchdog.h"

namespace portreeve::pep {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxRequests = 8;  // a client that asks without credentials again and again learns nothing new

class Visit {
 public:
  Visit(Lane& lane, tcp::socket& client, net::IpAddress source) : lane_(lane), client_(client), source_(source) {}

  asio::awaitable<void> run() {
    for (int request = 0; request < kMaxRequests; ++request) {
      HeadParser parser;
      if (!co_await read_head(parser)) co_return;
      if (parser.state() == HeadParser::State::failed) {
        co_await refuse(malformed(parser.error()), false);
        co_return;
      }
      if (!co_await answer(parser.head())) co_return;
    }
  }

 private:
  // False where the client went away, or took too long, with nothing to answer.
  asio::awaitable<bool> read_head(HeadParser& parser) {
    const Watchdog watchdog(client_, lane_.gate.options.times.head);
    std::array<char, 4096> chunk;
    while (true) {
      std::size_t consumed = 0;
      parser.feed(unread_, consumed);
      unread_.erase(0, consumed);
      if (parser.state() != HeadParser::State::need_more) co_return true;
      if (watchdog.expired()) co_return false;
      const auto [error, got] = co_await client_.async_read_some(asio::buffer(chunk), kAwait);
      if (error) co_return false;
      unread_.append(chunk.data(), got);
    }
  }

  // True where the connection stays for another request.
  asio::awaitable<bool> answer(const RequestHead& head) {
    if (head.method != "CONNECT") {
      Denial denial =
          denial_of(wire::Reason::bad_request, 501, "this port serves CONNECT only, as an HTTPS proxy does");
      record_bad_request();
      co_await refuse(std::move(denial), false);
      co_return false;
    }
    auto target = read_connect(head);
    if (const auto* error = std::get_if<HeadError>(&target)) {
      co_await refuse(malformed(*error), false);
      co_return false;
    }
    auto token = read_token(head);
    if (const auto* error = std::get_if<HeadError>(&token)) {
      co_await refuse(malformed(*error), false);
      co_return false;
    }
    const bool named = std::holds_alternative<std::string>(token);
    if (!named && !lane_.gate.options.source_sessions) {
      co_await refuse(denial_of(wire::Reason::token_missing, 407), head.keep_alive);
      co_return head.keep_alive;
    }
    EgressAsk ask;
    if (named) {
      ask.asker.token = std::move(std::get<std::string>(token));
      ask.asker.session = session_of(ask.asker.token);
    }
    ask.asker.source = source_;
    ask.target = std::move(std::get<net::Endpoint>(target));
    co_return co_await pass(std::move(ask), head.keep_alive);
  }

  // True where the connection stays for another request.
  asio::awaitable<bool> pass(EgressAsk ask, bool keep_alive) {
    // What a tunnel did could not be recorded, so there is none.
    if (!lane_.gate.spool.has_room()) {
      co_await refuse(denial_of(wire::Reason::audit_unavailable, 503), false);
      co_return false;
    }
    Registration registration = lane_.watch.enter({});
    auto judged = co_await judge(lane_, ask, registration);
    if (auto* denial = std::get_if<Denial>(&judged)) {
      // Of an address that is nobody's, a token may still tell whose request it is.
      const bool ask_for_token =
          ask.asker.session.empty() && denial->reason == wire::code(wire::Reason::session_unknown);
      if (ask_for_token) denial->status = 407;
      co_await refuse(std::move(*denial), ask_for_token && keep_alive);
      co_return ask_for_token&& keep_alive;
    }
    auto denial = co_await open_tunnel(lane_, client_, std::move(ask), std::move(std::get<Answer>(judged)),
                                       std::move(unread_), std::move(registration));
    if (denial) co_await refuse(std::move(*denial), false);
    co_return false;
  }

  Denial malformed(const HeadError& error) {
    Denial denial = denial_of(wire::Reason::bad_request, error.status, error.message);
    record_bad_request();
    return denial;
  }

  void record_bad_request() {
    lane_.gate.spool.add(Refusal{lane_.gate.clock.now(), wire::Reason::bad_request, "", 0, "", source_, 0});
  }

  asio::awaitable<void> refuse(Denial denial, bool keep_alive) {
    lane_.gate.log.info("refused", {{"status", denial.status},
                                    {"reason", denial.reason},
                                    {"decision", denial.decision},
                                    {"host", denial.host},
                                    {"port", denial.port},
                                    {"source", source_.to_string()},
                                    {"detail", denial.detail}});
    const std::string response = response_of(denial, keep_alive);
    const auto [error, written] = co_await asio::async_write(client_, asio::buffer(response), kAwait);
    if (!keep_alive && !error) co_await linger(client_, lane_.gate.options.times.linger);
  }

  Lane& lane_;
  tcp::socket& client_;
  const net::IpAddress source_;
  std::string unread_;  // bytes of the client that no head took
};

}  // namespace

asio::awaitable<void> serve_connect(Lane& lane, tcp::socket& client) {
  error_code error;
  const tcp::endpoint peer = client.remote_endpoint(error);
  if (error) co_return;
  client.set_option(tcp::no_delay(true), error);
  client.set_option(asio::socket_base::keep_alive(true), error);
  Visit visit(lane, client, from_asio(peer.address()));
  co_await visit.run();
}

asio::awaitable<void> turn_away(Lane& lane, tcp::socket& client) {
  error_code error;
  const tcp::endpoint peer = client.remote_endpoint(error);
  if (error) co_return;
  lane.gate.spool.add(
      Refusal{lane.gate.clock.now(), wire::Reason::limit_connections, "", 0, "", from_asio(peer.address()), 0});
  const std::string response = response_of(denial_of(wire::Reason::limit_connections, 503), false);
  co_await asio::async_write(client, asio::buffer(response), kAwait);
  co_await linger(client, lane.gate.options.times.linger);
}

}  // namespace portreeve::pep

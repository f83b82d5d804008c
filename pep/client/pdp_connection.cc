#include "pep/client/pdp_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace portreeve::pep {

namespace asio = boost::asio;
using boost::system::error_code;

void PdpDeadline::Wait::end() {
  expired = true;
  error_code ignored;
  if (connection != nullptr) connection->socket.close(ignored);
  if (resolver != nullptr) resolver->cancel();
}

PdpDeadline::PdpDeadline(asio::io_context& context, Millis span) : wait_(std::make_shared<Wait>()), timer_(context) {
  restart(span);
}

PdpDeadline::~PdpDeadline() {
  wait_->connection = nullptr;
  wait_->resolver = nullptr;
}

void PdpDeadline::restart(Millis span) {
  timer_.expires_after(span);
  timer_.async_wait([wait = wait_](error_code error) {
    if (!error) wait->end();
  });
}

asio::awaitable<Result<std::unique_ptr<PdpConnection>>> connect_pdp(asio::io_context& context,
                                                                    daemon::Endpoint endpoint, PdpDeadline& deadline) {
  constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
  std::vector<asio::generic::stream_protocol::endpoint> endpoints;
  if (endpoint.is_unix()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(endpoint.unix_path));
  } else {
    asio::ip::tcp::resolver resolver(context);
    deadline.wait().resolver = &resolver;
    const auto [error, found] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), kAwait);
    deadline.wait().resolver = nullptr;
    if (error) co_return fail("the PDP's name cannot be resolved: " + error.message());
    for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
  }
  std::string last = "no address";
  for (const auto& one : endpoints) {
    if (deadline.expired()) break;
    auto connection = std::make_unique<PdpConnection>(context);
    error_code opened;
    connection->socket.open(one.protocol(), opened);
    if (opened) co_return fail("no socket for the PDP: " + opened.message());
    deadline.wait().connection = connection.get();
    const auto [error] = co_await connection->socket.async_connect(one, kAwait);
    deadline.wait().connection = nullptr;
    if (!error) {
      error_code ignored;
      if (!endpoint.is_unix()) connection->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      co_return connection;
    }
    last = error.message();
  }
  co_return fail("the PDP cannot be reached: " + (deadline.expired() ? std::string("no answer in time") : last));
}

std::string request_head(const PdpOptions& options, std::string_view method_and_path) {
  std::string head(method_and_path);
  head += " HTTP/1.1\r\nHost: " + (options.endpoint.is_unix() ? "localhost" : to_text(options.endpoint)) + "\r\n";
  if (!options.credential.empty()) head += "Authorization: Bearer " + options.credential + "\r\n";
  return head;
}

}  // namespace portreeve::pep

#include "pep/client/pdp_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct PdpClient::Connection {
  explicit Connection(asio::io_context& context) : socket(context) {}
  asio::generic::stream_protocol::socket socket;
  boost::beast::flat_buffer buffer;
};

// Ends whatever an exchange waits for when its time is up. The timer's handler may run after the exchange is over, so
// what it touches is shared with it.
struct PdpClient::Deadline {
  struct Shared {
    bool expired = false;
    Connection* connection = nullptr;  // null: none, or no longer ours
    asio::ip::tcp::resolver* resolver = nullptr;
  };

  Deadline(asio::io_context& context, Millis span) : shared(std::make_shared<Shared>()), timer(context, span) {
    timer.async_wait([state = shared](error_code error) {
      if (error) return;
      state->expired = true;
      error_code ignored;
      if (state->connection != nullptr) state->connection->socket.close(ignored);
      if (state->resolver != nullptr) state->resolver->cancel();
    });
  }
  ~Deadline() {
    shared->connection = nullptr;
    shared->resolver = nullptr;
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  std::shared_ptr<Shared> shared;
  asio::steady_timer timer;
};

class PdpClient::Pool {
 public:
  explicit Pool(std::size_t most) : most_(most) {}
  std::unique_ptr<Connection> take() {
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void give(std::unique_ptr<Connection> connection) {
    if (idle_.size() < most_) idle_.push_back(std::move(connection));
  }
  // When one kept connection turns out to be dead, the rest most likely died with it.
  void drop_all() { idle_.clear(); }

 private:
  const std::size_t most_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

PdpClient::PdpClient(asio::io_context& context, PdpOptions options)
    : context_(context), options_(std::move(options)), pool_(std::make_unique<Pool>(options_.idle_connections)) {}

PdpClient::~PdpClient() = default;

asio::awaitable<Result<std::unique_ptr<PdpClient::Connection>>> PdpClient::connect(Deadline& deadline) {
  std::vector<asio::generic::stream_protocol::endpoint> endpoints;
  if (options_.endpoint.is_unix()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(options_.endpoint.unix_path));
  } else {
    asio::ip::tcp::resolver resolver(context_);
    deadline.shared->resolver = &resolver;
    const auto [error, found] =
        co_await resolver.async_resolve(options_.endpoint.host, std::to_string(options_.endpoint.port), kAwait);
    deadline.shared->resolver = nullptr;
    if (error) co_return fail("the PDP's name cannot be resolved: " + error.message());
    for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
  }
  std::string last = "no address";
  for (const auto& endpoint : endpoints) {
    if (deadline.shared->expired) break;
    auto connection = std::make_unique<Connection>(context_);
    error_code opened;
    connection->socket.open(endpoint.protocol(), opened);
    if (opened) co_return fail("no socket for the PDP: " + opened.message());
    deadline.shared->connection = connection.get();
    const auto [error] = co_await connection->socket.async_connect(endpoint, kAwait);
    deadline.shared->connection = nullptr;
    if (!error) {
      error_code ignored;
      if (!options_.endpoint.is_unix()) connection->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      co_return connection;
    }
    last = error.message();
  }
  co_return fail("the PDP cannot be reached: " + (deadline.shared->expired ? std::string("no answer in time") : last));
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::exchange(Connection& connection, std::string_view request,
                                                              std::size_t most_bytes, bool& keep) {
  keep = false;
  const auto [write_error, written] =
      co_await asio::async_write(connection.socket, asio::buffer(request.data(), request.size()), kAwait);
  if (write_error) co_return fail("the PDP does not take the question: " + write_error.message());
  http::response_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::kHttpHeadBytes));
  parser.body_limit(most_bytes);
  const auto [read_error, read] = co_await http::async_read(connection.socket, connection.buffer, parser, kAwait);
  if (read_error) co_return fail("the PDP's answer does not come whole: " + read_error.message());
  keep = parser.get().keep_alive() && connection.buffer.size() == 0;
  const auto etag = parser.get()[http::field::etag];
  co_return Reply{static_cast<int>(parser.get().result_int()), std::move(parser.get().body()),
                  std::string(etag.data(), etag.size())};
}

std::string PdpClient::head(std::string_view method_and_path) const {
  std::string head(method_and_path);
  head += " HTTP/1.1\r\nHost: " + (options_.endpoint.is_unix() ? "localhost" : to_text(options_.endpoint)) + "\r\n";
  if (!options_.credential.empty()) head += "Authorization: Bearer " + options_.credential + "\r\n";
  return head;
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::post(std::string path, std::string body) {
  std::string request = head("POST " + path) +
                        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body;
  co_return co_await send(std::move(request), limits::kPdpAnswerBytes);
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::get(std::string path, std::string etag) {
  std::string request = head("GET " + path);
  if (!etag.empty()) request += "If-None-Match: " + etag + "\r\n";
  co_return co_await send(request + "\r\n", limits::kPdpListBytes);
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::send(std::string request, std::size_t most_bytes) {
  Deadline deadline(context_, options_.deadline);
  std::unique_ptr<Connection> connection = pool_->take();
  bool fresh = connection == nullptr;
  while (true) {
    if (connection == nullptr) {
      auto connected = co_await connect(deadline);
      if (!connected) co_return fail(connected.error());
      connection = std::move(*connected);
      fresh = true;
    }
    bool keep = false;
    deadline.shared->connection = connection.get();
    auto reply = co_await exchange(*connection, request, most_bytes, keep);
    deadline.shared->connection = nullptr;
    if (deadline.shared->expired) co_return fail("the PDP did not answer in time");
    if (reply) {
      if (keep) pool_->give(std::move(connection));
      co_return reply;
    }
    if (fresh) co_return reply;
    pool_->drop_all();
    connection.reset();
  }
}

template <class Ask>
asio::awaitable<AskResult> PdpClient::ask_any(Ask ask) {
  const auto reply = co_await post("/access/v1/evaluation", to_json(ask));
  if (!reply) co_return PdpUnavailable{wire::Reason::pdp_unavailable, reply.error().message};
  if (reply->status != 200) {
    const std::string code = problem_code(reply->body);
    const bool audit = reply->status == 503 && code == wire::code(wire::Reason::audit_unavailable);
    co_return PdpUnavailable{audit ? wire::Reason::audit_unavailable : wire::Reason::pdp_unavailable,
                             "the PDP answered " + std::to_string(reply->status) + (code.empty() ? "" : " " + code)};
  }
  auto answer = read_answer(reply->body, ask);
  if (!answer)
    co_return PdpUnavailable{wire::Reason::pdp_unavailable, "the PDP's answer is refused: " + answer.error().message};
  co_return std::move(*answer);
}

asio::awaitable<AskResult> PdpClient::ask(EgressAsk ask) { return ask_any(std::move(ask)); }
asio::awaitable<AskResult> PdpClient::ask(SecretAsk ask) { return ask_any(std::move(ask)); }
asio::awaitable<AskResult> PdpClient::ask(ExecAsk ask) { return ask_any(std::move(ask)); }

Result<daemon::Endpoint> parse_pdp_url(std::string_view text) {
  if (text.rfind("unix:", 0) == 0) return daemon::parse_endpoint(text);
  constexpr std::string_view kScheme = "http://";
  if (text.rfind(kScheme, 0) != 0) {
    return fail("`" + std::string(text) + "` is no PDP's URL; it is `http://HOST:PORT` or `unix:/PATH`");
  }
  std::string_view rest = text.substr(kScheme.size());
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  return daemon::parse_endpoint(rest);
}

}  // namespace portreeve::pep

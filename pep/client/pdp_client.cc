#include "pep/client/pdp_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "pep/client/pdp_connection.h"

namespace portreeve::pep {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

class PdpClient::Pool {
 public:
  explicit Pool(std::size_t most) : most_(most) {}
  std::unique_ptr<PdpConnection> take() {
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void give(std::unique_ptr<PdpConnection> connection) {
    if (idle_.size() < most_) idle_.push_back(std::move(connection));
  }
  // When one kept connection turns out to be dead, the rest most likely died with it.
  void drop_all() { idle_.clear(); }

 private:
  const std::size_t most_;
  std::vector<std::unique_ptr<PdpConnection>> idle_;
};

PdpClient::PdpClient(asio::io_context& context, PdpOptions options)
    : context_(context), options_(std::move(options)), pool_(std::make_unique<Pool>(options_.idle_connections)) {}

PdpClient::~PdpClient() = default;

asio::awaitable<Result<PdpClient::Reply>> PdpClient::exchange(PdpConnection& connection, std::string_view request,
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

asio::awaitable<Result<PdpClient::Reply>> PdpClient::post(std::string path, std::string body) {
  std::string request = request_head(options_, "POST " + path) +
                        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body;
  co_return co_await send(std::move(request), limits::kPdpAnswerBytes);
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::get(std::string path, std::string etag) {
  std::string request = request_head(options_, "GET " + path);
  if (!etag.empty()) request += "If-None-Match: " + etag + "\r\n";
  co_return co_await send(request + "\r\n", limits::kPdpListBytes);
}

asio::awaitable<Result<PdpClient::Reply>> PdpClient::send(std::string request, std::size_t most_bytes) {
  PdpDeadline deadline(context_, options_.deadline);
  std::unique_ptr<PdpConnection> connection = pool_->take();
  bool fresh = connection == nullptr;
  while (true) {
    if (connection == nullptr) {
      auto connected = co_await connect_pdp(context_, options_.endpoint, deadline);
      if (!connected) co_return fail(connected.error());
      connection = std::move(*connected);
      fresh = true;
    }
    bool keep = false;
    deadline.wait().connection = connection.get();
    auto reply = co_await exchange(*connection, request, most_bytes, keep);
    deadline.wait().connection = nullptr;
    if (deadline.expired()) co_return fail("the PDP did not answer in time");
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

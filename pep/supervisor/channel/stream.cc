#include "pep/supervisor/channel/stream.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "engine/base/limits.h"

namespace portreeve::channel {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Frozen: docs/control-channel.md
constexpr char kTarget[] = "/v1/control";
constexpr char kProtocol[] = "portreeve-control";
constexpr char kProofField[] = "Portreeve-Proof";
constexpr std::string_view kExporterLabel = "EXPORTER-portreeve-control";
constexpr std::size_t kExporterBytes = 32;

// Of the buffer in which a client masks what it sends.
constexpr std::size_t kMaskingBytes = 64u << 10;

using Socket = asio::generic::stream_protocol::socket;
using Tls = asio::ssl::stream<Socket>;

std::string exporter_of(SSL* ssl) {
  std::string out(kExporterBytes, '\0');
  const int made = SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                              kExporterLabel.data(), kExporterLabel.size(), nullptr, 0, 0);
  return made == 1 ? out : std::string();
}

std::string peer_certificate(SSL* ssl) {
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  unsigned char* out = nullptr;
  const int size = i2d_X509(certificate, &out);
  X509_free(certificate);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

// A peer that is gone, or that no longer takes what it is sent, is noticed by the kernel.
void watch_peer(Socket& socket) {
  const int on = 1, idle = 15, every = 5, times = 3, user_timeout = 30'000;
  const int fd = socket.native_handle();
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

struct ControlStream::Wire {
  Wire(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls_context, Socket socket, Times limits)
      : context(io),
        tls(std::move(tls_context)),
        ws(std::move(socket), *tls),
        room(io, asio::steady_timer::time_point::max()),
        write_deadline(io),
        times(limits) {}

  void close_socket() {
    error_code ignored;
    beast::get_lowest_layer(ws).close(ignored);
  }
  void wake() { room.cancel(); }

  asio::io_context& context;
  const std::shared_ptr<asio::ssl::context> tls;
  websocket::stream<Tls> ws;
  beast::flat_buffer buffer;
  std::deque<std::string> queue;
  std::size_t queued = 0;
  bool writing = false;
  bool closing = false;
  bool ended = false;
  asio::steady_timer room;
  asio::steady_timer write_deadline;
  const Times times;
};

namespace {

// Closes a socket when its time is up; forgets it at the end of its own life.
class Deadline {
 public:
  Deadline(asio::io_context& context, Millis span, std::function<void()> expire)
      : shared_(std::make_shared<Shared>(Shared{std::move(expire), false})), timer_(context, span) {
    timer_.async_wait([shared = shared_](error_code error) {
      if (error || !shared->expire) return;
      shared->expired = true;
      shared->expire();
    });
  }
  ~Deadline() { shared_->expire = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool expired() const { return shared_->expired; }

 private:
  struct Shared {
    std::function<void()> expire;
    bool expired = false;
  };
  std::shared_ptr<Shared> shared_;
  asio::steady_timer timer_;
};

template <class WebSocket>
void set_up(WebSocket& ws) {
  ws.binary(true);
  ws.auto_fragment(false);
  ws.write_buffer_bytes(kMaskingBytes);
  ws.read_message_max(limits::kChannelMessageBytes);
  websocket::stream_base::timeout none;
  none.handshake_timeout = websocket::stream_base::none();
  none.idle_timeout = websocket::stream_base::none();
  none.keep_alive_pings = false;
  ws.set_option(none);  // deadlines are ours
}

http::response<http::string_body> refusal(http::status status, std::string_view why) {
  http::response<http::string_body> response{status, 11};
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(false);
  response.body() = std::string(why) + "\n";
  response.prepare_payload();
  return response;
}

using UpgradeRequest = http::request<http::string_body>;

std::string_view field_of(const UpgradeRequest& request, std::string_view name) {
  if (request.count(boost::string_view(name.data(), name.size())) != 1) return {};
  const auto value = request[boost::string_view(name.data(), name.size())];
  return {value.data(), value.size()};
}

}  // namespace

ControlStream::ControlStream(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
ControlStream::~ControlStream() = default;

asio::awaitable<Result<std::shared_ptr<ControlStream>>> ControlStream::serve(asio::io_context& context, int socket,
                                                                             std::shared_ptr<asio::ssl::context> tls,
                                                                             const SecretText& channel_key,
                                                                             std::function<Admission()> admit,
                                                                             Times times) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size);
  Socket connection(context);
  error_code error;
  connection.assign(asio::generic::stream_protocol(name.ss_family, 0), socket, error);
  if (error) {
    close(socket);
    co_return fail("the socket cannot be served: " + error.message());
  }
  watch_peer(connection);
  auto wire = std::make_unique<Wire>(context, std::move(tls), std::move(connection), times);
  Deadline deadline(context, times.handshake, [w = wire.get()] { w->close_socket(); });

  auto [shaken] = co_await wire->ws.next_layer().async_handshake(asio::ssl::stream_base::server, kAwait);
  if (shaken) co_return fail("no TLS handshake: " + shaken.message());
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::kHttpHeadBytes));
  parser.body_limit(0);
  auto [unread, read] = co_await http::async_read(wire->ws.next_layer(), wire->buffer, parser, kAwait);
  if (unread) co_return fail("no upgrade request: " + unread.message());
  const UpgradeRequest request = parser.release();

  std::optional<http::response<http::string_body>> refused;
  const std::string exporter = exporter_of(wire->ws.next_layer().native_handle());
  if (exporter.empty() || !check_proof(channel_key, Side::controller, exporter, field_of(request, kProofField))) {
    refused = refusal(http::status::unauthorized, "the channel's key is not proved");
  } else if (request.target() != kTarget || !websocket::is_upgrade(request) ||
             field_of(request, "Sec-WebSocket-Protocol") != kProtocol) {
    refused = refusal(http::status::bad_request, "this is no control channel's upgrade");
  } else if (const Admission admission = admit(); admission != Admission::admitted) {
    refused = admission == Admission::busy ? refusal(http::status::conflict, "another controller is connected")
                                           : refusal(http::status::service_unavailable, "the supervisor stops");
  }
  if (refused) {
    co_await http::async_write(wire->ws.next_layer(), *refused, kAwait);
    co_await wire->ws.next_layer().async_shutdown(kAwait);
    co_return fail("refused with " + std::to_string(refused->result_int()));
  }
  set_up(wire->ws);
  wire->ws.set_option(websocket::stream_base::decorator([&](websocket::response_type& response) {
    response.set(http::field::sec_websocket_protocol, kProtocol);
    response.set(kProofField, prove(channel_key, Side::supervisor, exporter));
  }));
  auto [unaccepted] = co_await wire->ws.async_accept(request, kAwait);
  if (unaccepted) co_return fail("the upgrade fails: " + unaccepted.message());
  co_return std::shared_ptr<ControlStream>(new ControlStream(std::move(wire)));
}

asio::awaitable<Result<std::shared_ptr<ControlStream>>> ControlStream::connect(asio::io_context& context,
                                                                               std::string host, std::uint16_t port,
                                                                               const ChannelDocument& channel,
                                                                               Times times) {
  asio::ip::tcp::resolver resolver(context);
  Socket connection(context);
  std::string last = "no address";
  {
    Deadline deadline(context, times.handshake, [&] {
      error_code ignored;
      resolver.cancel();
      connection.close(ignored);
    });
    auto [unresolved, found] = co_await resolver.async_resolve(host, std::to_string(port), kAwait);
    if (unresolved) co_return fail("`" + host + "` cannot be resolved: " + unresolved.message());
    for (const auto& entry : found) {
      const asio::generic::stream_protocol::endpoint endpoint(entry.endpoint());
      error_code error;
      connection.close(error);
      connection.open(endpoint.protocol(), error);
      if (error) co_return fail("no socket: " + error.message());
      const auto [refused] = co_await connection.async_connect(endpoint, kAwait);
      if (!refused) {
        last.clear();
        break;
      }
      last = deadline.expired() ? "no answer in time" : refused.message();
      if (deadline.expired()) break;
    }
  }
  if (!last.empty()) co_return fail("the supervisor cannot be reached: " + last);
  watch_peer(connection);
  auto wire = std::make_unique<Wire>(context, client_context(), std::move(connection), times);
  Deadline deadline(context, times.handshake, [w = wire.get()] { w->close_socket(); });
  auto [shaken] = co_await wire->ws.next_layer().async_handshake(asio::ssl::stream_base::client, kAwait);
  if (shaken) co_return fail("no TLS handshake with the supervisor: " + shaken.message());
  SSL* ssl = wire->ws.next_layer().native_handle();
  if (fingerprint(peer_certificate(ssl)) != channel.certificate_sha256) {
    co_return fail("who answers there is not this channel's supervisor: its certificate is another");
  }
  const std::string exporter = exporter_of(ssl);
  set_up(wire->ws);
  wire->ws.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    request.set(http::field::sec_websocket_protocol, kProtocol);
    request.set(kProofField, prove(channel.channel_key, Side::controller, exporter));
  }));
  websocket::response_type response;
  auto [refused] = co_await wire->ws.async_handshake(response, "supervisor", kTarget, kAwait);
  if (refused) {
    const std::string body = response.result_int() >= 400 && !response.body().empty() ? response.body() : "";
    switch (response.result_int()) {
      case 401:
        co_return fail("the supervisor refuses: the channel's key is another");
      case 409:
        co_return fail("the supervisor refuses: another controller is connected");
      case 503:
        co_return fail("the supervisor refuses: it stops");
      default:
        co_return fail("no control channel: " + refused.message());
    }
  }
  const auto proof = response[kProofField];
  if (!check_proof(channel.channel_key, Side::supervisor, exporter, {proof.data(), proof.size()})) {
    co_return fail("who answers there is not this channel's supervisor: it does not prove the channel's key");
  }
  co_return std::shared_ptr<ControlStream>(new ControlStream(std::move(wire)));
}

asio::awaitable<Result<std::string>> ControlStream::read() {
  const auto self = shared_from_this();
  wire_->buffer.consume(wire_->buffer.size());
  auto [error, size] = co_await wire_->ws.async_read(wire_->buffer, kAwait);
  if (error || wire_->ended) {
    cut();
    co_return fail(error == websocket::error::closed ? "closed by the peer" : error.message());
  }
  if (!wire_->ws.got_binary()) {
    cut();
    co_return fail("a text message, where all are binary");
  }
  const auto bytes = wire_->buffer.data();
  co_return std::string(static_cast<const char*>(bytes.data()), bytes.size());
}

void ControlStream::send(std::string message) {
  if (wire_->ended || wire_->closing) return;
  wire_->queued += message.size();
  wire_->queue.push_back(std::move(message));
  if (wire_->writing) return;
  wire_->writing = true;
  asio::co_spawn(
      wire_->context, [self = shared_from_this()] { return self->write_queue(); }, asio::detached);
}

asio::awaitable<void> ControlStream::write_queue() {
  while (!wire_->queue.empty() && !wire_->ended) {
    const std::string message = std::move(wire_->queue.front());
    wire_->queue.pop_front();
    {
      Deadline deadline(wire_->context, wire_->times.write, [w = wire_.get()] { w->close_socket(); });
      const auto [error, written] = co_await wire_->ws.async_write(asio::buffer(message), kAwait);
      if (error) cut();
    }
    wire_->queued -= std::min(wire_->queued, message.size());
    wire_->wake();
  }
  wire_->writing = false;
  if (wire_->closing && !wire_->ended) {
    {
      Deadline deadline(wire_->context, wire_->times.handshake, [w = wire_.get()] { w->close_socket(); });
      co_await wire_->ws.async_close(websocket::close_code::normal, kAwait);
    }
    cut();
  }
}

std::size_t ControlStream::queued_bytes() const { return wire_->queued; }

asio::awaitable<void> ControlStream::wait_until_below(std::size_t bytes) {
  const auto self = shared_from_this();
  while (wire_->queued >= bytes && !wire_->ended) co_await wire_->room.async_wait(kAwait);
}

void ControlStream::close_in_order() {
  if (wire_->ended || wire_->closing) return;
  wire_->closing = true;
  if (wire_->writing) return;
  wire_->writing = true;
  asio::co_spawn(
      wire_->context, [self = shared_from_this()] { return self->write_queue(); }, asio::detached);
}

void ControlStream::cut() {
  if (wire_->ended) return;
  wire_->ended = true;
  wire_->close_socket();
  wire_->queue.clear();
  wire_->queued = 0;
  wire_->wake();
}

bool ControlStream::ended() const { return wire_->ended; }

}  // namespace portreeve::channel

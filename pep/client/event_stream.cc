#include "pep/client/event_stream.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/client/pdp_connection.h"
#include "pep/client/pdp_event.h"
#include "pep/client/sse_reader.h"

namespace portreeve::pep {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16u << 10;
constexpr std::string_view kMediaType = "text/event-stream";

bool is_event_stream(std::string_view content_type) {
  return equal_ignoring_ascii_case(content_type.substr(0, content_type.find(';')), kMediaType);
}

}  // namespace

// What the coroutine works on; it may outlive the stream, and then only finds that it is to stop.
struct EventStream::Line : std::enable_shared_from_this<EventStream::Line> {
  using Parser = http::response_parser<http::buffer_body>;

  Line(asio::io_context& its_context, EventStreamOptions its_options, SessionWatch& its_watch)
      : context(its_context), options(std::move(its_options)), watch(its_watch), pause(its_context) {}

  static asio::awaitable<void> run(std::shared_ptr<Line> self) {
    while (!self->stopped) {
      const std::string lost = co_await self->listen();
      if (self->stopped) co_return;
      self->tell(lost);
      if (self->stopped) co_return;
      self->pause.expires_after(self->next_pause());
      co_await self->pause.async_wait(kAwait);
    }
  }

  void stop() {
    stopped = true;
    if (wait) wait->end();
    pause.cancel();
  }

  // Why the connection is over.
  asio::awaitable<std::string> listen() {
    PdpDeadline deadline(context, options.stalled);
    wait = deadline.shared_wait();
    auto connected = co_await connect_pdp(context, options.pdp.endpoint, deadline);
    if (!connected) co_return connected.error().message;
    if (stopped) co_return "";
    PdpConnection& connection = **connected;
    deadline.wait().connection = &connection;
    std::string why = co_await read(connection, deadline);
    deadline.wait().connection = nullptr;
    co_return deadline.expired() ? "nothing is heard on the event stream" : why;
  }

  asio::awaitable<std::string> read(PdpConnection& connection, PdpDeadline& deadline) {
    std::string request = request_head(options.pdp, "GET /v1/events");
    request += "Accept: text/event-stream\r\n";
    if (last_id) request += "Last-Event-ID: " + std::to_string(*last_id) + "\r\n";
    request += "\r\n";
    const auto [write_error, written] = co_await asio::async_write(connection.socket, asio::buffer(request), kAwait);
    if (write_error) co_return "the PDP does not take the request: " + write_error.message();

    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits::kHttpHeadBytes));
    parser.body_limit(boost::none);
    const auto [head_error, head_bytes] =
        co_await http::async_read_header(connection.socket, connection.buffer, parser, kAwait);
    if (head_error) co_return "the PDP does not answer: " + head_error.message();
    if (parser.get().result_int() != 200) {
      co_return "the PDP refuses the event stream with " + std::to_string(parser.get().result_int());
    }
    const auto type = parser.get()[http::field::content_type];
    if (!is_event_stream({type.data(), type.size()}))
      co_return "the PDP answers with something that is no event stream";
    co_return co_await read_events(connection, parser, deadline);
  }

  asio::awaitable<std::string> read_events(PdpConnection& connection, Parser& parser, PdpDeadline& deadline) {
    SseReader reader;
    std::array<char, kReadBytes> chunk;
    bool greeted = false;
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = chunk.data();
      body.size = chunk.size();
      auto [error, got] = co_await http::async_read_some(connection.socket, connection.buffer, parser, kAwait);
      if (error && error != http::error::need_buffer) co_return "the event stream broke off: " + error.message();
      if (stopped) co_return "";
      std::vector<SseEvent> events;
      const Status fed = reader.feed({chunk.data(), chunk.size() - body.size}, events);
      for (const SseEvent& one : events) {
        const auto event = read_event(one);
        if (!event) co_return event.error().message;
        if (!greeted && !std::holds_alternative<Hello>(*event))
          co_return "the event stream does not begin with a hello";
        greeted = true;
        if (!std::holds_alternative<UnknownEvent>(*event)) deadline.restart(options.stalled);
        std::visit([this](const auto& what) { take(what); }, *event);
        if (stopped) co_return "";
        if (one.id) last_id = one.id;
      }
      if (!fed) co_return fed.error().message;
    }
    co_return "the PDP ended the event stream";
  }

  void take(const Hello& hello) {
    if (!last_id) last_id = hello.event;
    failures = 0;
    watch.hear();
    tell("");
    if (!stopped && options.on_revision) options.on_revision(hello.revision);
  }
  void take(const Revocation& revocation) { watch.hear(revocation); }
  void take(const Activation& activation) {
    watch.hear_change();
    if (options.on_revision) options.on_revision(activation.revision);
  }
  void take(const RoleChange&) { watch.hear_change(); }
  void take(const Heartbeat&) { watch.hear(); }
  // Should the connection break off within what follows, all of it is asked for again.
  void take(const Reset&) {
    last_id = 0;
    watch.hear_change();
  }
  void take(const UnknownEvent&) {}

  void tell(const std::string& lost_because) {
    const bool now_up = lost_because.empty();
    if (up == now_up) return;
    up = now_up;
    if (options.on_change) options.on_change(lost_because);
  }

  // Doubling, and by dice between half and the whole, so that many gates do not come back in one moment.
  Millis next_pause() {
    constexpr int kMostDoublings = 16;
    const Millis whole =
        std::min(options.first_pause * (1 << std::min(failures, kMostDoublings)), options.longest_pause);
    ++failures;
    std::uniform_int_distribution<Millis::rep> between(whole.count() / 2, whole.count());
    return Millis(between(dice));
  }

  asio::io_context& context;
  EventStreamOptions options;
  SessionWatch& watch;
  asio::steady_timer pause;
  std::shared_ptr<PdpDeadline::Wait> wait;
  std::optional<std::int64_t> last_id;
  std::optional<bool> up;
  int failures = 0;
  std::minstd_rand dice{std::random_device{}()};
  bool stopped = false;
};

EventStream::EventStream(asio::io_context& context, EventStreamOptions options, SessionWatch& watch)
    : line_(std::make_shared<Line>(context, std::move(options), watch)) {
  asio::co_spawn(context, Line::run(line_), asio::detached);
}

EventStream::~EventStream() { line_->stop(); }

void EventStream::renew(std::string credential) { line_->options.pdp.credential = std::move(credential); }

}  // namespace portreeve::pep

#include "pep/broker/exchange.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/broker/answer_pass.h"
#include "pep/broker/lifeline.h"
#include "pep/broker/upstream_request.h"
#include "pep/http/body.h"
#include "pep/net/linger.h"
#include "pep/usage/usage_api.h"

namespace portreeve::pep {

namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16u << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

int status_of(wire::Reason reason) {
  if (reason == wire::Reason::bad_request) return 400;
  if (reason == wire::Reason::connect_timeout || reason == wire::Reason::limit_idle ||
      reason == wire::Reason::limit_total) {
    return 504;
  }
  if (reason == wire::Reason::pdp_unavailable || reason == wire::Reason::audit_unavailable ||
      reason == wire::Reason::secret_unavailable) {
    return 503;
  }
  const bool network = reason == wire::Reason::resolve_error || reason == wire::Reason::connect_refused ||
                       reason == wire::Reason::upstream_untrusted || reason == wire::Reason::bad_answer;
  return network ? 502 : 403;
}

bool is_encoded(const ResponseHead& head) {
  const std::string* encoding = head.find("content-encoding");
  return encoding != nullptr && !encoding->empty() && !equal_ignoring_ascii_case(*encoding, "identity");
}

std::string host_text(const net::EndpointHost& host) {
  if (const auto* address = std::get_if<net::IpAddress>(&host)) return address->to_string();
  return std::get<net::HostName>(host).str();
}

}  // namespace

// One exchange. Lives in the coroutine that runs it.
class Exchange {
 public:
  Exchange(BrokerLane& lane, ClientConnection& client, AllowedCall call, Registration& registration)
      : lane_(lane),
        client_(client),
        call_(std::move(call)),
        registration_(registration),
        line_(std::make_shared<Lifeline>(client.socket.get_executor(), lane.gate.options.times.idle,
                                         lane.gate.options.times.total)) {
    api_ = usage_api_of(to_text(call_.route->api), call_.upstream.path + call_.path);
    outcome_.decision = call_.answer.id;
    outcome_.host = host_text(call_.upstream.origin.host);
    outcome_.port = call_.upstream.origin.port;
    outcome_.session = call_.session;
    outcome_.source = client.source;
    lane_.exchanges.insert(line_.get());
  }
  ~Exchange() {
    lane_.exchanges.erase(line_.get());
    line_->release();
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  asio::awaitable<std::variant<AfterExchange, BrokerDenial>> run() {
    registration_.on_cut([line = line_](CutCause cause) { line->cut(reason_of(cause)); });
    if (auto reason = co_await open()) co_return leave_refused(*reason, "failed");
    auto intent = co_await lane_.gate.usage.begin(event());
    if (!intent) {
      lane_.gate.log.error("usage cannot be spooled", {{"error", intent.error().message}});
      co_return leave_refused(wire::Reason::audit_unavailable, "refused");
    }
    usage_ = std::move(*intent);
    // The last look before anything is sent.
    if (const auto objection = registration_.objection()) {
      complete(wire::UsageOutcome::revoked, wire::UsageCertainty::reported);
      co_return leave_refused(reason_of(*objection), "refused");
    }
    line_->watch_upstream(upstream_->stream.next_layer());
    line_->start();
    using namespace asio::experimental::awaitable_operators;
    if (!co_await send_head()) {
      complete(wire::UsageOutcome::failed, wire::UsageCertainty::unknown);
      co_return leave_refused(fault_.value_or(wire::Reason::bad_answer), "failed");
    }
    if (streams_body()) {
      co_await (pump_body() && receive());
    } else {
      co_await receive();
    }
    auto left = leave();
    // What a client is still sending must not make its system throw the answer away.
    const auto* after = std::get_if<AfterExchange>(&left);
    if (whole_ && after != nullptr && *after == AfterExchange::close) {
      co_await linger(client_.socket, lane_.gate.options.times.linger);
    }
    co_return left;
  }

 private:
  bool streams_body() const { return !call_.model && call_.head.framing != Framing::none; }

  wire::UsageEvent event() const {
    wire::UsageEvent event;
    event.time = lane_.gate.clock.now();
    event.gate = lane_.gate.options.name;
    event.decision = call_.answer.id;
    event.session = call_.session;
    if (call_.answer.session) {
      event.subject = call_.answer.session->subject;
      event.tenant = call_.answer.session->tenant.value_or("");
    }
    event.secret = call_.route->secret;
    event.api = api_;
    event.provider = provider_of(outcome_.host);
    if (call_.model) {
      event.model = call_.model->model;
      event.stream = call_.model->stream;
    }
    return event;
  }

  // Nothing where there is a connection.
  asio::awaitable<std::optional<wire::Reason>> open() {
    auto connected = co_await lane_.upstreams.connect(call_.upstream.origin);
    if (auto* failure = std::get_if<UpstreamFailure>(&connected)) {
      lane_.gate.log.warning(
          "the upstream cannot be reached",
          {{"secret", call_.route->secret}, {"reason", wire::code(failure->reason)}, {"detail", failure->detail}});
      co_return failure->reason;
    }
    upstream_ = std::move(std::get<std::unique_ptr<UpstreamConnection>>(connected));
    outcome_.address = upstream_->address;
    co_return std::nullopt;
  }

  // Head, and a body that is here whole; one write where both are small.
  asio::awaitable<bool> send_head() {
    auto buffer = lane_.buffers.take();
    if (!buffer) {
      lane_.gate.log.error("no memory for a credential", {{"error", buffer.error().message}});
      fault_ = wire::Reason::secret_unavailable;
      co_return false;
    }
    UpstreamBody framing{call_.head.framing, static_cast<std::size_t>(call_.head.content_length)};
    if (call_.model) framing = {Framing::length, call_.body.size()};
    const auto head = write_upstream_head(buffer->writable(), call_, framing);
    if (!head) {
      lane_.buffers.give_back(std::move(*buffer), buffer->size());
      fault_ = wire::Reason::bad_request;
      co_return false;
    }
    std::size_t used = *head;
    std::string_view rest = call_.body;
    if (rest.size() <= buffer->size() - used) {
      std::memcpy(buffer->writable().data() + used, rest.data(), rest.size());
      used += rest.size();
      rest = {};
    }
    const auto [error, written] =
        co_await asio::async_write(upstream_->stream, asio::buffer(buffer->writable().data(), used), kAwait);
    lane_.buffers.give_back(std::move(*buffer), used);
    if (error) co_return false;
    line_->touch();
    outcome_.bytes_out = static_cast<std::int64_t>(call_.body.size());
    if (!rest.empty()) {
      const auto [body_error, body_written] =
          co_await asio::async_write(upstream_->stream, asio::buffer(rest.data(), rest.size()), kAwait);
      line_->touch();
      // What the upstream says before it stops listening may still be read.
      static_cast<void>(body_written);
      request_whole_ = !body_error;
    } else {
      request_whole_ = !streams_body();
    }
    co_return true;
  }

  // The request's body as the client sends it.
  asio::awaitable<void> pump_body() {
    if (call_.head.find("expect") != nullptr && !co_await client_.write(kContinue)) co_return stop_pump(true);
    BodyReader body(call_.head.framing, call_.head.content_length);
    std::string out;
    while (!done_) {
      std::string_view rest = client_.unread;
      out.clear();
      while (true) {
        const std::string_view piece = body.next(rest);
        if (piece.empty()) break;
        outcome_.bytes_out += static_cast<std::int64_t>(piece.size());
        if (call_.head.framing == Framing::chunked) {
          append_chunk(out, piece);
        } else {
          out += piece;
        }
      }
      client_.unread.erase(0, client_.unread.size() - rest.size());
      if (body.failed()) {
        line_->cut(wire::Reason::bad_request);
        co_return;
      }
      if (body.complete() && call_.head.framing == Framing::chunked) out += kLastChunk;
      if (!out.empty()) {
        const auto [error, written] = co_await asio::async_write(upstream_->stream, asio::buffer(out), kAwait);
        if (error) co_return;  // what it says before it stops listening may still be read
        line_->touch();
      }
      if (body.complete()) {
        request_whole_ = true;
        co_return;
      }
      if (done_) co_return;
      if (!co_await client_.read_more(lane_.gate.options.times.body)) co_return stop_pump(!done_);
      line_->touch();
    }
  }
  void stop_pump(bool client_gone) {
    if (!client_gone) return;
    client_gone_ = true;
    line_->cut(wire::Reason::bad_request);
  }

  asio::awaitable<void> receive() {
    co_await receive_answer();
    done_ = true;
    if (!streams_body() || request_whole_) co_return;
    // The upstream said all it has to say before it had the whole request: whoever carries that waits for nothing more.
    boost::system::error_code ignored;
    client_.socket.cancel(ignored);
    upstream_->stream.next_layer().close(ignored);
  }

  asio::awaitable<void> receive_answer() {
    upstream_->buffer.resize(kReadBytes);
    std::string_view rest;
    const auto head = co_await read_answer_head(rest);
    if (!head) co_return;
    if (head->framing != Framing::none && is_encoded(*head)) {
      fault_ = wire::Reason::bad_answer;
      co_return;
    }
    status_ = head->status;
    const std::string* type = head->find("content-type");
    const AnswerHead about{api_, head->status, type == nullptr ? std::string_view() : std::string_view(*type),
                           call_.body.size()};
    AnswerPass pass(*head, about,
                    {call_.credential->needles(), drops_usage_chunk(), call_.head.minor_version, call_.answer.id});
    const bool keep = call_.head.keep_alive && (!streams_body() || request_whole_);
    keep_client_ = keep && !pass.ends_with_connection();
    std::string out = pass.head(keep);
    line_->watch_client(client_.socket);
    answering_ = true;
    co_await pass_on(pass, rest, std::move(out));
    outcome_.bytes_in = pass.body_bytes();
    reading_ = pass.usage().finish();
    last_word_ = pass.complete() || pass.usage().complete();
    whole_ = pass.complete();
    keep_upstream_ = whole_ && head->keep_alive && request_whole_ && rest.empty();
  }

  // The body, as it comes; each read is one write.
  asio::awaitable<void> pass_on(AnswerPass& pass, std::string_view& rest, std::string out) {
    std::int64_t read_on = 0;
    while (true) {
      pass.feed(rest, out);
      if (!out.empty() && !client_gone_ && !co_await client_.write(out)) {
        client_gone_ = true;
        line_->shorten(lane_.gate.options.times.read_on);
      }
      out.clear();
      if (pass.complete() || pass.failed() || line_->reason() || line_->stopped()) co_return;
      if (client_gone_ && (api_ == wire::UsageApi::none || pass.usage().complete() ||
                           read_on > static_cast<std::int64_t>(limits::kReadOnBytes))) {
        co_return;
      }
      const auto [error, got] = co_await upstream_->stream.async_read_some(asio::buffer(upstream_->buffer), kAwait);
      line_->touch();
      if (client_gone_) read_on += static_cast<std::int64_t>(got);
      rest = std::string_view(upstream_->buffer.data(), got);
      if (!error) continue;
      // An end without TLS's own is a truncation, whatever the framing says.
      if (error == asio::error::eof && pass.end(out) && !client_gone_) co_await client_.write(out);
      co_return;
    }
  }

  // Nothing where no head came that can be passed on.
  asio::awaitable<std::optional<ResponseHead>> read_answer_head(std::string_view& rest) {
    const AskedMethod asked = call_.head.method == "HEAD" ? AskedMethod::head : AskedMethod::other;
    for (std::size_t interim = 0; interim <= limits::kInterimAnswers; ++interim) {
      ResponseHeadParser parser(asked);
      while (true) {
        std::size_t consumed = 0;
        parser.feed(rest, consumed);
        rest.remove_prefix(consumed);
        if (parser.state() != ResponseHeadParser::State::need_more) break;
        const auto [error, got] = co_await upstream_->stream.async_read_some(asio::buffer(upstream_->buffer), kAwait);
        line_->touch();
        if (error) {
          fault_ = wire::Reason::bad_answer;
          detail_ = "the upstream ended the connection without an answer";
          co_return std::nullopt;
        }
        rest = std::string_view(upstream_->buffer.data(), got);
      }
      if (parser.state() == ResponseHeadParser::State::failed) {
        fault_ = wire::Reason::bad_answer;
        detail_ = parser.error();
        co_return std::nullopt;
      }
      if (!parser.head().is_interim()) co_return parser.head();
    }
    fault_ = wire::Reason::bad_answer;
    co_return std::nullopt;
  }

  bool drops_usage_chunk() const {
    return api_ == wire::UsageApi::openai_chat && call_.model && call_.model->stream &&
           call_.model->include_usage != ModelRequest::IncludeUsage::yes;
  }

  // Refused, or failed, before anything was sent upstream.
  BrokerDenial leave_refused(wire::Reason reason, std::string_view result) {
    const wire::Reason why = line_->reason().value_or(reason);
    report(result, why);
    return denial(why);
  }

  BrokerDenial denial(wire::Reason reason) {
    BrokerDenial made = broker_denial(reason, status_of(reason), detail_);
    made.decision = call_.answer.id;
    made.secret = call_.route->secret;
    return made;
  }

  std::variant<AfterExchange, BrokerDenial> leave() {
    const auto cut = line_->reason();
    complete(usage_outcome(), certainty());
    if (!answering_) {
      const wire::Reason reason = cut.value_or(fault_.value_or(wire::Reason::bad_answer));
      if (cut) detail_.clear();  // what the cut did to the upstream is not its fault
      report("failed", reason);
      if (client_gone_ || line_->stopped()) return AfterExchange::close;
      return denial(reason);
    }
    const bool ended = whole_ || client_gone_ || line_->stopped();
    report(cut || ended ? "closed" : "failed", cut || ended ? cut : std::optional(wire::Reason::bad_answer));
    if (keep_upstream_ && !cut) {
      line_->release();
      lane_.upstreams.give_back(call_.upstream.origin, std::move(upstream_));
    }
    return whole_ && keep_client_ && !client_gone_ && !cut ? AfterExchange::keep : AfterExchange::close;
  }

  wire::UsageOutcome usage_outcome() const {
    const auto cut = line_->reason();
    if (cut == wire::Reason::revoked || cut == wire::Reason::pdp_unavailable) return wire::UsageOutcome::revoked;
    if (client_gone_) return wire::UsageOutcome::client_gone;
    if (!whole_) return wire::UsageOutcome::failed;
    return status_ >= 400 ? wire::UsageOutcome::upstream_error : wire::UsageOutcome::completed;
  }

  // A cut answer is never the provider's last word.
  wire::UsageCertainty certainty() const {
    if (!reading_) return wire::UsageCertainty::unknown;
    if (last_word_ || reading_->certainty != wire::UsageCertainty::reported) return reading_->certainty;
    return wire::UsageCertainty::estimated;
  }

  void complete(wire::UsageOutcome outcome, wire::UsageCertainty certainty) {
    wire::UsageEvent completion = usage_.intent();
    completion.kind = wire::UsageKind::completion;
    completion.status = status_;
    completion.outcome = outcome;
    completion.certainty = certainty;
    completion.duration_millis = duration().count();
    if (reading_) {
      completion.counters = reading_->counters;
      completion.answered_model = reading_->model;
      completion.response_id = reading_->response_id;
      completion.service_tier = reading_->service_tier;
    }
    usage_.complete(completion);
  }

  Millis duration() const { return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_); }

  void report(std::string_view result, std::optional<wire::Reason> reason) {
    outcome_.time = lane_.gate.clock.now();
    outcome_.result = result;
    outcome_.reason = reason;
    outcome_.duration = duration();
    lane_.gate.outcomes.add(outcome_);
    lane_.gate.log.debug("exchange", {{"result", result},
                                      {"reason", reason ? wire::code(*reason) : std::string_view()},
                                      {"secret", call_.route->secret},
                                      {"decision", outcome_.decision},
                                      {"status", status_},
                                      {"bytes_in", outcome_.bytes_in},
                                      {"bytes_out", outcome_.bytes_out}});
  }

  BrokerLane& lane_;
  ClientConnection& client_;
  AllowedCall call_;
  Registration& registration_;
  const std::shared_ptr<Lifeline> line_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  wire::UsageApi api_ = wire::UsageApi::none;
  Outcome outcome_;
  UsageSpool::Call usage_;
  std::unique_ptr<UpstreamConnection> upstream_;

  bool request_whole_ = false;  // nothing more of the request to be sent
  bool done_ = false;           // nothing more of the answer to be read
  bool answering_ = false;      // the client has begun to get the answer
  bool whole_ = false;
  bool last_word_ = false;  // nothing could follow that changes the usage
  bool client_gone_ = false;
  bool keep_client_ = false;
  bool keep_upstream_ = false;
  int status_ = 0;
  std::optional<wire::Reason> fault_;
  std::string detail_;
  std::optional<UsageReading> reading_;
};

asio::awaitable<std::variant<AfterExchange, BrokerDenial>> exchange(BrokerLane& lane, ClientConnection& client,
                                                                    AllowedCall call, Registration& registration) {
  Exchange running(lane, client, std::move(call), registration);
  co_return co_await running.run();
}

}  // namespace portreeve::pep

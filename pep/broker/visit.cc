#include "pep/broker/visit.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/text.h"
#include "pep/broker/client_connection.h"
#include "pep/broker/denial.h"
#include "pep/broker/exchange.h"
#include "pep/broker/judge.h"
#include "pep/broker/model_request.h"
#include "pep/broker/request_body.h"
#include "pep/broker/request_target.h"
#include "pep/broker/session_token.h"
#include "pep/net/asio_address.h"
#include "pep/net/linger.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What a head may ask for besides its target and token (SEMANTICS §12).
std::optional<HeadError> check_head(const RequestHead& head) {
  if (head.method == "TRACE" || head.method == "CONNECT") {
    return HeadError{HeadFault::request_line, 501, "the broker serves no " + head.method};
  }
  if (!wire::is_http_method(head.method)) {
    return HeadError{HeadFault::request_line, 400, "an HTTP method is in upper case"};
  }
  if (head.find("upgrade") != nullptr) {
    return HeadError{HeadFault::field, 501, "the broker upgrades to no other protocol"};
  }
  const std::string* expect = head.find("expect");
  if (expect != nullptr && (!equal_ignoring_ascii_case(*expect, "100-continue") || head.minor_version == 0)) {
    return HeadError{HeadFault::field, 417, "the broker expects nothing but `100-continue`"};
  }
  return std::nullopt;
}

bool has_body(const RequestHead& head) {
  return head.framing == Framing::chunked || (head.framing == Framing::length && head.content_length > 0);
}

bool must_have_body(const RequestHead& head) {
  return head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
}

class Visit {
 public:
  Visit(BrokerLane& lane, tcp::socket& client, net::IpAddress source) : lane_(lane), client_{client, source, {}} {}

  asio::awaitable<void> run() {
    const BrokerTimes& times = lane_.gate.options.times;
    for (Millis first_byte = times.head;; first_byte = times.kept) {
      HeadParser parser;
      if (!co_await client_.read_head(parser, first_byte, times.head)) co_return;
      if (parser.state() == HeadParser::State::failed) {
        co_await refuse(malformed(parser.error(), ""), AfterDenial::close);
        co_return;
      }
      const RequestHead& head = parser.head();
      auto result = co_await handle(head);
      if (auto* denial = std::get_if<BrokerDenial>(&result)) {
        // A body that was not read stands between this request and the next; what cannot be understood ends it all.
        const bool understood = denial->reason != wire::code(wire::Reason::bad_request);
        const bool keep = head.keep_alive && understood && (body_read_ || !has_body(head));
        co_await refuse(std::move(*denial), keep ? AfterDenial::keep : AfterDenial::close, head.method != "HEAD");
        if (!keep) co_return;
      } else if (std::get<AfterExchange>(result) == AfterExchange::close) {
        co_return;
      }
    }
  }

 private:
  using Handled = std::variant<AfterExchange, BrokerDenial>;

  asio::awaitable<Handled> handle(const RequestHead& head) {
    body_read_ = false;
    if (auto error = check_head(head)) co_return malformed(*error, "");
    auto token = read_session_token(head);
    if (const auto* error = std::get_if<HeadError>(&token)) co_return malformed(*error, "");
    if (std::holds_alternative<MissingToken>(token)) {
      co_return refuse_undecided(lane_.gate, wire::Reason::token_missing, 401, "", client_.source);
    }
    AllowedCall call;
    call.head = head;
    call.token = std::move(std::get<std::string>(token));
    call.session = session_of(call.token);
    auto target = read_target(head.target, call.token);
    if (!target) {
      co_return malformed(HeadError{HeadFault::target, 400, target.error().message}, call.session);
    }
    call.table = lane_.gate.routes.current();
    if (call.table == nullptr || !lane_.watch.may_start()) {
      co_return undecided(wire::Reason::pdp_unavailable, 503, call);
    }
    call.route = call.table->find(target->path);
    if (call.route == nullptr) co_return undecided(wire::Reason::unknown_secret, 403, call, "no secret has this route");
    call.path = path_below(target->path, call.route->prefix);
    call.query = std::move(target->query);
    call.upstream = call.route->upstreams.front();
    // What becomes of it could not be recorded, so nothing is begun.
    if (!lane_.gate.outcomes.has_room() || !lane_.gate.usage.has_room()) {
      co_return undecided(wire::Reason::audit_unavailable, 503, call);
    }
    BodyRoom room(lane_.gate.body_bytes, lane_.gate.options.body_bytes);
    if (call.route->api != ModelApi::none) {
      if (auto denial = co_await read_model(call, room)) co_return std::move(*denial);
    }
    co_return co_await pass(std::move(call));
  }

  // The body of a model API's request, and what it asks for.
  asio::awaitable<std::optional<BrokerDenial>> read_model(AllowedCall& call, BodyRoom& room) {
    if (!has_body(call.head)) {
      if (!must_have_body(call.head)) co_return std::nullopt;
      co_return malformed(HeadError{HeadFault::body, 400, "a model API's request has a JSON body"}, call.session);
    }
    if (call.head.find("content-encoding") != nullptr) {
      co_return malformed(HeadError{HeadFault::body, 415, "a model API's request has no Content-Encoding"},
                          call.session);
    }
    auto body = co_await read_whole_body(client_, call.head, room, lane_.gate.options.times.body);
    if (const auto* fault = std::get_if<BodyFault>(&body)) co_return no_body(*fault, call);
    body_read_ = true;
    call.body = std::move(std::get<std::string>(body));
    auto model = read_model_request(call.body);
    if (!model) {
      co_return malformed(HeadError{HeadFault::body, 400, model.error().message}, call.session);
    }
    call.model = std::move(*model);
    co_return std::nullopt;
  }

  BrokerDenial no_body(BodyFault fault, const AllowedCall& call) {
    switch (fault) {
      case BodyFault::too_large:
        return undecided(wire::Reason::limit_bytes, 413, call, "a model API's request has at most 32 MiB");
      case BodyFault::no_room:
        return undecided(wire::Reason::limit_bytes, 503, call, "too much is being sent at once");
      case BodyFault::gone:
        return undecided(wire::Reason::bad_request, 408, call, "the body did not come whole");
      case BodyFault::malformed:
        break;
    }
    return malformed(HeadError{HeadFault::framing, 400, "the body's chunks cannot be read"}, call.session);
  }

  // From the question on. Registered before it is asked.
  asio::awaitable<Handled> pass(AllowedCall call) {
    Registration registration = lane_.watch.enter([](CutCause) {});
    SecretAsk ask;
    ask.asker = {call.token, call.session, client_.source};
    ask.secret = call.route->secret;
    ask.upstream = call.upstream.to_string();
    ask.method = call.head.method;
    ask.path = call.path;
    if (call.model) ask.model = call.model->model;
    auto judged = co_await judge_spending(lane_, std::move(ask));
    if (auto* denial = std::get_if<BrokerDenial>(&judged)) {
      denial->secret = call.route->secret;
      co_return std::move(*denial);
    }
    call.answer = std::move(std::get<Answer>(judged));
    const auto& session = call.answer.session;
    if (!session || !registration.bind(session->id, call.answer.event)) {
      co_return gate_refuses(call, wire::Reason::revoked, 403);
    }
    call.session = session->id;
    if (const auto objection = registration.objection()) {
      const wire::Reason reason = reason_of(*objection);
      co_return gate_refuses(call, reason, reason == wire::Reason::revoked ? 403 : 503);
    }
    if (auto denial = over_rate(call)) co_return std::move(*denial);
    auto credential = lane_.gate.credentials.find(*call.route);
    if (!credential) {
      lane_.gate.log.error("a secret cannot be read",
                           {{"secret", call.route->secret}, {"error", credential.error().message}});
      co_return gate_refuses(call, wire::Reason::secret_unavailable, 503);
    }
    call.credential = std::move(*credential);
    include_usage(call);
    co_return co_await exchange(lane_, client_, std::move(call), registration);
  }

  std::optional<BrokerDenial> over_rate(const AllowedCall& call) {
    const auto* obligations = std::get_if<wire::SecretObligations>(&call.answer.obligations);
    if (obligations == nullptr || !obligations->requests_per_minute) return std::nullopt;
    const auto verdict = lane_.gate.rate.admit(call.session, call.route->secret, *obligations->requests_per_minute,
                                               lane_.gate.clock.steady_millis());
    if (verdict.admitted) return std::nullopt;
    BrokerDenial denial = gate_refuses(call, wire::Reason::limit_requests, 429);
    denial.retry_after = verdict.retry_after;
    return denial;
  }

  // An OpenAI stream tells its usage only if asked to.
  static void include_usage(AllowedCall& call) {
    using IncludeUsage = ModelRequest::IncludeUsage;
    const bool chat = call.route->api == ModelApi::openai && call.path.ends_with("/chat/completions");
    if (!chat || !call.model || !call.model->stream || call.model->include_usage == IncludeUsage::yes) return;
    if (auto body = with_usage_included(call.body, *call.model)) call.body = *std::move(body);
  }

  // The PDP allowed it and the gate does not: an outcome of that decision.
  BrokerDenial gate_refuses(const AllowedCall& call, wire::Reason reason, int status) {
    Outcome outcome;
    outcome.time = lane_.gate.clock.now();
    outcome.decision = call.answer.id;
    outcome.result = "refused";
    outcome.reason = reason;
    outcome.session = call.session;
    outcome.source = client_.source;
    lane_.gate.outcomes.add(outcome);
    BrokerDenial denial = broker_denial(reason, status);
    denial.decision = call.answer.id;
    denial.secret = call.route->secret;
    return denial;
  }

  BrokerDenial undecided(wire::Reason reason, int status, const AllowedCall& call, std::string detail = "") {
    BrokerDenial denial = refuse_undecided(lane_.gate, reason, status, call.session, client_.source, std::move(detail));
    if (call.route != nullptr) denial.secret = call.route->secret;
    return denial;
  }

  BrokerDenial malformed(const HeadError& error, const std::string& session) {
    return refuse_undecided(lane_.gate, wire::Reason::bad_request, error.status, session, client_.source,
                            error.message);
  }

  asio::awaitable<void> refuse(BrokerDenial denial, AfterDenial after, bool with_body = true) {
    lane_.gate.log.info("refused", {{"status", denial.status},
                                    {"reason", denial.reason},
                                    {"decision", denial.decision},
                                    {"secret", denial.secret},
                                    {"source", client_.source.to_string()},
                                    {"detail", denial.detail}});
    const std::string response = response_of(denial, after, with_body);
    const bool written = co_await client_.write(response);
    if (after == AfterDenial::close && written) {
      co_await linger(client_.socket, lane_.gate.options.times.linger);
    }
  }

  BrokerLane& lane_;
  ClientConnection client_;
  bool body_read_ = false;
};

}  // namespace

asio::awaitable<void> serve_requests(BrokerLane& lane, tcp::socket& client) {
  error_code error;
  const tcp::endpoint peer = client.remote_endpoint(error);
  if (error) co_return;
  client.set_option(tcp::no_delay(true), error);
  client.set_option(asio::socket_base::keep_alive(true), error);
  Visit visit(lane, client, from_asio(peer.address()));
  co_await visit.run();
}

asio::awaitable<void> turn_away_request(BrokerLane& lane, tcp::socket& client) {
  error_code error;
  const tcp::endpoint peer = client.remote_endpoint(error);
  if (error) co_return;
  ClientConnection connection{client, from_asio(peer.address()), {}};
  const BrokerDenial denial = refuse_undecided(lane.gate, wire::Reason::limit_connections, 503, "", connection.source);
  co_await connection.write(response_of(denial, AfterDenial::close));
  co_await linger(client, lane.gate.options.times.linger);
}

}  // namespace portreeve::pep

#include "pep/egress/tunnel.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include "pep/egress/dial.h"
#include "pep/egress/judge.h"
#include "pep/egress/splice.h"
#include "pep/net/linger.h"
#include "pep/net/watchdog.h"

namespace portreeve::pep {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16u << 10;

// How reading a hello ended.
struct HelloEnd {
  bool gone = false;                   // the client went away
  std::optional<wire::Reason> denial;  // nothing: it leads where it was judged to lead
};

// Reads from the client until its ClientHello is whole. `bytes` holds what came already, and all that came in the end.
asio::awaitable<HelloEnd> read_hello(Lane& lane, tcp::socket& client, std::string& bytes, net::EndpointHost host) {
  const Watchdog watchdog(client, lane.gate.options.times.hello);
  ClientHelloReader reader;
  if (!bytes.empty()) reader.feed(bytes);
  const auto chunk = std::make_unique<std::array<char, kReadBytes>>();
  while (reader.state() == ClientHelloReader::State::need_more) {
    if (watchdog.expired()) co_return HelloEnd{false, wire::Reason::hello_timeout};
    const auto [error, got] = co_await client.async_read_some(asio::buffer(*chunk), kAwait);
    if (error && !watchdog.expired()) co_return HelloEnd{true, std::nullopt};
    if (error) continue;
    bytes.append(chunk->data(), got);
    reader.feed(std::string_view(chunk->data(), got));
  }
  if (reader.state() == ClientHelloReader::State::failed) {
    const bool plain = reader.fault() == HelloFault::not_tls;
    co_return HelloEnd{false, plain ? wire::Reason::not_tls : wire::Reason::tls_malformed};
  }
  co_return HelloEnd{false, hello_denial(reader.hello(), host, lane.gate.options.refuse_ech)};
}

SpliceLimits limits_of(const wire::EgressLimits& stated, const StepTimes& times) {
  SpliceLimits limits;
  limits.bytes_in = stated.bytes_in;
  limits.bytes_out = stated.bytes_out;
  limits.idle = stated.idle.value_or(times.idle);
  limits.total = stated.total.value_or(times.total);
  return limits;
}

// A rule's `connections` count the open tunnels of one session under the same rules.
std::string tunnel_key(const Answer& answer) {
  std::string key = answer.session->id;
  for (const std::string& rule : answer.rules) key += "\n" + rule;
  return key;
}

// Everything about one tunnel that its outcome tells.
struct Report {
  Lane& lane;
  Outcome outcome;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  void leave(std::string_view result, std::optional<wire::Reason> reason) {
    outcome.time = lane.gate.clock.now();
    outcome.result = result;
    outcome.reason = reason;
    outcome.duration = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start);
    lane.gate.spool.add(outcome);
    lane.gate.log.info("tunnel", {{"result", result},
                                  {"reason", reason ? wire::code(*reason) : std::string_view()},
                                  {"decision", outcome.decision},
                                  {"host", outcome.host},
                                  {"port", outcome.port},
                                  {"bytes_in", outcome.bytes_in},
                                  {"bytes_out", outcome.bytes_out}});
  }

  Denial deny(wire::Reason reason, int status) {
    Denial denial = denial_of(reason, status);
    denial.decision = outcome.decision;
    denial.host = outcome.host;
    denial.port = outcome.port;
    return denial;
  }
};

Report report_on(Lane& lane, const EgressAsk& ask, const Answer& answer) {
  Report report{lane, {}};
  report.outcome.decision = answer.id;
  report.outcome.port = ask.target.port;
  report.outcome.protocol = std::get<EgressGrant>(answer.obligations).protocol;
  report.outcome.session = answer.session->id;
  report.outcome.source = ask.asker.source;
  const auto* address = std::get_if<net::IpAddress>(&ask.target.host);
  report.outcome.host = address != nullptr ? address->to_string() : std::get<net::HostName>(ask.target.host).str();
  return report;
}

}  // namespace

std::optional<wire::Reason> hello_denial(const ClientHello& hello, const net::EndpointHost& host, bool refuse_ech) {
  if (refuse_ech && hello.has_ech) return wire::Reason::ech_present;
  const auto* name = std::get_if<net::HostName>(&host);
  if (name == nullptr) {
    return hello.server_name ? std::optional(wire::Reason::sni_mismatch) : std::nullopt;
  }
  if (!hello.server_name) return wire::Reason::sni_missing;
  return *hello.server_name == *name ? std::nullopt : std::optional(wire::Reason::sni_mismatch);
}

std::string tls_alert(wire::Reason reason) {
  constexpr char kHandshakeFailure = 40;
  constexpr char kDecodeError = 50;
  constexpr char kUnrecognizedName = 112;
  char description = kHandshakeFailure;
  if (reason == wire::Reason::sni_mismatch) description = kUnrecognizedName;
  if (reason == wire::Reason::tls_malformed || reason == wire::Reason::not_tls) description = kDecodeError;
  // Record type alert, version TLS 1.2, two bytes: fatal, and what.
  return std::string("\x15\x03\x03\x00\x02\x02", 6) + description;
}

asio::awaitable<std::optional<Denial>> open_tunnel(Lane& lane, tcp::socket& client, EgressAsk ask, Answer answer,
                                                   std::string early, Registration registration) {
  Report report = report_on(lane, ask, answer);
  const EgressGrant grant = std::get<EgressGrant>(answer.obligations);
  const auto place = lane.gate.tunnels.take(tunnel_key(answer), grant.limits.connections.value_or(INT64_MAX));
  if (!place) {
    report.leave("refused", wire::Reason::limit_connections);
    co_return report.deny(wire::Reason::limit_connections, 403);
  }

  auto dialled = co_await dial(grant.addresses, lane.gate.options.times.dial);
  if (const auto* failure = std::get_if<DialFailure>(&dialled)) {
    report.outcome.address = failure->address;
    report.leave("failed", failure->reason);
    co_return report.deny(failure->reason, failure->reason == wire::Reason::connect_timeout ? 504 : 502);
  }
  tcp::socket upstream = std::move(std::get<Dialled>(dialled).socket);
  report.outcome.address = std::get<Dialled>(dialled).address;

  if (const auto objection = registration.objection()) {
    report.leave("refused", reason_of(*objection));
    co_return report.deny(reason_of(*objection), status_of(*objection));
  }
  registration.on_cut([&client, &upstream](CutCause) {
    error_code ignored;
    client.close(ignored);
    upstream.close(ignored);
  });
  const std::string opened = "HTTP/1.1 200 Connection established\r\nx-decision-id: " + answer.id + "\r\n\r\n";
  const auto [write_error, written] = co_await asio::async_write(client, asio::buffer(opened), kAwait);
  if (write_error) {
    const auto objection = registration.objection();
    report.leave("closed", objection ? std::optional(reason_of(*objection)) : std::nullopt);
    co_return std::nullopt;
  }
  if (grant.protocol == wire::EgressProtocol::tls) {
    const HelloEnd hello = co_await read_hello(lane, client, early, ask.target.host);
    if (const auto objection = registration.objection()) {
      report.leave("closed", reason_of(*objection));
      co_return std::nullopt;
    }
    if (hello.denial) {
      upstream.close();
      report.leave("refused", hello.denial);
      const std::string alert = tls_alert(*hello.denial);
      co_await asio::async_write(client, asio::buffer(alert), kAwait);
      co_await linger(client, lane.gate.options.times.linger);
      co_return std::nullopt;
    }
    if (hello.gone) {
      report.leave("closed", std::nullopt);
      co_return std::nullopt;
    }
  }
  const SpliceEnd end = co_await splice(client, upstream, std::move(early),
                                        limits_of(grant.limits, lane.gate.options.times), registration);
  report.outcome.bytes_in = end.bytes_in;
  report.outcome.bytes_out = end.bytes_out;
  report.leave("closed", end.reason);
  co_return std::nullopt;
}

}  // namespace portreeve::pep

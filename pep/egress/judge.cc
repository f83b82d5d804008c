#include "pep/egress/judge.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "engine/net/guard.h"

namespace portreeve::pep {

int status_of(CutCause cause) { return cause == CutCause::silence ? 503 : 403; }

namespace {

namespace asio = boost::asio;

// Names the target in a denial.
Denial about(Denial denial, const EgressAsk& ask) {
  if (const auto* address = std::get_if<net::IpAddress>(&ask.target.host)) {
    denial.host = address->to_string();
  } else {
    denial.host = std::get<net::HostName>(ask.target.host).str();
  }
  denial.port = ask.target.port;
  return denial;
}

Denial decided(const Answer& answer, const EgressAsk& ask) {
  Denial denial;
  denial.reason = answer.reason;
  denial.rule_reason = answer.rule_reason;
  denial.decision = answer.id;
  return about(std::move(denial), ask);
}

// Refuses without a decision, and records that.
Denial undecided(Lane& lane, const EgressAsk& ask, wire::Reason reason, int status, std::string detail) {
  Denial denial = about(denial_of(reason, status, std::move(detail)), ask);
  lane.gate.spool.add(
      Refusal{lane.gate.clock.now(), reason, denial.host, denial.port, ask.asker.session, *ask.asker.source, 0});
  return denial;
}

// The detail is the operator's: what it says of the PDP is not for the workload.
Denial unanswered(Lane& lane, const EgressAsk& ask, const PdpUnavailable& why) {
  lane.gate.log.warning("no decision", {{"reason", wire::code(why.reason)}, {"detail", why.detail}});
  return undecided(lane, ask, why.reason, 503, "");
}

// The guard's word on the first address that nothing opens.
std::optional<net::SpecialRange> trip(const std::vector<net::IpAddress>& addresses, const net::OwnAddresses& own) {
  for (const net::IpAddress& address : addresses) {
    const net::SpecialRange range = net::classify(address, own);
    if (net::tier(range) == net::GuardTier::hard) return range;
  }
  return std::nullopt;
}

// Refuses against a decision that allows, and records that.
Denial against(Lane& lane, const EgressAsk& ask, const Answer& answer, wire::Reason reason, int status) {
  Denial denial = decided(answer, ask);
  denial.status = status;
  denial.reason = wire::code(reason);
  denial.rule_reason.clear();
  Outcome outcome;
  outcome.time = lane.gate.clock.now();
  outcome.decision = answer.id;
  outcome.result = "refused";
  outcome.reason = reason;
  outcome.host = denial.host;
  outcome.port = denial.port;
  outcome.protocol = std::get<EgressGrant>(answer.obligations).protocol;
  outcome.session = answer.session->id;
  outcome.source = ask.asker.source;
  lane.gate.spool.add(outcome);
  return denial;
}

// The guard refuses, whatever the PDP says; it is asked all the same, since what it decides is on record.
Denial guarded(Lane& lane, const EgressAsk& ask, net::SpecialRange range, const AskResult& result) {
  const wire::Reason reason =
      wire::reason_from_code(net::guard_code(range)).value_or(wire::Reason::guard_not_global_address);
  const auto* answer = std::get_if<Answer>(&result);
  if (answer == nullptr) return undecided(lane, ask, reason, 403, "");
  if (!answer->allowed) return decided(*answer, ask);
  return against(lane, ask, *answer, reason, 403);
}

// What was allowed and may be gone on with, or the denial. An answer is bound before it is gone by: a revocation that
// overtook it shows here, one that follows cuts.
std::optional<Denial> refusal(Lane& lane, const EgressAsk& ask, const AskResult& result, Registration& registration) {
  if (const auto* why = std::get_if<PdpUnavailable>(&result)) return unanswered(lane, ask, *why);
  const Answer& answer = std::get<Answer>(result);
  if (!answer.allowed) return decided(answer, ask);
  registration.bind(answer.session->id, answer.event);
  const auto objection = registration.objection();
  if (!objection) return std::nullopt;
  return against(lane, ask, answer, reason_of(*objection), status_of(*objection));
}

asio::awaitable<AskResult> ask_or_recall(Lane& lane, EgressAsk ask) {
  std::string question = to_json(ask);
  const auto now = std::chrono::steady_clock::now();
  if (auto kept = lane.answers.find(question, now)) {
    lane.gate.spool.add(Use{lane.gate.clock.now(), kept->id});
    co_return *std::move(kept);
  }
  const std::uint64_t era = lane.watch.era();
  AskResult result = co_await lane.pdp.ask(std::move(ask));
  if (const auto* answer = std::get_if<Answer>(&result)) lane.answers.keep(std::move(question), *answer, now, era);
  co_return result;
}

}  // namespace

asio::awaitable<std::variant<Answer, Denial>> judge(Lane& lane, EgressAsk ask, Registration& registration) {
  if (const auto objection = registration.objection()) {
    co_return undecided(lane, ask, reason_of(*objection), status_of(*objection), "");
  }
  ask.stage = wire::EgressStage::resolve;
  const AskResult first = co_await ask_or_recall(lane, ask);
  if (auto denial = refusal(lane, ask, first, registration)) co_return *std::move(denial);

  if (const auto* address = std::get_if<net::IpAddress>(&ask.target.host)) {
    ask.addresses = {*address};
  } else {
    auto resolution = co_await lane.resolver.resolve(std::get<net::HostName>(ask.target.host));
    if (auto* failure = std::get_if<ResolveFailure>(&resolution)) {
      const int status = failure->reason == wire::Reason::resolve_error ? 502 : 403;
      co_return undecided(lane, ask, failure->reason, status, std::move(failure->detail));
    }
    ask.addresses = std::move(std::get<std::vector<net::IpAddress>>(resolution));
  }

  ask.stage = wire::EgressStage::connect;
  const auto tripped = trip(ask.addresses, lane.own.current());
  AskResult second = co_await ask_or_recall(lane, ask);
  if (tripped) co_return guarded(lane, ask, *tripped, second);
  if (auto denial = refusal(lane, ask, second, registration)) co_return *std::move(denial);
  co_return std::move(std::get<Answer>(second));
}

}  // namespace portreeve::pep

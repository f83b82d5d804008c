#include "pep/broker/judge.h"

#include <chrono>
#include <optional>
#include <utility>

namespace portreeve::pep {

namespace asio = boost::asio;

BrokerDenial refuse_undecided(BrokerGate& gate, wire::Reason reason, int status, const std::string& session,
                              net::IpAddress source, std::string detail) {
  Refusal refusal;
  refusal.time = gate.clock.now();
  refusal.reason = reason;
  refusal.session = session;
  refusal.source = source;
  refusal.action = wire::kSecretUse;
  gate.outcomes.add(refusal);
  return broker_denial(reason, status, std::move(detail));
}

asio::awaitable<std::variant<Answer, BrokerDenial>> judge_spending(BrokerLane& lane, SecretAsk ask) {
  const auto now = std::chrono::steady_clock::now();
  std::string question = to_json(ask);
  if (auto kept = lane.answers.find(question, now)) {
    lane.gate.outcomes.add(Use{lane.gate.clock.now(), kept->id});
    co_return *std::move(kept);
  }
  const std::uint64_t era = lane.watch.era();
  AskResult result = co_await lane.pdp.ask(ask);
  if (const auto* why = std::get_if<PdpUnavailable>(&result)) {
    // The detail is the operator's: what it says of the PDP is not for the workload.
    lane.gate.log.warning("no decision", {{"reason", wire::code(why->reason)}, {"detail", why->detail}});
    co_return refuse_undecided(lane.gate, why->reason, 503, ask.asker.session,
                               ask.asker.source.value_or(net::IpAddress()));
  }
  auto& answer = std::get<Answer>(result);
  if (!answer.allowed) {
    BrokerDenial denial;
    denial.reason = answer.reason;
    denial.rule_reason = answer.rule_reason;
    denial.decision = answer.id;
    co_return denial;
  }
  lane.answers.keep(std::move(question), answer, now, era);
  co_return std::move(answer);
}

}  // namespace portreeve::pep

// Records and folders for the tests of the decision log.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/wire/record.h"
#include "engine/wire/ulid.h"
#include "storage/sqlite/decision_log.h"

namespace portreeve::storage {

inline std::string decision_id(std::uint64_t number) {
  std::array<std::uint8_t, 10> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[9 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return "dec_" + wire::encode_ulid(1'763'942'400'000, bytes);
}

// Decision `number`, its fields drawn from small sets so that filters hit.
inline wire::DecisionRecord decision(std::uint64_t number) {
  std::mt19937_64 random(number);
  const auto pick = [&](std::initializer_list<const char*> from) {
    return std::string(from.begin()[random() % from.size()]);
  };
  wire::DecisionRecord record;
  record.id = decision_id(number);
  record.time = Timestamp::from_unix_millis(1'763'942'400'000 + static_cast<std::int64_t>(number) * 10);
  record.source = {"pdp", "boot"};
  record.seq = static_cast<std::int64_t>(number) + 1;
  record.revision = "sha256:" + std::string(64, 'a');
  record.subject = {"user", pick({"keycloak/rita", "keycloak/ada", "entra/rita"})};
  record.session = pick({"ses_A", "ses_B", ""});
  record.tenant = pick({"acme", "globex", ""});
  record.action = pick({"egress.connect", "egress.resolve", "read"});
  const std::string host = pick({"packages.example.org", "Archive.example.org", "pastebin.com"});
  record.resource = {"endpoint", host + ":443", JsonValue()};
  record.resource.properties.set("host", host);
  record.decision = random() % 2 == 0;
  record.reason = record.decision ? "rule-allow" : pick({"rule-deny", "default-deny"});
  if (random() % 3 != 0) record.rules = {pick({"web/packages", "web/no-paste"}), "web/the-web"};
  record.pep = pick({"egress-1", "egress-2"});
  return record;
}

inline wire::OutcomeRecord outcome(std::string gate, std::int64_t seq, std::string of) {
  wire::OutcomeRecord record;
  record.gate = std::move(gate);
  record.boot = "boot-1";
  record.seq = seq;
  record.received = Timestamp::from_unix_millis(1'763'942'500'000);
  record.source = {"pdp", "boot"};
  record.decision_id = std::move(of);
  record.event = "closed";
  return record;
}

inline Result<std::vector<RecordedDecision>> commit(DecisionLog& log, std::vector<wire::DecisionRecord> decisions) {
  std::promise<Result<std::vector<RecordedDecision>>> promise;
  auto result = promise.get_future();
  log.commit(std::move(decisions),
             [&](Result<std::vector<RecordedDecision>> done) { promise.set_value(std::move(done)); });
  return result.get();
}

inline Result<std::vector<RecordedDecision>> commit_range(DecisionLog& log, std::uint64_t first, std::uint64_t count) {
  std::vector<wire::DecisionRecord> decisions;
  for (std::uint64_t i = first; i < first + count; ++i) decisions.push_back(decision(i));
  return commit(log, std::move(decisions));
}

inline Result<OutcomeReceipt> report(DecisionLog& log, std::vector<wire::OutcomeRecord> outcomes) {
  std::promise<Result<OutcomeReceipt>> promise;
  auto result = promise.get_future();
  log.report(std::move(outcomes), [&](Result<OutcomeReceipt> done) { promise.set_value(std::move(done)); });
  return result.get();
}

// Waits until the index holds all that is durable.
inline void wait_indexed(const DecisionLog& log) {
  for (LogStats stats = log.stats(); stats.indexed < stats.records; stats = log.stats()) std::this_thread::yield();
}

}  // namespace portreeve::storage

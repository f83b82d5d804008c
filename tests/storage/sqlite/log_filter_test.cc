// What a filter means: the same in the index, in the journal's tail, and in a plain loop over the records.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "engine/base/text.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/reindex.h"
#include "tests/storage/segments/temporary_folder.h"
#include "tests/storage/sqlite/log_fixture.h"

namespace portreeve::storage {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return to_lower_ascii(text).find(to_lower_ascii(part)) != std::string::npos;
}

// Every text that someone may look for, by hand.
bool any_text_contains(const wire::Record& record, const std::string& part) {
  std::vector<std::string> texts;
  if (const auto* decision = std::get_if<wire::DecisionRecord>(&record)) {
    texts = {decision->reason, decision->rule_reason, decision->subject.id, decision->session, decision->tenant,
             decision->action, decision->resource.id, decision->revision,   decision->pep};
    texts.insert(texts.end(), decision->rules.begin(), decision->rules.end());
    const JsonValue properties = wire::recordable_properties(decision->action, decision->resource.properties);
    if (const JsonValue* const host = properties.find("host")) texts.push_back(*host->as_string());
  }
  if (const auto* outcome = std::get_if<wire::OutcomeRecord>(&record)) texts = {outcome->gate, outcome->event};
  return std::ranges::any_of(texts, [&](const std::string& text) { return contains(text, part); });
}

bool equals(const std::optional<std::string>& wanted, const std::string& held) {
  return !wanted || (!held.empty() && *wanted == held);
}

// The slow twin.
bool matches(const RecordFilter& filter, const wire::Record& record) {
  const Timestamp time = wire::time_of(record);
  if (filter.from && time < *filter.from) return false;
  if (filter.until && time >= *filter.until) return false;
  if (filter.kind && *filter.kind != wire::kind_of(record)) return false;
  if (filter.text && !any_text_contains(record, *filter.text)) return false;
  if (const auto* decision = std::get_if<wire::DecisionRecord>(&record)) {
    const JsonValue properties = wire::recordable_properties(decision->action, decision->resource.properties);
    const JsonValue* const host = properties.find("host");
    return equals(filter.decision_id, decision->id) && (!filter.decision || *filter.decision == decision->decision) &&
           equals(filter.reason, decision->reason) && equals(filter.subject, decision->subject.id) &&
           equals(filter.session, decision->session) && equals(filter.tenant, decision->tenant) &&
           equals(filter.action, decision->action) &&
           (!filter.resource || contains(decision->resource.id, *filter.resource)) &&
           (!filter.host || (host != nullptr && equal_ignoring_ascii_case(*host->as_string(), *filter.host))) &&
           (!filter.rule || std::ranges::find(decision->rules, *filter.rule) != decision->rules.end()) &&
           equals(filter.pep, decision->pep);
  }
  if (const auto* outcome = std::get_if<wire::OutcomeRecord>(&record)) {
    return equals(filter.decision_id, outcome->decision_id) && !filter.decision &&
           equals(filter.reason, outcome->reason) && !filter.subject && equals(filter.session, outcome->session) &&
           !filter.tenant && equals(filter.action, outcome->action) && !filter.resource && !filter.host &&
           !filter.rule && equals(filter.pep, outcome->gate);
  }
  return false;
}

RecordFilter random_filter(std::mt19937_64& random) {
  RecordFilter filter;
  const auto some = [&](std::optional<std::string>& field, std::initializer_list<const char*> from) {
    if (random() % 6 == 0) field = from.begin()[random() % from.size()];
  };
  const auto instant = [&] {
    return Timestamp::from_unix(1'763'942'400 + static_cast<std::int64_t>(random() % 3),
                                static_cast<std::int32_t>(random() % 1'000'000'000));
  };
  if (random() % 5 == 0) filter.from = instant();
  if (random() % 5 == 0) filter.until = instant();
  if (random() % 6 == 0) filter.kind = random() % 2 == 0 ? wire::RecordKind::decision : wire::RecordKind::outcome;
  if (random() % 10 == 0) filter.decision_id = decision_id(random() % 250);
  if (random() % 5 == 0) filter.decision = random() % 2 == 0;
  some(filter.reason, {"rule-allow", "rule-deny", "default-deny", "RULE-ALLOW"});
  some(filter.subject, {"keycloak/rita", "entra/rita", "rita"});
  some(filter.session, {"ses_A", "ses_B", ""});
  some(filter.tenant, {"acme", "globex"});
  some(filter.action, {"egress.connect", "read"});
  some(filter.resource, {"EXAMPLE", "archive", ":443", "%", "_"});
  some(filter.host, {"archive.example.org", "PASTEBIN.com", "example.org"});
  some(filter.rule, {"web/packages", "web/the-web", "web"});
  some(filter.pep, {"egress-1", "egress-2"});
  some(filter.text, {"CLOSED", "globex", "no such thing", "'", "web/the-web", "orgpaste", "e"});
  return filter;
}

std::vector<std::uint64_t> numbers(const std::vector<LoggedRecord>& records) {
  std::vector<std::uint64_t> out;
  for (const LoggedRecord& record : records) out.push_back(record.index);
  return out;
}

std::string describe(const RecordFilter& filter) {
  std::string out;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) out += fmt::format("{}=`{}` ", name, *value);
  };
  if (filter.from) out += "from=" + to_rfc3339(*filter.from) + " ";
  if (filter.until) out += "until=" + to_rfc3339(*filter.until) + " ";
  if (filter.kind) add("kind", std::string(wire::to_text(*filter.kind)));
  if (filter.decision) add("decision", *filter.decision ? "true" : "false");
  add("decision_id", filter.decision_id);
  add("reason", filter.reason);
  add("subject", filter.subject);
  add("session", filter.session);
  add("tenant", filter.tenant);
  add("action", filter.action);
  add("resource", filter.resource);
  add("host", filter.host);
  add("rule", filter.rule);
  add("pep", filter.pep);
  add("text", filter.text);
  return out;
}

TEST(LogFilter, MeansTheSameInIndexTailAndByHand) {
  const char* const given = std::getenv("PORTREEVE_SEED");
  const std::uint64_t seed = given == nullptr ? 20'261'124 : std::strtoull(given, nullptr, 10);
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const TemporaryFolder all_tail, all_index, half;
  std::vector<std::pair<wire::Record, std::string>> expected;
  const auto files = make_posix_file_system();
  const auto keep = [&](const wire::Record& record) { expected.emplace_back(record, wire::to_bytes(record).value()); };
  for (const TemporaryFolder* folder : {&all_tail, &all_index, &half}) {
    expected.clear();
    const auto log = open_decision_log(*files, folder->path()).value();
    for (std::uint64_t i = 0; i < 160; ++i) {
      ASSERT_TRUE(commit_range(*log, i, 1));
      keep(decision(i));
      if (i % 4 == 0) {
        const auto report_of = outcome(decision(i).pep, static_cast<std::int64_t>(i + 1), decision_id(i));
        ASSERT_EQ(report(*log, {report_of}).value().stored, 1u);
        keep(report_of);
      }
      if (folder == &half && i == 80) wait_indexed(*log);
    }
  }
  // One folder without an index, one wholly indexed, and one whose index stops in the middle.
  std::filesystem::remove(all_tail.path() + "/index.sqlite");
  ASSERT_TRUE(reindex(all_index.path()));
  std::vector<std::unique_ptr<LogReader>> readers;
  for (const TemporaryFolder* folder : {&all_tail, &all_index, &half}) {
    readers.push_back(open_log_reader(folder->path()).value());
  }
  int hits = 0;
  for (int round = 0; round < 400; ++round) {
    const RecordFilter filter = random_filter(random);
    std::vector<LoggedRecord> by_hand;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (matches(filter, expected[i].first)) by_hand.push_back({i, expected[i].second});
    }
    hits += by_hand.empty() ? 0 : 1;
    std::map<std::string, std::uint64_t> tenants;
    std::uint64_t allowed = 0;
    for (const LoggedRecord& record : by_hand) {
      const auto* const decision = std::get_if<wire::DecisionRecord>(&expected[record.index].first);
      if (decision == nullptr) continue;
      if (!decision->tenant.empty()) ++tenants[decision->tenant];
      allowed += decision->decision ? 1 : 0;
    }
    for (const auto& reader : readers) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
      const auto facets = reader->facets(filter, {Field::tenant}, 100, deadline).value();
      EXPECT_EQ(facets.counted.records, by_hand.size()) << describe(filter);
      const auto& values = facets.facets.front().values;
      EXPECT_EQ((std::map<std::string, std::uint64_t>(values.begin(), values.end())), tenants) << describe(filter);
      const auto histogram = reader->histogram(filter, 50, deadline).value();
      std::uint64_t counted = 0, counted_allowed = 0;
      for (const TimeCount& count : histogram.counts) {
        counted += count.allowed + count.denied + count.other;
        counted_allowed += count.allowed;
      }
      EXPECT_EQ(counted, by_hand.size()) << describe(filter);
      EXPECT_EQ(counted_allowed, allowed) << describe(filter);
      EXPECT_LE(histogram.counts.size(), 50u);
    }
    for (const PageOrder order : {PageOrder::oldest_first, PageOrder::newest_first}) {
      for (std::size_t reader = 0; reader < readers.size(); ++reader) {
        auto found = readers[reader]->search(filter, {.order = order, .after = std::nullopt, .limit = 1000});
        ASSERT_TRUE(found) << found.error().message;
        if (order == PageOrder::newest_first) std::ranges::reverse(found->records);
        ASSERT_EQ(numbers(found->records), numbers(by_hand))
            << "round " << round << ", reader " << reader << ", seed " << seed << ": " << describe(filter);
        EXPECT_TRUE(found->records == by_hand) << "round " << round << ", reader " << reader << ", seed " << seed;
      }
    }
  }
  EXPECT_GT(hits, 80);
}

}  // namespace
}  // namespace portreeve::storage

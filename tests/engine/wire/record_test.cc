#include "engine/wire/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::wire {
namespace {

using testing::HasSubstr;
using testing::Not;

JsonValue json(std::string_view text) { return reader::parse_json(text).value(); }

DecisionRecord full_decision() {
  DecisionRecord record;
  record.id = "dec_01KB30ZQ80DBGJ8HFQ0V3B7JMK";
  record.time = Timestamp::from_unix_millis(1'763'942'400'123);
  record.source = {"pdp-1", "01KB30ZQ7ZAAAAAAAAAAAAAAAA"};
  record.seq = 7;
  record.revision = "sha256:" + std::string(64, 'a');
  record.subject = {"user", "keycloak/rita"};
  record.session = "ses_01KB30ZQ80DBGJ8HFQ0V3B7JMK";
  record.tenant = "acme";
  record.action = "egress.connect";
  record.resource = {"endpoint", "packages.example.org:443",
                     json(R"({"host":"packages.example.org","port":443,"protocol":"connect",
                              "addresses":["203.0.114.7"],"token":"tok_secret","headers":{"Cookie":"x"}})")};
  record.decision = true;
  record.reason = "rule-allow";
  record.rules = {"research-web/packages"};
  record.obligations = json(R"({"connect":{"addresses":["203.0.114.7"],"protocol":"tls"},"limits":{"idle":300}})");
  record.dry_run = RecordDryRun{false, {"research-web/new"}};
  record.roles = {"agent", "research-agent"};
  record.pep = "egress-1";
  record.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.latency_micros = 212;
  record.revocation_event = 3;
  return record;
}

OutcomeRecord full_outcome() {
  OutcomeRecord record;
  record.gate = "egress-1";
  record.boot = "01KB30ZQ7ZBBBBBBBBBBBBBBBB";
  record.seq = 12;
  record.time = Timestamp::from_unix_millis(1'763'942'401'000);
  record.received = Timestamp::from_unix_millis(1'763'942'401'250);
  record.source = {"pdp-1", "01KB30ZQ7ZAAAAAAAAAAAAAAAA"};
  record.decision_id = "dec_01KB30ZQ80DBGJ8HFQ0V3B7JMK";
  record.event = "closed";
  record.result = "ok";
  record.address = "203.0.114.7:443";
  record.bytes_in = 1024;
  record.bytes_out = 0;
  record.duration_millis = 900;
  return record;
}

// Frozen: docs/decision-log-format.md. A change here breaks every log that was ever written.
TEST(Record, HasTheseBytes) {
  EXPECT_EQ(to_bytes(full_decision()).value(),
            R"({"action":"egress.connect","decision":true,"dryRun":{"decision":false,"rules":["research-web/new"]},)"
            R"("id":"dec_01KB30ZQ80DBGJ8HFQ0V3B7JMK","kind":"decision","latencyMicros":212,)"
            R"("obligations":{"connect":{"addresses":["203.0.114.7"],"protocol":"tls"},"limits":{"idle":300}},)"
            R"("pep":"egress-1","reason":"rule-allow","resource":{"id":"packages.example.org:443","properties":)"
            R"({"addresses":["203.0.114.7"],"host":"packages.example.org","port":443,"protocol":"connect"},)"
            R"("type":"endpoint"},"revision":"sha256:)" +
                std::string(64, 'a') +
                R"(","revocationEvent":3,"roles":["agent","research-agent"],"rules":["research-web/packages"],"seq":7,)"
                R"("session":"ses_01KB30ZQ80DBGJ8HFQ0V3B7JMK","source":{"boot":"01KB30ZQ7ZAAAAAAAAAAAAAAAA",)"
                R"("name":"pdp-1"},"subject":{"id":"keycloak/rita","type":"user"},"tenant":"acme",)"
                R"("time":"2025-11-24T00:00:00.123Z","trace":"4bf92f3577b34da6a3ce929d0e0e4736","v":1})");
  EXPECT_EQ(
      to_bytes(full_outcome()).value(),
      R"({"address":"203.0.114.7:443","boot":"01KB30ZQ7ZBBBBBBBBBBBBBBBB","bytesIn":1024,"bytesOut":0,)"
      R"("decisionId":"dec_01KB30ZQ80DBGJ8HFQ0V3B7JMK","durationMillis":900,"event":"closed",)"
      R"("gate":"egress-1","kind":"outcome","received":"2025-11-24T00:00:01.250Z","result":"ok","seq":12,)"
      R"("source":{"boot":"01KB30ZQ7ZAAAAAAAAAAAAAAAA","name":"pdp-1"},"time":"2025-11-24T00:00:01.000Z","v":1})");
  OutcomeRecord refusal;
  refusal.kind = RecordKind::refusal;
  refusal.gate = "egress-1";
  refusal.boot = "b";
  refusal.seq = 1;
  refusal.source = {"pdp", "p"};
  refusal.event = "refused";
  refusal.reason = "bad-request";
  refusal.action = "egress.connect";
  refusal.resource = RecordResource{"endpoint", "127.1:80", JsonValue()};
  refusal.exit_status = -1;
  EXPECT_EQ(to_bytes(refusal).value(),
            R"({"action":"egress.connect","boot":"b","event":"refused","exitStatus":-1,"gate":"egress-1",)"
            R"("kind":"refusal","reason":"bad-request","received":"1970-01-01T00:00:00.000Z",)"
            R"("resource":{"id":"127.1:80","type":"endpoint"},"seq":1,"source":{"boot":"p","name":"pdp"},)"
            R"("time":"1970-01-01T00:00:00.000Z","v":1})");
  AdminRecord admin;
  admin.source = {"pdp", "p"};
  admin.seq = 2;
  admin.actor = "keycloak/ada";
  admin.action = "policy.activate";
  admin.result = "ok";
  admin.detail = json(R"({"files":3})");
  EXPECT_EQ(to_bytes(admin).value(),
            R"({"action":"policy.activate","actor":"keycloak/ada","detail":{"files":3},"kind":"admin","result":"ok",)"
            R"("seq":2,"source":{"boot":"p","name":"pdp"},"time":"1970-01-01T00:00:00.000Z","v":1})");
}

TEST(Record, ReadsBackWhatItWrote) {
  DecisionRecord decision = full_decision();
  OutcomeRecord outcome = full_outcome();
  outcome.resource = RecordResource{"endpoint", "x:1", JsonValue()};
  outcome.kind = RecordKind::use;
  outcome.uses = 4;
  outcome.lost = 0;
  outcome.signal = 9;
  outcome.exit_status = -3;
  AdminRecord admin;
  admin.actor = "a";
  admin.detail = json(R"({"a":[1,2.5,null]})");
  for (const Record& record : {Record(decision), Record(outcome), Record(admin)}) {
    const std::string bytes = to_bytes(record).value();
    const Record read = record_from_json(json(bytes)).value();
    EXPECT_EQ(to_bytes(read).value(), bytes);
    EXPECT_EQ(kind_of(read), kind_of(record));
    EXPECT_EQ(record_time(bytes).value(), time_of(record));
  }
  decision.resource.properties = recordable_properties(decision.action, decision.resource.properties);
  EXPECT_EQ(decision_from_json(json(to_bytes(decision).value())).value(), decision);
  EXPECT_EQ(outcome_from_json(json(to_bytes(outcome).value())).value(), outcome);
}

TEST(Record, ReadersPassOverWhatALaterVersionAdds) {
  std::string bytes = to_bytes(full_decision()).value();
  bytes.insert(1, R"("aNewMember":{"x":[1]},)");
  EXPECT_TRUE(decision_from_json(json(bytes)));
}

TEST(Record, ReadersSayWhatIsWrong) {
  const std::string good = to_bytes(full_decision()).value();
  struct Row {
    const char* name;
    std::string from, to;
    std::string message;
  };
  const Row rows[] = {
      {"another version", R"("v":1)", R"("v":2)", "record schema version 2 is unknown, this program reads 1"},
      {"no version", R"(,"v":1)", "", "not a record: `v` is missing"},
      {"another kind", R"("kind":"decision")", R"("kind":"rumour")", "record kind `rumour` is unknown"},
      {"no id", R"("id":"dec_01KB30ZQ80DBGJ8HFQ0V3B7JMK",)", "", "not a record: `id` is missing"},
      {"text for a number", R"("seq":7)", R"("seq":"7")", "not a record: `seq` is not an integer"},
      {"number for a text", R"("pep":"egress-1")", R"("pep":1)", "not a record: `pep` is not a string"},
      {"a time that is none", R"("2025-11-24T00:00:00.123Z")", R"("yesterday")",
       "not a record: `time` is not an RFC 3339 time"},
      {"a list of numbers", R"(["research-web/packages"])", "[1]", "not a record: `rules` is not a list of strings"},
      {"a subject that is a text", R"({"id":"keycloak/rita","type":"user"})", R"("rita")",
       "not a record: `subject` is not an object"},
      {"a decision that is a text", R"("decision":true)", R"("decision":"yes")",
       "not a record: `decision` is not a boolean"},
  };
  for (const Row& row : rows) {
    std::string bytes = good;
    const std::size_t at = bytes.find(row.from);
    ASSERT_NE(at, std::string::npos) << row.name;
    bytes.replace(at, row.from.size(), row.to);
    const auto read = record_from_json(json(bytes));
    ASSERT_FALSE(read) << row.name;
    EXPECT_EQ(read.error().message, row.message) << row.name;
  }
  for (const char* text : {"null", "[]", "1", "\"x\"", "{}"}) EXPECT_FALSE(record_from_json(json(text))) << text;
  EXPECT_FALSE(outcome_from_json(json(good)));
  EXPECT_FALSE(decision_from_json(json(to_bytes(full_outcome()).value())));
}

TEST(Record, HoldsOnlyTheNamedProperties) {
  struct Row {
    const char* action;
    const char* given;
    const char* recorded;
  };
  const Row rows[] = {
      {"egress.resolve", R"({"host":"h","port":443,"protocol":"tls","extra":1})",
       R"({"host":"h","port":443,"protocol":"tls"})"},
      {"egress.connect", R"({"sni":"s","method":"GET","path":"/a?key=secret","addresses":["1.2.3.4"]})",
       R"({"addresses":["1.2.3.4"],"method":"GET","path":"/a","sni":"s"})"},
      {"egress.connect", R"({"host":1,"port":"443","addresses":[1],"path":null,"sni":["x"]})", "null"},
      {"egress.connect", R"({"port":-1})", "null"},
      {"secret.use",
       R"({"use":"inject","upstream":"https://u:p@api.example.com/v1?k=s#f","model":"m","body":"secret"})",
       R"({"model":"m","upstream":"https://api.example.com/v1","use":"inject"})"},
      {"secret.use", R"({"upstream":"https://api.example.com/a@b"})", R"({"upstream":"https://api.example.com/a@b"})"},
      {"process.exec",
       R"({"file":"/usr/bin/python3.11","stable":true,"args":["-c","password"],"env":["A","B"],"cwd":"/w","user":"u",)"
       R"("terminal":false,"interpreter":{"path":"/bin/sh","file":"/usr/bin/dash","stable":true}})",
       R"({"argumentCount":2,"cwd":"/w","environmentCount":2,"file":"/usr/bin/python3.11","interpreter":"/bin/sh",)"
       R"("stable":true,"terminal":false,"user":"u"})"},
      {"process.exec", R"({"env":{"TOKEN":"secret"},"args":"secret"})", R"({"environmentCount":1})"},
      {"read", R"({"host":"h","path":"/a","anything":"x"})", "null"},
      {"egress.connect", "null", "null"},
      {"egress.connect", "[1]", "null"},
  };
  for (const Row& row : rows) {
    const JsonValue recorded = recordable_properties(row.action, json(row.given));
    EXPECT_EQ(to_canonical_json(recorded), row.recorded) << row.action << " " << row.given;
    EXPECT_EQ(recordable_properties(row.action, recorded), recorded) << row.given;
  }
  EXPECT_THAT(to_bytes(full_decision()).value(), Not(HasSubstr("secret")));
}

TEST(Record, LeavesOutWhatIsEmpty) {
  const DecisionRecord empty;
  EXPECT_EQ(to_bytes(empty).value(),
            R"({"action":"","decision":false,"id":"","kind":"decision","latencyMicros":0,"pep":"","reason":"",)"
            R"("resource":{"id":"","type":""},"revision":"","revocationEvent":0,"roles":[],"rules":[],"seq":0,)"
            R"("source":{"boot":"","name":""},"subject":{"id":"","type":""},"time":"1970-01-01T00:00:00.000Z","v":1})");
}

TEST(Record, RefusesNumbersThatJsonDoesNotCarry) {
  DecisionRecord record;
  record.seq = -1;
  EXPECT_EQ(to_bytes(record).error().message, "`seq` of a record is -1, 0 to 2^53-1 fit");
  record.seq = std::int64_t{1} << 53;
  EXPECT_FALSE(to_bytes(record));
  record.seq = (std::int64_t{1} << 53) - 1;
  EXPECT_TRUE(to_bytes(record));
}

TEST(Record, ReplacesIllFormedUtf8) {
  struct Row {
    std::string given;
    std::string recorded;
  };
  const Row rows[] = {{"a\xff"
                       "b",
                       "a\xEF\xBF\xBD"
                       "b"},
                      {"\xc3\xa4\xc3", "\xc3\xa4\xEF\xBF\xBD"},
                      {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};
  for (const Row& row : rows) {
    DecisionRecord record;
    record.subject.id = row.given;
    const std::string bytes = to_bytes(record).value();
    EXPECT_TRUE(is_valid_utf8(bytes));
    EXPECT_EQ(decision_from_json(json(bytes)).value().subject.id, row.recorded);
  }
}

TEST(Record, CutsTheLongestFieldsAndSaysWhich) {
  DecisionRecord record = full_decision();
  record.subject.id = std::string(40'000, 'a');
  record.resource.id = std::string(50'000, 'b');
  const std::string bytes = to_bytes(record).value();
  EXPECT_LE(bytes.size(), limits::kRecordBytes);
  const DecisionRecord read = decision_from_json(json(bytes)).value();
  EXPECT_EQ(read.truncated, (std::vector<TruncatedField>{{"/resource/id", 50'002}}));
  EXPECT_EQ(read.resource.id, std::string(1022, 'b'));
  EXPECT_EQ(read.subject.id, record.subject.id);
}

TEST(Record, CutsListsAtItemsAndLeavesOutObjects) {
  DecisionRecord record = full_decision();
  for (int i = 0; i < 10'000; ++i) record.rules.push_back("policy/rule-" + std::to_string(i));
  JsonValue::Object obligations;
  for (int i = 0; i < 9'000; ++i) obligations.emplace_back("key" + std::to_string(i), i);
  record.obligations = obligations;
  const std::string bytes = to_bytes(record).value();
  const DecisionRecord read = decision_from_json(json(bytes)).value();
  ASSERT_EQ(read.truncated.size(), 2u);
  EXPECT_EQ(read.truncated[0].field, "/obligations");
  EXPECT_EQ(read.truncated[1].field, "/rules");
  EXPECT_TRUE(read.obligations.is_null());
  EXPECT_GT(read.rules.size(), 40u);
  EXPECT_TRUE(std::equal(read.rules.begin(), read.rules.end(), record.rules.begin()));
}

// Whatever a peer writes into whatever field: a record comes out, it fits, and it can be read.
TEST(Record, AlwaysFits) {
  const std::uint64_t seed = 20'261'124;
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto text = [&](std::uint64_t longest = 70'000) {
    static const char* const kPieces[] = {"x",    "\x01",         "\"", "\\", "\xc3\xa4", "\xf0\x9f\x98\x80",
                                          "\xff", "\xed\xa0\x80", "\n"};
    const std::uint64_t length = random() % 4 == 0 ? random() % longest : random() % 50;
    const std::string piece = kPieces[random() % std::size(kPieces)];
    std::string out;
    while (out.size() < length) out += piece;
    return out;
  };
  const auto list = [&] {
    std::vector<std::string> out(random() % 4 == 0 ? random() % 500 : random() % 4);
    for (std::string& item : out) item = text(300);
    return out;
  };
  for (int round = 0; round < 150; ++round) {
    DecisionRecord record = full_decision();
    for (std::string* field : {&record.source.name, &record.source.boot, &record.subject.type, &record.subject.id,
                               &record.session, &record.tenant, &record.resource.type, &record.resource.id,
                               &record.reason, &record.rule_reason, &record.pep, &record.trace}) {
      *field = text();
    }
    for (const char* property : {"host", "protocol", "sni", "method", "path"}) {
      record.resource.properties.set(property, text());
    }
    record.rules = list();
    record.roles = list();
    record.dry_run = RecordDryRun{true, list()};
    const auto bytes = to_bytes(record);
    ASSERT_TRUE(bytes) << round;
    ASSERT_LE(bytes->size(), limits::kRecordBytes) << round;
    ASSERT_TRUE(is_valid_utf8(*bytes)) << round;
    const auto read = decision_from_json(json(*bytes));
    ASSERT_TRUE(read) << round << ": " << read.error().message;
    EXPECT_EQ(read->id, record.id);
    EXPECT_EQ(record_time(*bytes).value(), record.time);
    DecisionRecord again = *read;
    EXPECT_TRUE(!again.truncated.empty() || to_bytes(again).value() == *bytes) << round;
  }
}

TEST(RecordTime, IsFoundAtTheTopLevelOnly) {
  struct Row {
    const char* bytes;
    const char* time;
  };
  const Row rows[] = {
      {R"({"time":"2025-01-01T00:00:00.000Z"})", "2025-01-01T00:00:00.000Z"},
      {R"({"received":"2025-01-02T00:00:00.000Z","time":"2025-01-01T00:00:00.000Z"})", "2025-01-02T00:00:00.000Z"},
      {R"({"a":{"time":"2024-01-01T00:00:00.000Z"},"time":"2025-01-01T00:00:00.000Z"})", "2025-01-01T00:00:00.000Z"},
      {R"({"a":["received","x"],"b":"received","c":"\"received\":\"","time":"2025-01-01T00:00:00.000Z"})",
       "2025-01-01T00:00:00.000Z"},
      {R"({"a":"x\\","time":"2025-01-01T00:00:00.000Z"})", "2025-01-01T00:00:00.000Z"},
  };
  for (const Row& row : rows) EXPECT_EQ(to_rfc3339_millis(record_time(row.bytes).value()), row.time) << row.bytes;
  for (const char* bytes : {"", "{", "{}", R"({"time":)", R"({"time":")", R"({"time":"x"})", R"({"time":1})",
                            R"({"a":{"time":"2024-01-01T00:00:00.000Z"}})", R"({"a":"\)"}) {
    EXPECT_FALSE(record_time(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace portreeve::wire

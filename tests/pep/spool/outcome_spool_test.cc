#include "pep/spool/outcome_spool.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "pep/spool/outcome_shipper.h"
#include "pep/client/strict_json.h"
#include "storage/segments/file_system.h"
#include "tests/pep/scripted_pdp.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

const std::string kBootA(32, 'a');
const std::string kBootB(32, 'b');

Outcome outcome_to(const std::string& host) {
  Outcome outcome;
  outcome.time = Timestamp::from_unix(1'800'000'000, 5'000'000);
  outcome.decision = "dec_1";
  outcome.result = "closed";
  outcome.address = *net::IpAddress::parse("93.184.215.14");
  outcome.host = host;
  outcome.port = 443;
  outcome.bytes_in = 10;
  outcome.bytes_out = 20;
  outcome.duration = Millis(30);
  outcome.session = "ses_1";
  outcome.source = *net::IpAddress::parse("10.0.0.1");
  return outcome;
}

// Stores what is shipped, as the PDP does; which records it will not have is the test's to say.
class Ledger {
 public:
  ScriptedPdp::Script script() {
    return [this](const ScriptedPdp::Request& request) { return answer(request); };
  }
  // `boot/host` of each record stored, in the order of storing.
  std::vector<std::string> stored() const {
    const std::lock_guard lock(mutex_);
    return stored_;
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return stored_.size() >= count; });
  }
  std::vector<std::size_t> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

  std::set<std::string> poison;     // hosts that make a batch a 400
  bool names_the_record = true;     // whether the 400 says which
  std::set<std::string> foreign;    // hosts that are taken, and listed as refused
  std::size_t most_at_once = 1000;  // more of a batch is not acknowledged

 private:
  std::optional<std::string> answer(const ScriptedPdp::Request& request) {
    const auto body = read_json(request.body);
    if (!body || request.path != "/v1/outcomes") return http_response(404, "{}");
    const std::string boot(body->at("boot").as_string());
    const json::array& records = body->at("records").as_array();
    const std::lock_guard lock(mutex_);
    batches_.push_back(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!poison.contains(std::string(records[i].at("host").as_string()))) continue;
      const std::string field = names_the_record ? R"(,"field":"/records/)" + std::to_string(i) + "/decision\"" : "";
      return http_response(400, R"({"type":"urn:portreeve:problem:bad-request")" + field + "}");
    }
    std::string refused;
    std::int64_t highest = 0;
    for (std::size_t i = 0; i < std::min(records.size(), most_at_once); ++i) {
      const std::string host(records[i].at("host").as_string());
      highest = records[i].at("seq").as_int64();
      if (foreign.contains(host)) {
        refused += (refused.empty() ? "" : ",") + (R"({"seq":)" + std::to_string(highest) + R"(,"why":"not yours"})");
      } else {
        stored_.push_back(boot.substr(0, 1) + std::to_string(highest) + "/" + host);
      }
    }
    changed_.notify_all();
    return http_response(200, R"({"boot":")" + boot + R"(","acknowledged":)" + std::to_string(highest) +
                                  R"(,"refused":[)" + refused + "]}");
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> stored_;
  std::vector<std::size_t> batches_;
};

class OutcomeSpoolTest : public testing::Test {
 protected:
  OutcomeSpoolTest() {
    char pattern[] = "/tmp/pep-spool-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~OutcomeSpoolTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<OutcomeSpool> open(const std::string& boot, std::uint64_t total_bytes = 64u << 20) {
    OutcomeSpoolOptions options;
    options.directory = directory_ + "/spool";
    options.total_bytes = total_bytes;
    options.refusals_per_second = 3;
    auto spool = OutcomeSpool::open(*files_, options, boot, log_);
    if (!spool) ADD_FAILURE() << spool.error().message;
    return spool ? std::move(*spool) : nullptr;
  }
  std::unique_ptr<OutcomeShipper> ship(OutcomeSpool& spool, const daemon::Endpoint& pdp, std::size_t batch = 8) {
    ShipperOptions options;
    options.pdp.endpoint = pdp;
    options.dead_letters = dead_letters();
    options.batch = batch;
    options.first_pause = Millis(10);
    options.longest_pause = Millis(50);
    options.farewell = Millis(20'000);
    return std::make_unique<OutcomeShipper>(spool, *files_, options, log_);
  }
  std::string dead_letters() const { return directory_ + "/dead-letters.jsonl"; }
  std::string dead_text() const {
    std::ifstream file(dead_letters());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string directory_;
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  std::ostringstream log_text_;
  daemon::Log log_{{}, &log_text_};
};

TEST(OutcomeRecord, HasTheFixedWireForm) {
  EXPECT_EQ(
      to_json(outcome_to("api.example.com"), 7),
      R"({"address":"93.184.215.14","bytesIn":10,"bytesOut":20,"decision":"dec_1","durationMs":30,"host":"api.example.com",)"
      R"("kind":"outcome","port":443,"protocol":"tls","result":"closed","seq":7,"session":"ses_1","source":"10.0.0.1",)"
      R"("time":"2027-01-15T08:00:00.005Z"})");
  Outcome failed = outcome_to("a.example.com");
  failed.result = "failed";
  failed.reason = wire::Reason::connect_timeout;
  EXPECT_NE(to_json(failed, 1).find(R"("reason":"connect-timeout")"), std::string::npos);
  Refusal refusal;
  refusal.time = Timestamp::from_unix(1'800'000'000);
  refusal.source = *net::IpAddress::parse("10.0.0.1");
  EXPECT_EQ(
      to_json(refusal, 1),
      R"({"action":"egress.connect","kind":"refusal","reason":"bad-request","result":"refused","seq":1,"source":"10.0.0.1",)"
      R"("time":"2027-01-15T08:00:00.000Z"})");
  refusal.reason = wire::Reason::resolve_error;
  refusal.host = "a.example.com";
  refusal.port = 443;
  refusal.session = "ses_1";
  refusal.left_out = 12;
  EXPECT_EQ(
      to_json(refusal, 2),
      R"({"action":"egress.connect","host":"a.example.com","kind":"refusal","lost":12,"port":443,"reason":"resolve-error",)"
      R"("result":"refused","seq":2,"session":"ses_1","source":"10.0.0.1","time":"2027-01-15T08:00:00.000Z"})");
}

TEST_F(OutcomeSpoolTest, ShipsInOrderAndNumbersFromOne) {
  Ledger ledger;
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA);
  for (const char* host : {"one", "two", "three"}) spool->add(outcome_to(host));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/one", "a2/two", "a3/three"}));
}

TEST_F(OutcomeSpoolTest, KeepsRecordsAcrossARestartUnderTheirOwnBoot) {
  for (const char* host : {"one", "two"}) open(kBootA)->add(outcome_to(host));
  Ledger ledger;
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootB);
  spool->add(outcome_to("three"));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/one", "a1/two", "b1/three"}));
}

TEST_F(OutcomeSpoolTest, DoesNotShipAgainWhatWasTaken) {
  Ledger ledger;
  ScriptedPdp pdp(ledger.script());
  {
    const auto spool = open(kBootA);
    spool->add(outcome_to("one"));
    ship(*spool, pdp.endpoint()).reset();
  }
  const auto spool = open(kBootB);
  spool->add(outcome_to("two"));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/one", "b1/two"}));
}

TEST_F(OutcomeSpoolTest, WaitsForAPdpThatIsAway) {
  std::uint16_t port = 0;
  {
    ScriptedPdp pdp([](const auto&) { return std::nullopt; });
    port = pdp.endpoint().port;
  }
  const auto spool = open(kBootA);
  const auto shipper = ship(*spool, {"127.0.0.1", port, ""});
  for (int i = 0; i < 20; ++i) spool->add(outcome_to("host" + std::to_string(i)));
  Ledger ledger;
  ScriptedPdp pdp(ledger.script(), "", port);
  EXPECT_TRUE(ledger.wait_for(20)) << log_text_.str();
}

TEST_F(OutcomeSpoolTest, GoesOnWhereAPdpAnswersErrorsForAWhile) {
  Ledger ledger;
  std::atomic<int> count{0};
  ScriptedPdp pdp([&](const ScriptedPdp::Request& request) -> std::optional<std::string> {
    switch (count++) {
      case 0:
        return http_response(503, "{}");
      case 1:
        return http_response(401, "{}");
      case 2:
        return http_response(200, "{}");
      case 3:
        return http_response(200, R"({"boot":"another","acknowledged":99})");
      case 4:
        return std::nullopt;
      default:
        return ledger.script()(request);
    }
  });
  const auto spool = open(kBootA);
  const auto shipper = ship(*spool, pdp.endpoint());
  spool->add(outcome_to("one"));
  EXPECT_TRUE(ledger.wait_for(1));
  EXPECT_EQ(ledger.stored(), std::vector<std::string>{"a1/one"});
}

TEST_F(OutcomeSpoolTest, SendsTheRestWhereABatchIsTakenInPart) {
  Ledger ledger;
  ledger.most_at_once = 3;
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA);
  for (int i = 1; i <= 8; ++i) spool->add(outcome_to("h" + std::to_string(i)));
  ship(*spool, pdp.endpoint()).reset();
  const auto stored = ledger.stored();
  ASSERT_EQ(stored.size(), 8u);
  EXPECT_EQ(stored.back(), "a8/h8");
}

TEST_F(OutcomeSpoolTest, BuriesTheRecordThatThePdpNames) {
  Ledger ledger;
  ledger.poison = {"h3", "h8"};
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA);
  for (int i = 1; i <= 9; ++i) spool->add(outcome_to("h" + std::to_string(i)));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/h1", "a2/h2", "a4/h4", "a5/h5", "a6/h6", "a7/h7", "a9/h9"}));
  EXPECT_EQ(dead_text(), "{\"boot\":\"" + kBootA + "\",\"record\":" + to_json(outcome_to("h3"), 3) + "}\n{\"boot\":\"" +
                             kBootA + "\",\"record\":" + to_json(outcome_to("h8"), 8) + "}\n");
}

TEST_F(OutcomeSpoolTest, FindsTheRecordThatThePdpDoesNotName) {
  Ledger ledger;
  ledger.poison = {"h6"};
  ledger.names_the_record = false;
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA);
  for (int i = 1; i <= 8; ++i) spool->add(outcome_to("h" + std::to_string(i)));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/h1", "a2/h2", "a3/h3", "a4/h4", "a5/h5", "a7/h7", "a8/h8"}));
  EXPECT_NE(dead_text().find("\"h6\""), std::string::npos);
}

TEST_F(OutcomeSpoolTest, BuriesWhatIsRefusedWithinATakenBatch) {
  Ledger ledger;
  ledger.foreign = {"h2"};
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA);
  for (int i = 1; i <= 3; ++i) spool->add(outcome_to("h" + std::to_string(i)));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/h1", "a3/h3"}));
  EXPECT_NE(dead_text().find("\"h2\""), std::string::npos);
  EXPECT_NE(log_text_.str().find("not yours"), std::string::npos) << log_text_.str();
}

TEST_F(OutcomeSpoolTest, SaysWhenThereIsNoRoomAndThereIsAgain) {
  Ledger ledger;
  ScriptedPdp pdp(ledger.script());
  const auto spool = open(kBootA, 1u << 20);
  ASSERT_TRUE(spool->has_room());
  std::size_t added = 0;
  while (spool->has_room() && added < 100'000) {
    spool->add(outcome_to("host"));
    ++added;
  }
  EXPECT_FALSE(spool->has_room());
  EXPECT_LT(added, 10'000u);
  // What is open may still leave its record.
  spool->add(outcome_to("last"));
  EXPECT_EQ(spool->lost(), 0u);
  ship(*spool, pdp.endpoint(), 256).reset();
  EXPECT_EQ(ledger.stored().size(), added + 1);
}

TEST_F(OutcomeSpoolTest, CountsAFloodOfRefusalsInsteadOfStoringIt) {
  Ledger ledger;
  std::vector<std::string> bodies;
  ScriptedPdp pdp([&](const ScriptedPdp::Request& request) {
    bodies.push_back(request.body);
    return ledger.script()(request);
  });
  const auto spool = open(kBootA);
  Refusal refusal;
  refusal.host = "flood";
  refusal.time = Timestamp::from_unix(1'800'000'000);
  for (int i = 0; i < 1000; ++i) spool->add(refusal);
  refusal.time = Timestamp::from_unix(1'800'000'001);
  refusal.host = "later";
  spool->add(refusal);
  spool->add(outcome_to("an outcome is never left out"));
  ship(*spool, pdp.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), (std::vector<std::string>{"a1/flood", "a2/flood", "a3/flood", "a4/later",
                                                       "a5/an outcome is never left out"}));
  ASSERT_EQ(bodies.size(), 1u);
  EXPECT_NE(bodies[0].find(R"("host":"later","kind":"refusal","lost":997)"), std::string::npos) << bodies[0];
}

}  // namespace
}  // namespace portreeve::pep

#include "pep/usage/usage_spool.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "engine/reader/json_reader.h"
#include "pep/usage/usage_shipper.h"
#include "storage/segments/file_system.h"
#include "tests/pep/scripted_pdp.h"

namespace portreeve::pep {
namespace {

const std::string kBootA(32, 'a');
const std::string kBootB(32, 'b');

wire::UsageEvent call_of(const std::string& model) {
  wire::UsageEvent event;
  event.time = Timestamp::from_unix(1'800'000'000);
  event.gate = "broker-1";
  event.provider = "anthropic";
  event.api = wire::UsageApi::anthropic_messages;
  event.model = model;
  return event;
}

wire::UsageEvent ended() {
  wire::UsageEvent event;
  event.status = 200;
  event.outcome = wire::UsageOutcome::completed;
  event.certainty = wire::UsageCertainty::reported;
  event.counters.input = 3;
  return event;
}

std::string problem(std::string_view field) {
  return http_response(400, R"({"type":"urn:portreeve:problem:usage-invalid","field":")" + std::string(field) + "\"}");
}

// Stores what is shipped, as accounting does; which events it calls invalid is the test's to say.
class Ledger {
 public:
  ScriptedPdp::Script script() {
    return [this](const ScriptedPdp::Request& request) { return answer(request); };
  }
  // `boot seq kind model` of each event, in the order of storing, repetitions too.
  std::vector<std::string> stored() const {
    const std::lock_guard lock(mutex_);
    return stored_;
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return stored_.size() >= count; });
  }
  std::set<std::string> poison;  // models that make a batch a 400
  bool names_the_event = true;
  std::size_t most_at_once = 1000;

 private:
  std::optional<std::string> answer(const ScriptedPdp::Request& request) {
    const auto body = reader::parse_json(request.body);
    if (!body || request.path != "/v1/usage") return http_response(404, "{}");
    EXPECT_EQ(*body->find("gate")->as_string(), "broker \"one\"");
    const std::string boot = *body->find("boot")->as_string();
    const JsonValue::Array& events = *body->find("events")->as_array();
    const std::lock_guard lock(mutex_);
    std::vector<wire::NumberedUsageEvent> read;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto event = wire::usage_event_from_json(events[i]);
      if (!event) ADD_FAILURE() << event.error().message;
      if (!event) return problem("/");
      if (poison.contains(event->event.model)) {
        return problem(names_the_event ? "/events/" + std::to_string(i) + "/model" : "/events");
      }
      read.push_back(*event);
    }
    std::int64_t highest = 0;
    for (std::size_t i = 0; i < std::min(read.size(), most_at_once); ++i) {
      highest = read[i].seq;
      stored_.push_back(boot.substr(0, 1) + std::to_string(highest) + " " +
                        std::string(wire::to_text(read[i].event.kind)) + " " + read[i].event.model);
    }
    changed_.notify_all();
    return http_response(200, R"({"boot":")" + boot + R"(","acknowledged":)" + std::to_string(highest) + "}");
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> stored_;
};

class UsageSpoolTest : public testing::Test {
 protected:
  UsageSpoolTest() {
    char pattern[] = "/tmp/usage-spool-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~UsageSpoolTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<UsageSpool> open(const std::string& boot, std::uint64_t total_bytes = 64u << 20) {
    auto spool = UsageSpool::open(*files_, {directory_ + "/spool", total_bytes}, boot, log_);
    if (!spool) ADD_FAILURE() << spool.error().message;
    return spool ? std::move(*spool) : nullptr;
  }
  std::unique_ptr<UsageShipper> ship(UsageSpool& spool, const daemon::Endpoint& accounting) {
    UsageShipperOptions options;
    options.accounting = accounting;
    options.gate = "broker \"one\"";
    options.dead_letters = directory_ + "/dead-letters.jsonl";
    options.batch = 8;
    options.first_pause = Millis(10);
    options.longest_pause = Millis(50);
    options.farewell = Millis(20'000);
    return std::make_unique<UsageShipper>(spool, *files_, options, log_);
  }
  void make_call(UsageSpool& spool, const std::string& model) {
    auto call = spool.begin_and_wait(call_of(model));
    ASSERT_TRUE(call) << call.error().message;
    call->complete(ended());
  }
  std::string dead_text() const {
    std::ifstream file(directory_ + "/dead-letters.jsonl");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string directory_;
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  std::ostringstream log_text_;
  daemon::Log log_{{}, &log_text_};
};

TEST_F(UsageSpoolTest, ShipsIntentThenCompletionUnderOneKey) {
  Ledger ledger;
  ScriptedPdp accounting(ledger.script());
  const auto spool = open(kBootA);
  auto call = spool->begin_and_wait(call_of("one"));
  ASSERT_TRUE(call);
  EXPECT_EQ(call->intent().key, kBootA + "-1");
  EXPECT_EQ(spool->queue().durable_end(), 1u) << "an intent is durable before the call";
  call->complete(ended());
  EXPECT_FALSE(static_cast<bool>(*call));
  call->complete(ended());  // once is all
  make_call(*spool, "two");
  ship(*spool, accounting.endpoint()).reset();
  EXPECT_EQ(ledger.stored(),
            (std::vector<std::string>{"a1 intent one", "a2 completion one", "a3 intent two", "a4 completion two"}));
  EXPECT_EQ(spool->waiting(), 0u);
}

TEST_F(UsageSpoolTest, ResumesACoroutineOnItsOwnThread) {
  const auto spool = open(kBootA);
  boost::asio::io_context context;
  std::optional<bool> on_the_loop;
  const auto loop = std::this_thread::get_id();
  const auto run = [&]() -> boost::asio::awaitable<void> {
    auto call = co_await spool->begin(call_of("one"));
    on_the_loop = call && std::this_thread::get_id() == loop && spool->queue().durable_end() == 1;
    if (call) call->complete(ended());
  };
  boost::asio::co_spawn(context, run, [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  EXPECT_EQ(on_the_loop, true);
}

TEST_F(UsageSpoolTest, ACallWithoutCompletionLeavesItsIntent) {
  Ledger ledger;
  ScriptedPdp accounting(ledger.script());
  const auto spool = open(kBootA);
  static_cast<void>(spool->begin_and_wait(call_of("one")));
  ship(*spool, accounting.endpoint()).reset();
  EXPECT_EQ(ledger.stored(), std::vector<std::string>{"a1 intent one"});
}

TEST_F(UsageSpoolTest, KeepsEventsAcrossARestartUnderTheirOwnBootAndShipsThemOnce) {
  make_call(*open(kBootA), "one");
  Ledger ledger;
  ScriptedPdp accounting(ledger.script());
  {
    const auto spool = open(kBootB);
    make_call(*spool, "two");
    ship(*spool, accounting.endpoint()).reset();
  }
  ship(*open(kBootB), accounting.endpoint()).reset();
  EXPECT_EQ(ledger.stored(),
            (std::vector<std::string>{"a1 intent one", "a2 completion one", "b1 intent two", "b2 completion two"}));
}

TEST_F(UsageSpoolTest, WaitsForAccountingThatIsAway) {
  std::uint16_t port = 0;
  {
    ScriptedPdp accounting([](const auto&) { return std::nullopt; });
    port = accounting.endpoint().port;
  }
  const auto spool = open(kBootA);
  const auto shipper = ship(*spool, {"127.0.0.1", port, ""});
  for (int i = 0; i < 10; ++i) make_call(*spool, "m");
  Ledger ledger;
  ScriptedPdp accounting(ledger.script(), "", port);
  EXPECT_TRUE(ledger.wait_for(20)) << log_text_.str();
}

// Whatever stands on accounting's port: only accounting's own word gives an event up.
TEST_F(UsageSpoolTest, HoldsWhileAccountingAnswersGarbage) {
  Ledger ledger;
  std::atomic<int> count{0};
  ScriptedPdp accounting([&](const ScriptedPdp::Request& request) -> std::optional<std::string> {
    switch (count++) {
      case 0:
        return http_response(503, "{}");
      case 1:
        return http_response(401, R"({"type":"urn:portreeve:problem:token-missing"})");
      case 2:
        return http_response(200, "<html>welcome</html>");
      case 3:
        return http_response(200, R"({"boot":"another","acknowledged":99})");
      case 4:
        return http_response(200, R"({"boot":")" + kBootA + R"(","acknowledged":0})");
      case 5:
        return http_response(400, R"({"error":"bad request"})");
      case 6:
        return http_response(422, R"({"type":"urn:portreeve:problem:usage-invalid","field":"/events/0"})");
      case 7:
        return http_response(400, R"({"type":"urn:example:usage-invalid"})");
      case 8:
        return "SSH-2.0-OpenSSH_9.2\r\n";
      case 9:
        return std::nullopt;
      default:
        return ledger.script()(request);
    }
  });
  const auto spool = open(kBootA);
  const auto shipper = ship(*spool, accounting.endpoint());
  make_call(*spool, "one");
  EXPECT_TRUE(ledger.wait_for(2));
  EXPECT_EQ(dead_text(), "");
}

TEST_F(UsageSpoolTest, SendsTheRestWhereABatchIsTakenInPart) {
  Ledger ledger;
  ledger.most_at_once = 3;
  ScriptedPdp accounting(ledger.script());
  const auto spool = open(kBootA);
  for (int i = 0; i < 4; ++i) make_call(*spool, "m");
  ship(*spool, accounting.endpoint()).reset();
  EXPECT_EQ(ledger.stored().size(), 8u);
}

TEST_F(UsageSpoolTest, BuriesTheEventThatAccountingCallsInvalid) {
  for (const bool named : {true, false}) {
    Ledger ledger;
    ledger.poison = {"bad"};
    ledger.names_the_event = named;
    ScriptedPdp accounting(ledger.script());
    const auto spool = open(named ? kBootA : kBootB);
    for (const char* model : {"good", "bad", "fine"}) make_call(*spool, model);
    ship(*spool, accounting.endpoint()).reset();
    EXPECT_EQ(ledger.stored().size(), 4u) << named;
  }
  const std::string text = dead_text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST_F(UsageSpoolTest, RefusesACallThatWouldFindNoRoomAndKeepsRoomForCompletions) {
  const auto spool = open(kBootA, 1u << 20);
  std::vector<UsageSpool::Call> open_calls;
  while (true) {
    auto call = spool->begin_and_wait(call_of("m"));
    if (!call) {
      EXPECT_EQ(call.error().message, "the usage spool is full");
      break;
    }
    open_calls.push_back(std::move(*call));
    ASSERT_LT(open_calls.size(), 10'000u);
  }
  EXPECT_FALSE(spool->has_room());
  EXPECT_GT(open_calls.size(), 50u);
  wire::UsageEvent large = ended();
  large.answered_model = std::string(256, '"');
  large.response_id = std::string(256, '\\');
  large.service_tier = std::string(256, '"');
  for (int i = 0; i < 16; ++i) large.counters.tools[std::string(60, '"') + std::to_string(100 + i)] = 10'000'000'000;
  for (auto& call : open_calls) call.complete(large);
  static_cast<void>(spool->queue().append_and_wait({}));
  EXPECT_EQ(spool->lost(), 0u) << log_text_.str();
  Ledger ledger;
  ScriptedPdp accounting(ledger.script());
  ship(*spool, accounting.endpoint()).reset();
  EXPECT_EQ(ledger.stored().size(), 2 * open_calls.size());
  EXPECT_TRUE(spool->has_room());
}

}  // namespace
}  // namespace portreeve::pep

#include "pep/client/event_stream.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/pep/scripted_pdp.h"

namespace portreeve::pep {
namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

std::string hello(int event) {
  return "event: hello\ndata: {\"event\":" + std::to_string(event) + ",\"revision\":\"sha256:1\",\"pdp\":\"p\"}\n\n";
}
std::string beat() { return "event: heartbeat\ndata: {\"event\":1}\n\n"; }
std::string revocation(int event, const std::string& sessions, bool with_id = true) {
  const std::string number = std::to_string(event);
  return (with_id ? "id: " + number + "\n" : "") + "event: revocation\ndata: {\"event\":" + number +
         ",\"kind\":\"session\",\"sessions\":[" + sessions + "]}\n\n";
}

class StreamTest : public testing::Test {
 protected:
  // What the PDP says to its n-th caller, counted from 1; nothing: it hangs up.
  std::function<std::optional<std::string>(int, const ScriptedPdp::Request&)> says;

  void start(const std::string& unix_path = "", SilenceTimes times = {Millis(600'000), Millis(600'000)}) {
    pdp = std::make_unique<ScriptedPdp>(
        [this](const ScriptedPdp::Request& request) { return says(request.connection, request); }, unix_path);
    watch = std::make_unique<SessionWatch>(context, times);
    options.pdp.endpoint = pdp->endpoint();
    options.pdp.credential = "pep_x";
    options.first_pause = Millis(2);
    options.longest_pause = Millis(10);
    options.on_revision = [this](const std::string& revision) { revisions.push_back(revision); };
    options.on_change = [this](const std::string& lost) { changes.push_back(lost); };
    stream = std::make_unique<EventStream>(context, options, *watch);
  }
  void run_until(const std::function<bool()>& is_done) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "it never came to that";
      context.run_one_for(std::chrono::milliseconds(50));
    }
  }
  // Nobody waits for anything: no timer, no connection.
  void expect_nothing_left() {
    context.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(context.stopped()) << "something is still waited for";
  }
  // Where the n-th caller said it was.
  std::string last_event_id(std::size_t caller) {
    const std::string head = pdp->requests().at(caller - 1).head;
    const std::size_t at = head.find("Last-Event-ID: ");
    return at == std::string::npos ? "none" : head.substr(at + 15, head.find('\r', at) - at - 15);
  }

  boost::asio::io_context context;
  EventStreamOptions options;
  std::unique_ptr<ScriptedPdp> pdp;
  std::unique_ptr<SessionWatch> watch;
  std::unique_ptr<EventStream> stream;
  std::vector<std::string> revisions, changes;
};

TEST_F(StreamTest, TellsWhatComes) {
  says = [](int, const auto&) {
    return kHead + hello(5) + revocation(6, R"("ses_1","ses_2")") + beat() +
           "id: 7\nevent: activation\ndata: {\"event\":7,\"revision\":\"sha256:2\"}\n\n";
  };
  start();
  run_until([&] { return revisions.size() == 2; });
  EXPECT_EQ(revisions, (std::vector<std::string>{"sha256:1", "sha256:2"}));
  EXPECT_EQ(changes, std::vector<std::string>{""});
  EXPECT_TRUE(watch->is_overtaken("ses_2", 5));
  EXPECT_FALSE(watch->is_overtaken("ses_3", 5));
  EXPECT_TRUE(watch->may_start());
  EXPECT_EQ(watch->era(), 1u);
  const std::string head = pdp->requests().at(0).head;
  EXPECT_EQ(head.rfind("GET /v1/events HTTP/1.1\r\n", 0), 0u) << head;
  EXPECT_NE(head.find("Authorization: Bearer pep_x\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Accept: text/event-stream\r\n"), std::string::npos) << head;
}

TEST_F(StreamTest, OtherRolesInASessionOutdateAnswersAndCutNothing) {
  says = [](int, const auto&) {
    return kHead + hello(5) + "id: 6\nevent: roles\ndata: {\"event\":6,\"session\":\"ses_1\"}\n\n";
  };
  start();
  run_until([&] { return watch->era() == 1; });
  EXPECT_FALSE(watch->is_overtaken("ses_1", 5));
  EXPECT_EQ(revisions, std::vector<std::string>{"sha256:1"});
}

TEST_F(StreamTest, WorksOverAUnixSocketAndInChunks) {
  const auto chunk = [](const std::string& bytes) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
  };
  const std::string events = hello(5) + revocation(6, R"("ses_1")");
  says = [&](int, const auto&) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n" +
           chunk(events.substr(0, 20)) + chunk(events.substr(20));
  };
  const std::string path = testing::TempDir() + "event-stream-test.sock";
  start(path);
  run_until([&] { return watch->is_overtaken("ses_1", 0); });
}

TEST_F(StreamTest, ComesBackAndSaysWhereItWas) {
  says = [](int caller, const auto&) -> std::optional<std::string> {
    switch (caller) {
      case 1:
        return kHead + hello(5);
      case 2:
        return std::nullopt;
      case 3:
        return http_response(503, "{}");
      case 4:  // cut within an event that comes in two messages: only the last has the id
        return kHead + hello(9) + revocation(6, R"("ses_1")") + revocation(7, R"("ses_2")", false);
      default:
        return kHead + hello(9) + revocation(7, R"("ses_2")", false) + revocation(7, R"("ses_3")");
    }
  };
  start();
  run_until([&] { return changes.size() == 1; });
  pdp->hang_up();
  run_until([&] { return watch->is_overtaken("ses_2", 9); });
  pdp->hang_up();
  run_until([&] { return watch->is_overtaken("ses_3", 9); });
  EXPECT_EQ(last_event_id(1), "none");
  EXPECT_EQ(last_event_id(2), "5") << "as of the hello";
  EXPECT_EQ(last_event_id(3), "5");
  EXPECT_EQ(last_event_id(4), "5");
  EXPECT_EQ(last_event_id(5), "6");
  EXPECT_EQ(changes.size(), 5u) << "up, lost, up, lost, up";
  EXPECT_EQ(watch->era(), 0u);
}

TEST_F(StreamTest, DropsWhatIsKeptAtAReset) {
  says = [](int caller, const auto&) -> std::optional<std::string> {
    if (caller == 1) return kHead + hello(500);
    if (caller == 2)
      return kHead + hello(3) + "event: reset\ndata: {\"event\":3}\n\n" + revocation(2, R"("ses_1")", false);
    return kHead + hello(3) + revocation(2, R"("ses_1")");
  };
  start();
  run_until([&] { return changes.size() == 1; });
  pdp->hang_up();
  run_until([&] { return watch->is_overtaken("ses_1", 3); });
  EXPECT_EQ(watch->era(), 1u);
  EXPECT_EQ(last_event_id(2), "500");
  pdp->hang_up();
  run_until([&] { return changes.size() == 5; });
  EXPECT_EQ(last_event_id(3), "0") << "cut before its end, a reset is had again";
}

TEST_F(StreamTest, GivesUpAConnectionWithoutHeartbeats) {
  says = [](int caller, const auto&) -> std::optional<std::string> {
    if (caller == 1) return std::string(ScriptedPdp::kSilence);
    if (caller == 2) return kHead + hello(5) + "event: weather\ndata: fine\n\n: still here\n\n";
    return kHead + hello(5);
  };
  options.stalled = Millis(60);
  start();
  run_until([&] { return pdp->requests().size() >= 3; });
  EXPECT_EQ(changes.at(0), "nothing is heard on the event stream");
  EXPECT_EQ(changes.at(1), "");
  EXPECT_EQ(changes.at(2), "nothing is heard on the event stream");
}

TEST_F(StreamTest, BelievesNothingThatIsNotWhollyUnderstood) {
  const std::pair<std::string, std::string> table[] = {
      {http_response(401, "{}"), "the PDP refuses the event stream with 401"},
      {http_response(200, "{}"), "the PDP answers with something that is no event stream"},
      {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: " + std::string(9000, 'a') + "\r\n\r\n",
       "the PDP does not answer: header limit exceeded"},
      {kHead + beat(), "the event stream does not begin with a hello"},
      {kHead + "event: hello\ndata: {}\n\n", "an event has no number"},
      {kHead + "data: a\rb\n\n", "the event stream holds a byte that has no place there"},
      {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n",
       "the PDP ended the event stream"},
  };
  for (const auto& [answer, why] : table) {
    changes.clear();
    says = [&answer = answer](int, const auto&) { return answer; };
    start();
    run_until([&] { return !changes.empty(); });
    EXPECT_EQ(changes, std::vector<std::string>{why});
    EXPECT_FALSE(watch->may_start());
    stream.reset();
    pdp.reset();
  }
}

TEST_F(StreamTest, TakesWhatCameBeforeTheFault) {
  says = [](int, const auto&) { return kHead + hello(5) + revocation(6, R"("ses_1")") + "id: x\n"; };
  start();
  run_until([&] { return changes.size() >= 2; });
  EXPECT_TRUE(watch->is_overtaken("ses_1", 5));
  EXPECT_EQ(changes.at(1), "an event's id is no whole number");
}

TEST_F(StreamTest, EndsWhereItIs) {
  says = [](int, const auto&) { return std::string(ScriptedPdp::kSilence); };
  start();
  run_until([&] { return pdp->connections() == 1; });
  stream.reset();
  expect_nothing_left();
  EXPECT_EQ(watch->era(), 0u);  // nothing was heard
  EXPECT_EQ(changes, std::vector<std::string>{});
}

TEST_F(StreamTest, EndsFromWithinACallback) {
  says = [](int, const auto&) { return kHead + hello(5) + beat(); };
  options.on_revision = {};
  start();
  stream.reset();
  options.on_change = [this](const std::string&) { stream.reset(); };
  stream = std::make_unique<EventStream>(context, options, *watch);
  run_until([&] { return stream == nullptr; });
  watch.reset();  // it would wait for a silence
  expect_nothing_left();
}

}  // namespace
}  // namespace portreeve::pep

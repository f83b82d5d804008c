#include "pep/client/pdp_client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>

#include "tests/pep/scripted_pdp.h"

namespace portreeve::pep {
namespace {

EgressAsk some_ask() {
  EgressAsk ask;
  ask.asker = {"a.b.c", "unknown", std::nullopt};
  ask.target = *net::Endpoint::parse("api.example.com:443");
  return ask;
}

// A client and what it runs on.
struct Gate {
  explicit Gate(PdpOptions options) : client(context, std::move(options)) {}
  AskResult ask() {
    std::optional<AskResult> result;
    boost::asio::co_spawn(context, client.ask(some_ask()), [&](std::exception_ptr failure, AskResult got) {
      if (failure) std::rethrow_exception(failure);
      result = std::move(got);
    });
    context.restart();
    while (!result) context.run_one();
    return *result;
  }
  boost::asio::io_context context;
  PdpClient client;
};

PdpOptions options_for(const daemon::Endpoint& endpoint, Millis deadline = Millis(5000)) {
  PdpOptions options;
  options.endpoint = endpoint;
  options.credential = "pep_secret";
  options.deadline = deadline;
  return options;
}

TEST(PdpClient, AsksAndKeepsTheConnection) {
  ScriptedPdp pdp([](const auto&) { return http_response(200, allow_resolve()); });
  Gate asker(options_for(pdp.endpoint()));
  for (int i = 0; i < 3; ++i) {
    const AskResult result = asker.ask();
    ASSERT_TRUE(std::holds_alternative<Answer>(result));
    EXPECT_TRUE(std::get<Answer>(result).allowed);
  }
  EXPECT_EQ(pdp.connections(), 1);
  const auto requests = pdp.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].path, "/access/v1/evaluation");
  EXPECT_NE(requests[0].head.find("Authorization: Bearer pep_secret\r\n"), std::string::npos);
  EXPECT_EQ(requests[0].body, to_json(some_ask()));
}

TEST(PdpClient, SendsNoCredentialWhereItHasNone) {
  ScriptedPdp pdp([](const auto&) { return http_response(200, allow_resolve()); });
  PdpOptions options = options_for(pdp.endpoint());
  options.credential.clear();
  Gate(options).ask();
  EXPECT_EQ(pdp.requests()[0].head.find("Authorization"), std::string::npos);
}

TEST(PdpClient, AsksOverAUnixSocket) {
  const std::string path = "/tmp/pep-client-test." + std::to_string(::getpid()) + ".sock";
  ScriptedPdp pdp([](const auto&) { return http_response(200, denial("default-deny")); }, path);
  Gate asker(options_for(pdp.endpoint()));
  const AskResult result = asker.ask();
  ASSERT_TRUE(std::holds_alternative<Answer>(result));
  EXPECT_FALSE(std::get<Answer>(result).allowed);
  ::unlink(path.c_str());
}

TEST(PdpClient, TriesAgainWhereAKeptConnectionIsDead) {
  ScriptedPdp pdp([](const auto&) { return http_response(200, allow_resolve()); });
  Gate asker(options_for(pdp.endpoint()));
  asker.ask();
  pdp.hang_up();
  EXPECT_TRUE(std::holds_alternative<Answer>(asker.ask()));
  EXPECT_EQ(pdp.connections(), 2);
}

TEST(PdpClient, DoesNotKeepAConnectionThatThePdpCloses) {
  ScriptedPdp pdp([](const auto&) { return http_response(200, allow_resolve(), "Connection: close\r\n"); });
  Gate asker(options_for(pdp.endpoint()));
  asker.ask();
  asker.ask();
  EXPECT_EQ(pdp.connections(), 2);
}

struct Failing {
  const char* name;
  std::optional<std::string> answer;
  wire::Reason reason;
  const char* detail;
};

TEST(PdpClient, DeniesWhateverGoesWrong) {
  const auto unavailable = wire::Reason::pdp_unavailable;
  const std::string audit = R"({"type":"urn:portreeve:problem:audit-unavailable","status":503})";
  const Failing table[] = {
      {"hangs up", std::nullopt, unavailable, "the PDP's answer does not come whole: end of stream"},
      {"garbage", "garbage\r\n\r\n", unavailable, "the PDP's answer does not come whole: bad version"},
      {"500", http_response(500, "{}"), unavailable, "the PDP answered 500"},
      {"401", http_response(401, "{}"), unavailable, "the PDP answered 401"},
      {"400", http_response(400, R"({"type":"urn:portreeve:problem:bad-request"})"), unavailable,
       "the PDP answered 400 bad-request"},
      {"201 with an allow", http_response(201, allow_resolve()), unavailable, "the PDP answered 201"},
      {"redirect", http_response(302, "", "Location: http://127.0.0.1/\r\n"), unavailable, "the PDP answered 302"},
      {"503 of the record", http_response(503, audit), wire::Reason::audit_unavailable,
       "the PDP answered 503 audit-unavailable"},
      {"503 otherwise", http_response(503, "{}"), unavailable, "the PDP answered 503"},
      {"the record's problem under 500", http_response(500, audit), unavailable,
       "the PDP answered 500 audit-unavailable"},
      {"no JSON", http_response(200, "<html>"), unavailable, "the PDP's answer is refused: no JSON text"},
      {"empty", http_response(200, ""), unavailable, "the PDP's answer is refused: no JSON text"},
      {"no id", http_response(200, R"({"decision":true,"context":{"reason":"rule-allow"}})"), unavailable,
       "the PDP's answer is refused: the answer has no `context.id`"},
      {"body too long", http_response(200, std::string(300'000, ' ')), unavailable,
       "the PDP's answer does not come whole: body limit exceeded"},
      {"head too long", http_response(200, allow_resolve(), "X: " + std::string(9000, 'a') + "\r\n"), unavailable,
       "the PDP's answer does not come whole: header limit exceeded"},
  };
  for (const Failing& row : table) {
    ScriptedPdp pdp([&](const auto&) { return row.answer; });
    const AskResult result = Gate(options_for(pdp.endpoint())).ask();
    ASSERT_TRUE(std::holds_alternative<PdpUnavailable>(result)) << row.name;
    EXPECT_EQ(std::get<PdpUnavailable>(result).reason, row.reason) << row.name;
    EXPECT_EQ(std::get<PdpUnavailable>(result).detail, row.detail) << row.name;
  }
}

TEST(PdpClient, DeniesAnAnswerThatBreaksOff) {
  const std::string whole = http_response(200, allow_resolve());
  ScriptedPdp pdp([&](const ScriptedPdp::Request& request) -> std::optional<std::string> {
    if (request.connection == 1) return whole;
    return whole.substr(0, whole.size() - 1) + std::string();
  });
  Gate asker(options_for(pdp.endpoint(), Millis(300)));
  EXPECT_TRUE(std::holds_alternative<Answer>(asker.ask()));
  pdp.hang_up();
  const AskResult result = asker.ask();
  ASSERT_TRUE(std::holds_alternative<PdpUnavailable>(result));
  EXPECT_EQ(std::get<PdpUnavailable>(result).detail, "the PDP did not answer in time");
}

TEST(PdpClient, DeniesWhenTimeIsUp) {
  ScriptedPdp pdp([](const auto&) { return std::string(ScriptedPdp::kSilence); });
  const auto start = std::chrono::steady_clock::now();
  const AskResult result = Gate(options_for(pdp.endpoint(), Millis(200))).ask();
  ASSERT_TRUE(std::holds_alternative<PdpUnavailable>(result));
  EXPECT_EQ(std::get<PdpUnavailable>(result).detail, "the PDP did not answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(PdpClient, DeniesWhereNobodyListens) {
  daemon::Endpoint gone;
  {
    ScriptedPdp pdp([](const auto&) { return std::nullopt; });
    gone = pdp.endpoint();
  }
  const AskResult tcp = Gate(options_for(gone)).ask();
  ASSERT_TRUE(std::holds_alternative<PdpUnavailable>(tcp));
  EXPECT_EQ(std::get<PdpUnavailable>(tcp).detail, "the PDP cannot be reached: Connection refused");
  const AskResult local = Gate(options_for({"", 0, "/nonexistent/pdp.sock"})).ask();
  ASSERT_TRUE(std::holds_alternative<PdpUnavailable>(local));
  EXPECT_EQ(std::get<PdpUnavailable>(local).detail, "the PDP cannot be reached: No such file or directory");
}

TEST(ParsePdpUrl, TakesTheTwoForms) {
  EXPECT_EQ(*parse_pdp_url("http://127.0.0.1:8180"), (daemon::Endpoint{"127.0.0.1", 8180, ""}));
  EXPECT_EQ(*parse_pdp_url("http://[::1]:8180/"), (daemon::Endpoint{"::1", 8180, ""}));
  EXPECT_EQ(*parse_pdp_url("unix:/run/pdp.sock"), (daemon::Endpoint{"", 0, "/run/pdp.sock"}));
  for (const char* text :
       {"", "127.0.0.1:8180", "https://127.0.0.1:8180", "http://127.0.0.1", "http://127.0.0.1:8180/x", "unix:x"}) {
    EXPECT_FALSE(parse_pdp_url(text)) << text;
  }
}

}  // namespace
}  // namespace portreeve::pep

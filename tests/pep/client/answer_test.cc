#include "pep/client/answer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/text.h"
#include "tests/pep/scripted_pdp.h"

namespace portreeve::pep {
namespace {

net::IpAddress address(std::string_view text) { return *net::IpAddress::parse(text); }

EgressAsk connect_ask() {
  EgressAsk ask;
  ask.stage = wire::EgressStage::connect;
  ask.asker = {"a.b.c", "unknown", address("10.1.2.3")};
  ask.target = *net::Endpoint::parse("api.example.com:443");
  ask.addresses = {address("93.184.215.14"), address("2606:4700::1")};
  return ask;
}

TEST(EgressAsk, IsAskedInTheFixedForm) {
  EXPECT_EQ(
      to_json(connect_ask()),
      R"({"action":{"name":"egress.connect"},"context":{"source":"10.1.2.3"},"resource":{"id":"api.example.com:443",)"
      R"("properties":{"addresses":["93.184.215.14","2606:4700::1"],"host":"api.example.com","port":443,"protocol":"connect"},)"
      R"("type":"endpoint"},"subject":{"id":"unknown","properties":{"token":"a.b.c"},"type":"session"}})");
  EgressAsk resolve = connect_ask();
  resolve.stage = wire::EgressStage::resolve;
  resolve.target = *net::Endpoint::parse("[2606:4700::1]:443");
  EXPECT_EQ(
      to_json(resolve),
      R"({"action":{"name":"egress.resolve"},"context":{"source":"10.1.2.3"},"resource":{"id":"[2606:4700::1]:443",)"
      R"("properties":{"host":"2606:4700::1","port":443,"protocol":"connect"},"type":"endpoint"},)"
      R"("subject":{"id":"unknown","properties":{"token":"a.b.c"},"type":"session"}})");
}

TEST(SessionOf, ReadsTheClaimAndNothingElse) {
  const auto token = [](std::string_view payload) { return "e30." + base64url_encode(payload) + ".c2ln"; };
  EXPECT_EQ(session_of(token(R"({"sid":"ses_1","sub":"x"})")), "ses_1");
  const std::string unreadable[] = {"",
                                    "abc",
                                    "a.b",
                                    "a..c",
                                    "e30.!!!.x",
                                    token("[]"),
                                    token("{}"),
                                    token(R"({"sid":1})"),
                                    token(R"({"sid":""})"),
                                    token(R"({"sid":"a b"})"),
                                    token(R"({"sid":"a","sid":"b"})"),
                                    token("{\"sid\":\"" + std::string(129, 'a') + "\"}"),
                                    token(R"({"sid":"a"} )"
                                          "x")};
  for (const std::string& one : unreadable) EXPECT_EQ(session_of(one), "unknown") << one;
}

TEST(ReadAnswer, ReadsAnAllow) {
  const auto answer = read_answer(allow_connect(R"(["2606:4700::1","93.184.215.14"])", "tcp",
                                                R"({"bytesOut":10,"bytesIn":20,"idle":5,"total":60,"connections":2})"),
                                  connect_ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->allowed);
  EXPECT_EQ(answer->id, "dec_connect");
  EXPECT_EQ(answer->reason, "rule-allow");
  EXPECT_EQ(answer->rules, std::vector<std::string>{"web/one"});
  EXPECT_EQ(answer->revision, "sha256:1");
  const EgressGrant& grant = std::get<EgressGrant>(answer->obligations);
  EXPECT_EQ(grant.protocol, wire::EgressProtocol::tcp);
  ASSERT_EQ(grant.addresses.size(), 2u);
  EXPECT_EQ(grant.addresses[0].address(), address("2606:4700::1"));
  EXPECT_EQ(grant.addresses[1].address(), address("93.184.215.14"));
  EXPECT_EQ(grant.addresses[1].port(), 443);
  EXPECT_EQ(grant.limits, (wire::EgressLimits{20, 10, Seconds(5), Seconds(60), 2}));
}

TEST(ReadAnswer, ReadsADenial) {
  const auto answer = read_answer(denial("rule-deny", "exfiltration-risk"), connect_ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->allowed);
  EXPECT_EQ(answer->reason, "rule-deny");
  EXPECT_EQ(answer->rule_reason, "exfiltration-risk");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(answer->obligations));
}

TEST(ReadAnswer, ReadsAnAllowedResolveWithoutObligations) {
  EgressAsk ask = connect_ask();
  ask.stage = wire::EgressStage::resolve;
  ask.addresses.clear();
  EXPECT_TRUE(read_answer(allow_resolve(), ask));
}

TEST(ReadAnswer, GivesADenialNoAddressWhateverItCarries) {
  const auto answer = read_answer(
      R"({"decision":false,"context":{"id":"d","reason":"rule-deny","obligations":{"connect":{"addresses":["93.184.215.14"],"protocol":"tls"}}}})",
      connect_ask());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(answer->obligations));
}

TEST(ReadAnswer, ReadsWhoseItIsAndHowLongItHolds) {
  const auto answer =
      read_answer(R"({"decision":false,"context":{"id":"d","reason":"session-revoked","event":12,"cacheFor":30,)"
                  R"("session":{"id":"ses_9","subject":"idp/rita","tenant":"acme"}}})",
                  connect_ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->session, (AnswerSession{"ses_9", "idp/rita", "acme"}));
  EXPECT_EQ(answer->event, 12);
  EXPECT_EQ(answer->cache_for, Seconds(30));
}

const std::string kSessionMember = R"("session":{"id":"unknown","subject":"idp/rita"})";

// An allow with these obligations, or without where there are none.
std::string allow_with(std::string_view obligations) {
  std::string body = R"({"decision":true,"context":{"id":"d","reason":"rule-allow","event":0,)" + kSessionMember;
  if (!obligations.empty()) body += R"(,"obligations":)" + std::string(obligations);
  return body + "}}";
}

template <class Ask>
void expect_refused(const std::vector<std::pair<std::string, std::string>>& table, const Ask& ask) {
  for (const auto& [body, message] : table) {
    const auto answer = read_answer(body, ask);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().message, message) << body;
  }
}

TEST(ReadAnswer, RefusesWhatIsNotWhollyUnderstood) {
  const std::string good = allow_with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"tls"}})");
  ASSERT_TRUE(read_answer(good, connect_ask()));
  const auto context = [](std::string_view decision, std::string_view members) {
    return R"({"decision":)" + std::string(decision) + R"(,"context":{)" + std::string(members) + "}}";
  };
  expect_refused(
      {
          {"", "no JSON text"},
          {"nonsense", "no JSON text"},
          {good + "x", "no JSON text"},
          {"\xff", "no JSON text"},
          {std::string(40, '[') + std::string(40, ']'), "no JSON text"},
          {R"({"decision":true,"decision":false})", "an object has a key twice"},
          {"[]", "the answer has no `decision`"},
          {"{}", "the answer has no `decision`"},
          {R"({"decision":"true"})", "the answer has no `decision`"},
          {R"({"decision":1})", "the answer has no `decision`"},
          {R"({"decision":true})", "the answer has no `context`"},
          {R"({"decision":true,"context":[]})", "the answer has no `context`"},
          {context("true", R"("reason":"rule-allow")"), "the answer has no `context.id`"},
          {context("true", R"("id":"","reason":"rule-allow")"), "the answer has no `context.id`"},
          {context("true", R"("id":"a\r\nb","reason":"rule-allow")"), "the answer has no `context.id`"},
          {context("true", R"("id":"d")"), "the answer has no `context.reason`"},
          {context("true", R"("id":"d","reason":"rule-deny")"), "the answer's reason contradicts its decision"},
          {context("false", R"("id":"d","reason":"rule-allow")"), "the answer's reason contradicts its decision"},
          {context("false", R"("id":"d","reason":"rule-deny","rules":"x")"), "`rules` is no list"},
          {context("false", R"("id":"d","reason":"rule-deny","rules":[1])"), "`rules` holds something that is no text"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0)"), "the answer allows and names no session"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"session":"ses_1")"), "`session` is no object"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"session":{"id":"unknown"})"),
           "`session` lacks its id or its subject"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"session":{"id":"a b","subject":"x"})"),
           "`session` lacks its id or its subject"},
          {context("true",
                   R"("id":"d","reason":"rule-allow","event":0,"session":{"id":"unknown","subject":"x","tenant":1})"),
           "`session.tenant` is no text"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"session":{"id":"ses_2","subject":"x"})"),
           "the answer is for another session than was asked for"},
          {context("true", R"("id":"d","reason":"rule-allow",)" + kSessionMember), "the answer has no `event`"},
          {context("true", R"("id":"d","reason":"rule-allow","event":-1,)" + kSessionMember),
           "`event` is no whole number"},
          {context("true", R"("id":"d","reason":"rule-allow","event":"1",)" + kSessionMember),
           "`event` is no whole number"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"cacheFor":-1,)" + kSessionMember),
           "`cacheFor` is no whole number"},
          {context("true", R"("id":"d","reason":"rule-allow","event":0,"cacheFor":1.5,)" + kSessionMember),
           "`cacheFor` is no whole number"},
      },
      connect_ask());
}

TEST(ReadAnswer, RefusesEgressObligationsThatItCannotFulfil) {
  const std::string good = R"("connect":{"addresses":["93.184.215.14"],"protocol":"tls"})";
  const std::string none = "the answer allows a connection and names no address for it";
  const std::string limit = "a limit is no positive whole number";
  expect_refused(
      {
          {allow_with(""), none},
          {allow_with("{}"), none},
          {allow_with("[]"), "`obligations` is no object"},
          {allow_with("null"), "`obligations` is no object"},
          {allow_with("{\"connect\":[]}"), "an obligation is no object"},
          {allow_with(R"({"connect":{"addresses":[],"protocol":"tls"}})"), none},
          {allow_with(R"({"connect":{"addresses":["93.184.215.14"]}})"), "`connect` has no `protocol`"},
          {allow_with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"http"}})"),
           "`connect.protocol` is neither tls nor tcp"},
          {allow_with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"connect"}})"),
           "`connect.protocol` is neither tls nor tcp"},
          {allow_with(R"({"connect":{"addresses":"93.184.215.14","protocol":"tls"}})"),
           "`connect.addresses` is no list"},
          {allow_with(R"({"connect":{"addresses":["93.184.215"],"protocol":"tls"}})"),
           "`connect.addresses` holds something that is no address"},
          {allow_with(R"({"connect":{"addresses":["93.184.215.15"],"protocol":"tls"}})"),
           "`connect.addresses` holds an address that was not asked about"},
          {allow_with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"tls","via":"x"}})"),
           "`connect` holds something that this gate does not know"},
          {allow_with("{" + good + R"(,"inspect":{}})"), "there is an obligation that this gate does not know"},
          {allow_with("{" + good + R"(,"limits":{"packets":1}})"), "there is a limit that this gate does not know"},
          {allow_with("{" + good + R"(,"limits":[]})"), "an obligation is no object"},
          {allow_with("{" + good + R"(,"limits":{"idle":0}})"), limit},
          {allow_with("{" + good + R"(,"limits":{"idle":-1}})"), limit},
          {allow_with("{" + good + R"(,"limits":{"idle":1.5}})"), limit},
          {allow_with("{" + good + R"(,"limits":{"bytesIn":"1"}})"), limit},
      },
      connect_ask());
}

SecretAsk secret_ask() {
  SecretAsk ask;
  ask.asker = {"a.b.c", "unknown", address("10.1.2.3")};
  ask.secret = "llm/anthropic";
  ask.upstream = "https://api.anthropic.com";
  ask.method = "POST";
  ask.path = "/v1/messages";
  ask.model = "claude-x";
  return ask;
}

TEST(SecretAsk, IsAskedInTheFixedForm) {
  EXPECT_EQ(
      to_json(secret_ask()),
      R"({"action":{"name":"secret.use"},"context":{"source":"10.1.2.3"},"resource":{"id":"llm/anthropic",)"
      R"("properties":{"method":"POST","model":"claude-x","path":"/v1/messages","upstream":"https://api.anthropic.com","use":"inject"},)"
      R"("type":"secret"},"subject":{"id":"unknown","properties":{"token":"a.b.c"},"type":"session"}})");
  SecretAsk lease = secret_ask();
  lease.use = wire::SecretUse::lease;
  lease.method = lease.path = lease.model = std::nullopt;
  lease.asker = {"", "", address("10.1.2.3")};
  EXPECT_EQ(to_json(lease),
            R"({"action":{"name":"secret.use"},"context":{"source":"10.1.2.3"},"resource":{"id":"llm/anthropic",)"
            R"("properties":{"upstream":"https://api.anthropic.com","use":"lease"},"type":"secret"},)"
            R"("subject":{"id":"10.1.2.3","type":"address"}})");
}

TEST(ReadAnswer, ReadsTheObligationsOfASecret) {
  const auto answer =
      read_answer(allow_with(R"({"use":"inject","limits":{"requestsPerMinute":60},"leaseTtl":900})"), secret_ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(std::get<wire::SecretObligations>(answer->obligations),
            (wire::SecretObligations{wire::SecretUse::inject, 60, Seconds(900)}));
  EXPECT_TRUE(read_answer(allow_with(R"({"use":"inject"})"), secret_ask()));
}

TEST(ReadAnswer, RefusesSecretObligationsThatItCannotFulfil) {
  expect_refused(
      {
          {allow_with(""), "the answer allows a use and does not name it"},
          {allow_with("{}"), "the answer allows a use and does not name it"},
          {allow_with(R"({"use":"lease"})"), "the answer is for another use than was asked for"},
          {allow_with(R"({"use":1})"), "the answer is for another use than was asked for"},
          {allow_with(R"({"use":"inject","limits":{"tokens":1}})"), "there is a limit that this gate does not know"},
          {allow_with(R"({"use":"inject","limits":{"requestsPerMinute":0}})"), "a limit is no positive whole number"},
          {allow_with(R"({"use":"inject","leaseTtl":"15m"})"), "a limit is no positive whole number"},
          {allow_with(R"({"use":"inject","redact":{}})"), "there is an obligation that this gate does not know"},
      },
      secret_ask());
}

ExecAsk exec_ask() {
  ExecAsk ask;
  ask.asker = {"", "unknown", std::nullopt};
  ask.program = {"/workspace/run", "/workspace/run", false};
  ask.interpreter = wire::ProgramFile{"/bin/sh", "/usr/bin/dash", true};
  ask.args = {"run", "-v"};
  ask.cwd = "/workspace";
  ask.user = "sandbox";
  ask.env = {"PATH", "HOME"};
  return ask;
}

TEST(ExecAsk, IsAskedInTheFixedForm) {
  EXPECT_EQ(
      to_json(exec_ask()),
      R"({"action":{"name":"process.exec"},"resource":{"id":"/workspace/run","properties":{"args":["run","-v"],"cwd":"/workspace",)"
      R"("env":["PATH","HOME"],"file":"/workspace/run","interpreter":{"file":"/usr/bin/dash","path":"/bin/sh","stable":true},)"
      R"("stable":false,"terminal":false,"user":"sandbox"},"type":"program"},"subject":{"id":"unknown","type":"session"}})");
}

TEST(ReadAnswer, ReadsTheObligationsOfAStart) {
  const auto answer = read_answer(
      allow_with(
          R"({"env":{"pass":["HOME"]},"write":["/workspace/**","/tmp/x"],"limits":{"wall":600,"cpu":300,"memory":1,"processes":2,"openFiles":3}})"),
      exec_ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(std::get<wire::ExecObligations>(answer->obligations),
            (wire::ExecObligations{{"HOME"}, {"/workspace/**", "/tmp/x"}, {Seconds(600), Seconds(300), 1, 2, 3}}));
  const auto bare = read_answer(allow_with("{}"), exec_ask());
  ASSERT_TRUE(bare) << "what is not granted is not granted";
  EXPECT_EQ(std::get<wire::ExecObligations>(bare->obligations), wire::ExecObligations{});
}

TEST(ReadAnswer, RefusesStartObligationsThatItCannotFulfil) {
  const std::string path = "`write` holds something that is no path";
  expect_refused(
      {
          {allow_with(R"({"env":["HOME"]})"), "an obligation is no object"},
          {allow_with(R"({"env":{}})"), "`env` is more or less than `pass`"},
          {allow_with(R"({"env":{"pass":[],"set":{}}})"), "`env` is more or less than `pass`"},
          {allow_with(R"({"env":{"pass":"HOME"}})"), "an obligation is no list"},
          {allow_with(R"({"env":{"pass":[1]}})"), "an obligation lists something that is no text"},
          {allow_with(R"({"env":{"pass":["LD_PRELOAD"]}})"), "`env.pass` holds a name that was not asked about"},
          {allow_with(R"({"write":"/tmp"})"), "an obligation is no list"},
          {allow_with(R"({"write":["tmp"]})"), path},
          {allow_with(R"({"write":["/tmp/../etc"]})"), path},
          {allow_with(R"({"write":["/tmp/"]})"), path},
          {allow_with(R"({"write":[""]})"), path},
          {allow_with(R"({"limits":{"wall":0}})"), "a limit is no positive whole number"},
          {allow_with(R"({"limits":{"disk":1}})"), "there is a limit that this gate does not know"},
          {allow_with(R"({"network":{}})"), "there is an obligation that this gate does not know"},
      },
      exec_ask());
}

TEST(ProblemCode, ReadsOurOwnTypesOnly) {
  EXPECT_EQ(problem_code(R"({"type":"urn:portreeve:problem:audit-unavailable","status":503})"), "audit-unavailable");
  for (const char* body : {"", "{}", "[]", R"({"type":"about:blank"})", R"({"type":3})"})
    EXPECT_EQ(problem_code(body), "") << body;
}

}  // namespace
}  // namespace portreeve::pep

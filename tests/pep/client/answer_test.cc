#include "pep/client/answer.h"

#include <gtest/gtest.h>

#include <string>

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

TEST(ReadAnswer, RefusesWhatIsNotWhollyUnderstood) {
  const std::string context = R"("context":{"id":"d","reason":"rule-allow","event":0,"obligations":)";
  const auto with = [&](std::string_view obligations) {
    return R"({"decision":true,)" + context + std::string(obligations) + "}}";
  };
  const std::string good = R"("connect":{"addresses":["93.184.215.14"],"protocol":"tls"})";
  ASSERT_TRUE(read_answer(with("{" + good + "}"), connect_ask()));
  const std::pair<std::string, const char*> table[] = {
      {"", "no JSON text"},
      {"nonsense", "no JSON text"},
      {with("{" + good + "}") + "x", "no JSON text"},
      {"\xff", "no JSON text"},
      {std::string(40, '[') + std::string(40, ']'), "no JSON text"},
      {R"({"decision":true,"decision":false})", "an object has a key twice"},
      {"[]", "the answer has no `decision`"},
      {"{}", "the answer has no `decision`"},
      {R"({"decision":"true"})", "the answer has no `decision`"},
      {R"({"decision":1})", "the answer has no `decision`"},
      {R"({"decision":true})", "the answer has no `context`"},
      {R"({"decision":true,"context":[]})", "the answer has no `context`"},
      {R"({"decision":true,"context":{"reason":"rule-allow"}})", "the answer has no `context.id`"},
      {R"({"decision":true,"context":{"id":"","reason":"rule-allow"}})", "the answer has no `context.id`"},
      {R"({"decision":true,"context":{"id":"a\r\nb","reason":"rule-allow"}})", "the answer has no `context.id`"},
      {R"({"decision":true,"context":{"id":"d"}})", "the answer has no `context.reason`"},
      {R"({"decision":true,"context":{"id":"d","reason":"rule-deny"}})",
       "the answer's reason contradicts its decision"},
      {R"({"decision":false,"context":{"id":"d","reason":"rule-allow"}})",
       "the answer's reason contradicts its decision"},
      {R"({"decision":false,"context":{"id":"d","reason":"rule-deny","rules":"x"}})", "`rules` is no list"},
      {R"({"decision":false,"context":{"id":"d","reason":"rule-deny","rules":[1]}})",
       "`rules` holds something that is no text"},
      {R"({"decision":true,"context":{"id":"d","reason":"rule-allow","event":0}})",
       "the answer allows a connection and names no address for it"},
      {R"({"decision":true,"context":{"id":"d","reason":"rule-allow"}})", "the answer has no `event`"},
      {with("{}"), "the answer allows a connection and names no address for it"},
      {with("[]"), "`obligations` is no object"},
      {with("null"), "`obligations` is no object"},
      {with("{\"connect\":[]}"), "an obligation is no object"},
      {with(R"({"connect":{"addresses":[],"protocol":"tls"}})"),
       "the answer allows a connection and names no address for it"},
      {with(R"({"connect":{"addresses":["93.184.215.14"]}})"), "`connect` has no `protocol`"},
      {with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"http"}})"),
       "`connect.protocol` is neither tls nor tcp"},
      {with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"connect"}})"),
       "`connect.protocol` is neither tls nor tcp"},
      {with(R"({"connect":{"addresses":"93.184.215.14","protocol":"tls"}})"), "`connect.addresses` is no list"},
      {with(R"({"connect":{"addresses":["93.184.215"],"protocol":"tls"}})"),
       "`connect.addresses` holds something that is no address"},
      {with(R"({"connect":{"addresses":["93.184.215.15"],"protocol":"tls"}})"),
       "`connect.addresses` holds an address that was not asked about"},
      {with(R"({"connect":{"addresses":["93.184.215.14"],"protocol":"tls","via":"x"}})"),
       "`connect` holds something that this gate does not know"},
      {with("{" + good + R"(,"inspect":{}})"), "there is an obligation that this gate does not know"},
      {with("{" + good + R"(,"limits":{"packets":1}})"), "there is a limit that this gate does not know"},
      {with("{" + good + R"(,"limits":{"idle":0}})"), "a limit is no positive whole number"},
      {with("{" + good + R"(,"limits":{"idle":-1}})"), "a limit is no positive whole number"},
      {with("{" + good + R"(,"limits":{"idle":1.5}})"), "a limit is no positive whole number"},
      {with("{" + good + R"(,"limits":{"bytesIn":"1"}})"), "a limit is no positive whole number"},
  };
  for (const auto& [body, message] : table) {
    const auto answer = read_answer(body, connect_ask());
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().message, message) << body;
  }
}

TEST(ProblemCode, ReadsOurOwnTypesOnly) {
  EXPECT_EQ(problem_code(R"({"type":"urn:portreeve:problem:audit-unavailable","status":503})"), "audit-unavailable");
  for (const char* body : {"", "{}", "[]", R"({"type":"about:blank"})", R"({"type":3})"})
    EXPECT_EQ(problem_code(body), "") << body;
}

}  // namespace
}  // namespace portreeve::pep

// The runner of PolicyTest tables: what a case asks, what it checks, what it says where it fails.
#include "engine/analyze/policy_test_runner.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/analyze/policy_test_case.h"
#include "engine/load/load.h"
#include "engine/reference/reference.h"

namespace portreeve::analyze {
namespace {

constexpr Timestamp kNow = Timestamp::from_unix(1'795'521'600);  // 2026-11-24T12:00:00Z

constexpr std::string_view kPolicies = R"(
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { uri: "https://idp.example.com/jwks" }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  rules:
    - { id: api, effect: allow, hosts: [api.example.com], limits: { idle: 1m }, reason: because }
    - { id: late, effect: allow, hosts: [late.example.com], cidrs: [8.8.8.8/32] }
    - { id: plain, effect: allow, hosts: [plain.example.com], protocols: [http], methods: [GET], paths: [/x] }
    - { id: trial, effect: deny, hosts: [api.example.com], enforce: false }
    - { id: never, effect: deny, hosts: [never.example.com] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: key }
spec: { source: { file: key }, inject: bearer, upstreams: ["https://api.example.net/v1"] }
---
apiVersion: portreeve/v1
kind: PolicyTest
metadata: { name: table }
spec:
  subjects:
    ana: { issuer: idp, claims: { sub: ana } }
    nobody: { issuer: idp, claims: { name: ana } }
    named: { type: user, id: idp/ana, properties: { a: 1 } }
  cases:
)";

struct Loaded {
  std::shared_ptr<const model::CheckedPolicySet> set;
  const model::PolicyTest& table() const { return set->documents().policy_tests.front(); }
};

Loaded load_cases(const std::string& rows) {
  std::string text(kPolicies);
  text += rows;
  load::LoadResult loaded = load::load({{"policies.yaml", text}});
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
  }
  return {loaded.set};
}

CaseResult run_row(const std::string& row) {
  const Loaded loaded = load_cases("    - " + row + "\n");
  if (loaded.set == nullptr) return {};
  CaseResult result = run_case(
      loaded.set->documents(), loaded.table(), loaded.table().cases.front(),
      [&](const wire::Request& request) { return reference::reference_decide(loaded.set->documents(), request); },
      kNow);
  result.table = nullptr;
  result.test_case = nullptr;
  return result;
}

TEST(PolicyTestRunner, PassesRowsThatHold) {
  for (
      const char* row : {
          R"({ as: ana, egress: "https://api.example.com", expect: allow })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, reason: rule-allow, by: web/api, ruleReason: because })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, by: [web/api], obligations: { limits: { idle: 60 } } })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, dryRun: { decision: deny, rules: [web/trial] } })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, dryRun: { decision: deny } })",
          R"({ as: ana, egress: "https://late.example.com", addresses: [8.8.8.8], expect: allow })",
          R"({ as: ana, egress: "https://late.example.com", expect: deny, reason: default-deny })",
          R"({ as: ana, egress: "https://0x7f.1", expect: deny, reason: invalid-request })",
          R"({ as: ana, egress: "http://plain.example.com/x", method: GET, expect: allow })",
          R"({ as: nobody, egress: "https://api.example.com", expect: deny, reason: token-invalid })",
          R"({ as: named, egress: "https://api.example.com", expect: deny, reason: token-missing })",
      }) {
    const CaseResult result = run_row(row);
    EXPECT_TRUE(result.passed) << row << "\n" << result.message;
    EXPECT_EQ(result.message, "") << row;
  }
}

TEST(PolicyTestRunner, FailsRowsInWhichOneExpectationDoesNotHold) {
  for (
      const char* row : {
          R"({ as: ana, egress: "https://api.example.com", expect: deny })",
          R"({ as: ana, egress: "https://other.example.com", expect: allow })",
          R"({ as: ana, egress: "https://other.example.com", expect: deny, reason: rule-deny })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, ruleReason: others })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, by: [web/api, web/late] })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, obligations: { limits: { idle: 61 } } })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, obligations: { limits: { total: 60 } } })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, dryRun: { decision: allow } })",
          R"({ as: ana, egress: "https://api.example.com", expect: allow, dryRun: { decision: deny, rules: [web/api] } })",
          R"({ as: ana, egress: "https://late.example.com", addresses: [8.8.8.8], expect: allow, dryRun: { decision: deny } })",
      }) {
    EXPECT_FALSE(run_row(row).passed) << row;
  }
}

TEST(PolicyTestRunner, AFailureIsTwoRowsOfWhichTheSecondPasses) {
  const CaseResult result = run_row(
      R"({ as: ana, egress: "https://api.example.com", addresses: [8.8.8.8], session: { trust: partner, labels: { a: b }, age: 1m }, at: 2026-11-24T00:00:00Z, expect: deny, reason: default-deny })");
  EXPECT_EQ(
      result.message,
      "expected: { as: \"ana\", egress: \"https://api.example.com\", addresses: [\"8.8.8.8\"], at: "
      "2026-11-24T00:00:00Z, "
      "session: { trust: \"partner\", labels: { \"a\": \"b\" }, age: 60s }, expect: deny, reason: \"default-deny\" }\n"
      "  actual: { as: \"ana\", egress: \"https://api.example.com\", addresses: [\"8.8.8.8\"], at: "
      "2026-11-24T00:00:00Z, "
      "session: { trust: \"partner\", labels: { \"a\": \"b\" }, age: 60s }, expect: allow, reason: \"rule-allow\", "
      "ruleReason: \"because\", by: [\"web/api\"], obligations: "
      "{\"connect\":{\"addresses\":[\"8.8.8.8\"],\"protocol\":\"tls\"},"
      "\"limits\":{\"idle\":60}}, dryRun: {\"decision\":\"deny\",\"rules\":[\"web/trial\"]} }");
  const std::string actual = result.message.substr(result.message.find("  actual: ") + 10);
  EXPECT_TRUE(run_row(actual).passed) << actual;
}

TEST(PolicyTestRunner, ReportsEveryRuleAndWhetherItDecided) {
  const Loaded loaded = load_cases(R"(
    - { as: ana, egress: "https://api.example.com", expect: allow }
    - { as: ana, egress: "https://never.example.com", expect: allow }
)");
  ASSERT_NE(loaded.set, nullptr);
  const TestRun run = run_policy_tests(
      loaded.set->documents(),
      [&](const wire::Request& request) { return reference::reference_decide(loaded.set->documents(), request); },
      kNow);
  EXPECT_EQ(run.cases.size(), 2U);
  EXPECT_EQ(run.failed, 1U);
  std::vector<std::pair<std::string, bool>> coverage;
  for (const RuleCoverage& rule : run.coverage) coverage.emplace_back(rule.rule, rule.decided);
  EXPECT_EQ(
      coverage,
      (std::vector<std::pair<std::string, bool>>{
          {"web/api", true}, {"web/late", false}, {"web/never", true}, {"web/plain", false}, {"web/trial", false}}));
}

std::vector<std::string> bodies_of(const std::string& row) {
  const Loaded loaded = load_cases("    - " + row + "\n");
  std::vector<std::string> texts;
  if (loaded.set == nullptr) return texts;
  const model::TestCase& test_case = loaded.table().cases.front();
  for (const JsonValue& body :
       evaluation_bodies(loaded.set->documents(), loaded.table().subjects.at(test_case.as), test_case)) {
    texts.push_back(to_canonical_json(body));
  }
  return texts;
}

TEST(PolicyTestCase, IsWhatAGateWouldAsk) {
  EXPECT_EQ(
      bodies_of(R"({ as: ana, egress: "connect://api.example.com", source: 10.1.2.3, expect: allow })"),
      (std::vector<std::string>{
          R"({"action":{"name":"egress.resolve"},"context":{"source":"10.1.2.3"},"resource":{"id":"api.example.com:443","properties":{"host":"api.example.com","port":443,"protocol":"connect"},"type":"endpoint"},"subject":{"id":"idp/ana","type":"user"}})",
          R"({"action":{"name":"egress.connect"},"context":{"source":"10.1.2.3"},"resource":{"id":"api.example.com:443","properties":{"addresses":["93.184.215.14"],"host":"api.example.com","port":443,"protocol":"connect"},"type":"endpoint"},"subject":{"id":"idp/ana","type":"user"}})"}));
  EXPECT_EQ(
      bodies_of(R"({ as: ana, secret: key, method: POST, path: /x, expect: deny })"),
      (std::vector<std::string>{
          R"({"action":{"name":"secret.use"},"resource":{"id":"key","properties":{"method":"POST","path":"/x","upstream":"https://api.example.net/v1","use":"inject"},"type":"secret"},"subject":{"id":"idp/ana","type":"user"}})"}));
  EXPECT_EQ(
      bodies_of(
          R"({ as: ana, exec: [/opt/s, -v], stable: true, interpreter: { path: /bin/sh }, env: [PATH], terminal: false, expect: deny })"),
      (std::vector<std::string>{
          R"({"action":{"name":"process.exec"},"resource":{"id":"/opt/s","properties":{"args":["-v"],"env":["PATH"],"file":"/opt/s","interpreter":{"file":"/bin/sh","path":"/bin/sh","stable":false},"stable":true,"terminal":false},"type":"program"},"subject":{"id":"idp/ana","type":"user"}})"}));
  EXPECT_EQ(
      bodies_of(
          R"({ as: named, action: read, resource: { type: record, id: r1 }, properties: { status: null }, context: { n: 1 }, expect: deny })"),
      (std::vector<std::string>{
          R"({"action":{"name":"read"},"context":{"n":1},"resource":{"id":"r1","properties":{"status":null},"type":"record"},"subject":{"id":"idp/ana","properties":{"a":1},"type":"user"}})"}));
}

}  // namespace
}  // namespace portreeve::analyze

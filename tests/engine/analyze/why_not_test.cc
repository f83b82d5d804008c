// What would have to change for a denial to become an allow.
#include "engine/analyze/why_not.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/decide/decide.h"
#include "engine/load/load.h"

namespace portreeve::analyze {
namespace {

constexpr std::string_view kPolicies = R"(
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { uri: "https://idp.example.com/jwks" }
  claims: { groups: groups, tenant: { always: acme } }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: agent }
spec: { description: Agents }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: admin }
spec: { description: Admins }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: agents }
spec: { roles: [agent], subjects: [{ group: /agents }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  roles: [agent]
  rules:
    - { id: api, effect: allow, hosts: [api.example.com] }
    - { id: inner, effect: allow, hosts: [db.example.com] }
    - { id: files, effect: allow, hosts: [files.example.com], when: 'subject.claims.floor == 3' }
    - { id: trial, effect: allow, hosts: [trial.example.com], enforce: false }
    - { id: both, effect: allow, hosts: [both.example.com] }
    - { id: paste, effect: deny, hosts: [paste.example.com, both.example.com], reason: exfiltration }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: admins }
spec:
  roles: [admin]
  rules:
    - { id: console, effect: allow, hosts: [console.example.com] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: others }
spec:
  tenants: [globex]
  rules:
    - { id: theirs, effect: allow, hosts: [theirs.example.com] }
)";

class WhyNot : public testing::Test {
 protected:
  WhyNot() {
    load::LoadResult loaded = load::load({{"policies.yaml", std::string(kPolicies)}});
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
    }
    snapshot_ = compile::compile(loaded.set);
  }

  std::vector<std::string> ways(const std::string& host, std::uint16_t port = 443,
                                const std::string& address = "23.0.0.10") const {
    wire::Request request;
    request.time = Timestamp::from_unix(1'800'000'000);
    request.principal.assurance = wire::Assurance::verified;
    request.principal.type = "user";
    request.principal.id = "idp/rita";
    request.principal.provider = "idp";
    request.principal.claims = JsonValue::Object{{"groups", JsonValue::Array{"/agents"}}, {"floor", 2}};
    wire::EgressQuestion egress;
    egress.host = *net::HostName::parse(host);
    egress.port = port;
    egress.addresses = {*net::IpAddress::parse(address)};
    request.action = wire::kEgressConnect;
    request.resource_type = "endpoint";
    request.question = egress;
    std::vector<std::string> out;
    for (const Suggestion& way : why_not(*snapshot_, request, decide::decide(*snapshot_, request))) {
      out.push_back(std::string(to_text(way.remedy)) + ": " + way.text);
    }
    return out;
  }
  using Ways = std::vector<std::string>;

  std::shared_ptr<const compile::Snapshot> snapshot_;
};

TEST_F(WhyNot, IsEmptyForAnAllow) { EXPECT_EQ(ways("api.example.com"), Ways{}); }

TEST_F(WhyNot, NamesTheClauseThatLacks) {
  EXPECT_EQ(ways("api.example.com", 8443), Ways{"change-clause: web/api lacks `ports`"});
  EXPECT_EQ(ways("files.example.com"), Ways{"change-clause: web/files lacks `when`"});
}

TEST_F(WhyNot, NamesTheRoleThatWouldDo) {
  EXPECT_EQ(ways("console.example.com"),
            Ways{"give-role: admins/console would allow it, but the subject lacks the role `admin`"});
  EXPECT_EQ(ways("theirs.example.com"),
            Ways{"give-role: others/theirs would allow it, but it is a policy of other tenants"});
  EXPECT_EQ(ways("console.example.com", 8443),
            Ways{"change-clause: admins/console lacks `ports`, and the subject lacks the role `admin`"});
}

TEST_F(WhyNot, NamesTheDenyThatStandsInTheWay) {
  EXPECT_EQ(ways("both.example.com"), Ways{"lift-deny: web/paste denies it"});
  EXPECT_EQ(ways("paste.example.com"),
            (Ways{"lift-deny: web/paste denies it", "write-rule: no allow rule names this target"}));
}

TEST_F(WhyNot, TellsDryRunsAndWhatNoRuleNames) {
  EXPECT_EQ(ways("trial.example.com"), Ways{"enforce-rule: web/trial would allow it, but is a dry run"});
  EXPECT_EQ(ways("nowhere.example.com"), Ways{"write-rule: no allow rule names this target"});
}

TEST_F(WhyNot, TellsWhatTheGuardLeavesOpen) {
  EXPECT_EQ(ways("db.example.com", 443, "10.0.0.1").front().substr(0, 16), "declare-service:");
  const Ways hard = ways("db.example.com", 443, "127.0.0.1");
  ASSERT_EQ(hard.size(), 1u);
  EXPECT_NE(hard[0].find("no policy opens it"), std::string::npos) << hard[0];
}

}  // namespace
}  // namespace portreeve::analyze

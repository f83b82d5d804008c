// What the vectors' tables cannot say: failed identities, choices of tenant, questions that lack what every gate sends.
#include "engine/reference/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "engine/load/load.h"

namespace portreeve::reference {
namespace {

using wire::Decision;
using wire::Reason;

constexpr std::string_view kPolicies = R"(
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { uri: "https://idp.example.com/jwks" }
  claims: { tenant: org, roles: { path: roles, allow: [agent] } }
  trust: internal
---
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: fixed }
spec:
  issuer: https://fixed.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { uri: "https://fixed.example.com/jwks" }
  claims: { tenant: { always: acme } }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: agent }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: ana }
spec: { roles: [agent], subjects: [{ issuer: idp, user: ana }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  rules:
    - { id: named, effect: allow, hosts: [api.example.com, denied.example.com] }
    - { id: prefix-denied, effect: deny, hosts: [denied.example.com], cidrs: [8.8.8.0/24] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: key }
spec: { source: { file: key }, inject: bearer, upstreams: ["https://api.example.net"] }
---
apiVersion: portreeve/v1
kind: SecretPolicy
metadata: { name: keys }
spec: { rules: [{ id: any, effect: allow, secrets: [key] }] }
---
apiVersion: portreeve/v1
kind: ExecutionPolicy
metadata: { name: programs }
spec:
  rules:
    - { id: shells, effect: allow, programs: ["/bin/*"] }
    - { id: no-nc, effect: deny, programs: [/bin/nc] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: access }
spec:
  roles: [agent]
  rules:
    - { id: read, effect: allow, actions: [read], resources: [{ type: record }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: trusted }
spec:
  rules:
    - { id: see, effect: allow, actions: [see], resources: [{ type: record }], when: 'session.trust == "internal"' }
    - { id: age, effect: allow, actions: [age], resources: [{ type: record }], when: 'session.age < duration("1h")' }
)";

class Reference : public testing::Test {
 protected:
  void SetUp() override {
    load::LoadResult loaded = load::load({{"policies.yaml", std::string(kPolicies)}});
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
    }
    set_ = loaded.set;
    ASSERT_NE(set_, nullptr);
  }

  Decision decide(const wire::Request& request) const { return reference_decide(set_->documents(), request); }

  std::shared_ptr<const model::CheckedPolicySet> set_;
};

wire::Principal ana(std::string provider = "idp") {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = provider + "/ana";
  principal.provider = std::move(provider);
  principal.claims.set("sub", "ana");
  return principal;
}

wire::Request egress(std::string_view host, std::vector<net::IpAddress> addresses) {
  wire::Request request;
  request.principal = ana();
  request.action = wire::kEgressConnect;
  request.resource_type = "endpoint";
  wire::EgressQuestion question;
  question.host = *net::parse_host(host);
  question.port = 443;
  question.protocol = wire::EgressProtocol::tls;
  question.addresses = std::move(addresses);
  request.question = question;
  return request;
}

wire::Request access(std::string action, wire::Principal principal) {
  wire::Request request;
  request.principal = std::move(principal);
  request.action = std::move(action);
  request.resource_type = "record";
  request.resource_id = "r1";
  request.question = wire::AccessQuestion{};
  return request;
}

wire::Request exec(std::string path, std::optional<std::string> file) {
  wire::Request request;
  request.principal = ana();
  request.action = wire::kProcessExec;
  request.resource_type = "program";
  request.resource_id = path;
  wire::ExecQuestion question;
  question.program = {std::move(path), std::move(file), /*stable=*/true};
  request.question = question;
  return request;
}

const net::IpAddress kPublic = *net::IpAddress::parse("8.8.8.8");

TEST_F(Reference, AFailedIdentityIsTheAnswerAndNoRuleIsConsulted) {
  wire::Request request = egress("api.example.com", {kPublic});
  request.identity_failure = Reason::session_revoked;
  const Decision decision = decide(request);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.reason, Reason::session_revoked);
  EXPECT_TRUE(decision.rules.empty());
  EXPECT_TRUE(decision.roles.empty());
}

TEST_F(Reference, NoAddressAtConnectIsDefaultDeny) {
  const Decision decision = decide(egress("api.example.com", {}));
  EXPECT_EQ(decision.reason, Reason::default_deny);
  EXPECT_EQ(decision.obligations, wire::Obligations{});
}

TEST_F(Reference, TheDeploymentsOwnAddressesAreGuardedBesideThePublicOnes) {
  const std::vector<net::IpPrefix> own = {*net::IpPrefix::parse("8.8.8.8/31")};
  const auto reason = [&](std::vector<net::IpAddress> addresses) {
    return reference_decide(set_->documents(), egress("api.example.com", std::move(addresses)), own).reason;
  };
  EXPECT_EQ(reason({kPublic}), Reason::guard_own_address);
  EXPECT_EQ(reason({*net::IpAddress::parse("8.8.8.9")}), Reason::guard_own_address);
  EXPECT_EQ(reason({*net::IpAddress::parse("8.8.8.7")}), Reason::rule_allow);
  EXPECT_EQ(reason({*net::IpAddress::parse("8.8.8.7"), kPublic}), Reason::guard_own_address);
  // What is hard already keeps its name.
  EXPECT_EQ(reason({*net::IpAddress::parse("127.0.0.1")}), Reason::guard_loopback_address);
}

TEST_F(Reference, AtResolveNobodyKnowsTheServerName) {
  wire::Request request = egress("api.example.com", {});
  auto& question = std::get<wire::EgressQuestion>(request.question);
  question.stage = wire::EgressStage::resolve;
  question.sni = "other.example.com";
  EXPECT_EQ(decide(request).reason, Reason::rule_allow);
  question.stage = wire::EgressStage::connect;
  EXPECT_EQ(decide(request).reason, Reason::sni_mismatch);
}

TEST_F(Reference, TheAccountSaysWhichClausesWereLookedAt) {
  Account account;
  reference_decide(set_->documents(), egress("denied.example.com", {}), {}, &account);
  const auto saw = [&](std::string_view clause, model::Effect effect, Clause state) {
    return std::any_of(account.clauses.begin(), account.clauses.end(), [&](const Account::Seen& seen) {
      return seen.clause == clause && seen.effect == effect && seen.state == state;
    });
  };
  EXPECT_TRUE(saw("hosts", model::Effect::allow, Clause::yes));
  EXPECT_TRUE(saw("cidrs", model::Effect::deny, Clause::error));
  EXPECT_FALSE(saw("cidrs", model::Effect::allow, Clause::error));
}

TEST_F(Reference, ADenyByPrefixThatLacksAddressesIsInErrorAndMatches) {
  const Decision decision = decide(egress("denied.example.com", {}));
  EXPECT_EQ(decision.reason, Reason::rule_deny);
  EXPECT_EQ(decision.rules, std::vector<std::string>{"web/prefix-denied"});
}

TEST_F(Reference, AnUpstreamThatIsNotSaidIsNoneOfTheSecrets) {
  wire::Request request;
  request.principal = ana();
  request.action = wire::kSecretUse;
  request.resource_type = "secret";
  request.resource_id = "key";
  wire::SecretQuestion question;
  question.secret = "key";
  question.use = wire::SecretUse::inject;
  request.question = question;
  EXPECT_EQ(decide(request).reason, Reason::foreign_upstream);
}

TEST_F(Reference, ASecretThatIsNotDeclaredIsUnknownWhateverRulesSay) {
  wire::Request request;
  request.principal = ana();
  request.action = wire::kSecretUse;
  request.resource_type = "secret";
  request.resource_id = "none";
  wire::SecretQuestion question;
  question.secret = "none";
  question.upstream = "https://api.example.net";
  request.question = question;
  EXPECT_EQ(decide(request).reason, Reason::unknown_secret);
}

TEST_F(Reference, InTransparentModeAHelloWithoutAServerNameIsMissingItUnlessTheTargetIsAnAddress) {
  wire::Request request = egress("api.example.com", {kPublic});
  std::get<wire::EgressQuestion>(request.question).sni = "";
  EXPECT_EQ(decide(request).reason, Reason::sni_missing);
  request = egress("8.8.8.8", {kPublic});
  std::get<wire::EgressQuestion>(request.question).sni = "";
  EXPECT_EQ(decide(request).reason, Reason::default_deny);
  std::get<wire::EgressQuestion>(request.question).sni = "api.example.com";
  EXPECT_EQ(decide(request).reason, Reason::sni_mismatch);
}

TEST_F(Reference, AMissingFileAllowsNothingAndDeniesWhatADenyRuleNames) {
  EXPECT_EQ(decide(exec("/bin/sh", "/bin/sh")).reason, Reason::rule_allow);
  EXPECT_EQ(decide(exec("/bin/sh", std::nullopt)).reason, Reason::rule_deny);
  EXPECT_EQ(decide(exec("/bin/./sh", "/bin/sh")).reason, Reason::rule_deny);
  EXPECT_EQ(decide(exec("/bin/sh", "/bin//sh")).reason, Reason::rule_deny);
}

TEST_F(Reference, TheRolesInForceAndTheTenantStandInTheAnswer) {
  wire::Principal principal = ana();
  principal.claims.set("org", "acme");
  const Decision decision = decide(access("read", principal));
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.roles, std::vector<std::string>{"agent"});
  EXPECT_EQ(decision.tenant, "acme");
}

TEST_F(Reference, AProviderThatIsGoneGivesNothing) {
  const Decision decision = decide(access("read", ana("gone")));
  EXPECT_EQ(decision.reason, Reason::default_deny);
  EXPECT_TRUE(decision.roles.empty());
  EXPECT_EQ(decision.tenant, std::nullopt);
  EXPECT_FALSE(decide(access("see", ana("gone"))).allowed);
}

TEST_F(Reference, TrustOfASubjectWithoutSessionIsItsProvidersAndAgeIsAnError) {
  EXPECT_TRUE(decide(access("see", ana())).allowed);
  EXPECT_FALSE(decide(access("see", ana("fixed"))).allowed);
  EXPECT_FALSE(decide(access("age", ana())).allowed);
}

struct TenantRow {
  const char* name;
  std::string provider;
  JsonValue claim;
  std::optional<std::string> chosen;
  std::optional<std::string> tenant;
};

TEST_F(Reference, TheChosenTenantStandsIfTheClaimsHaveIt) {
  const JsonValue several(JsonValue::Array{"acme", "globex", 7});
  const std::vector<TenantRow> rows = {
      {"one", "idp", "acme", std::nullopt, "acme"},
      {"one, chosen", "idp", "acme", "acme", "acme"},
      {"another than the one", "idp", "acme", "globex", std::nullopt},
      {"a list of one", "idp", JsonValue(JsonValue::Array{"acme", ""}), std::nullopt, "acme"},
      {"several, none chosen", "idp", several, std::nullopt, std::nullopt},
      {"several, one chosen", "idp", several, "globex", "globex"},
      {"several, a stranger chosen", "idp", several, "initech", std::nullopt},
      {"empty", "idp", "", std::nullopt, std::nullopt},
      {"empty, chosen", "idp", "", "", std::nullopt},
      {"no string", "idp", 7, std::nullopt, std::nullopt},
      {"fixed", "fixed", nullptr, std::nullopt, "acme"},
      {"fixed, chosen", "fixed", nullptr, "acme", "acme"},
      {"fixed, another chosen", "fixed", nullptr, "globex", std::nullopt},
  };
  for (const TenantRow& row : rows) {
    wire::Principal principal = ana(row.provider);
    principal.claims.set("org", row.claim);
    principal.chosen_tenant = row.chosen;
    EXPECT_EQ(decide(access("read", principal)).tenant, row.tenant) << row.name;
  }
}

TEST_F(Reference, AnAssertedSubjectHasBindingsByUserAloneAndNoTenant) {
  wire::Principal principal = ana("fixed");
  principal.assurance = wire::Assurance::asserted;
  principal.claims = {};
  EXPECT_EQ(decide(access("read", principal)).tenant, std::nullopt);
  principal.provider = "idp";
  principal.id = "idp/ana";
  EXPECT_TRUE(decide(access("read", principal)).allowed);
  wire::Request request = egress("api.example.com", {kPublic});
  request.principal = principal;
  EXPECT_EQ(decide(request).reason, Reason::token_missing);
}

}  // namespace
}  // namespace portreeve::reference

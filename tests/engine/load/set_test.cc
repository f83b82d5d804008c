// One good set that touches every field, and the model it becomes.
#include <gtest/gtest.h>

#include "engine/load/load.h"

namespace portreeve::load {
namespace {

constexpr const char* kPeople = R"(apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: keycloak }
spec:
  issuer: https://idp.example.com/realms/agents
  audiences: [portreeve, other]
  algorithms: [RS256, EdDSA]
  jwks: { uri: "https://idp.example.com/realms/agents/certs" }
  claims:
    subject: sub
    groups: [a.b, groups]
    roles: { path: realm_access.roles, allow: [researcher] }
    tenant: org_id
  trust: internal
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: agent }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: researcher }
spec: { inherits: [agent], description: "reads\nthe web" }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: team }
spec:
  roles: [researcher]
  subjects:
    - { user: rita }
    - { issuer: keycloak, group: /research }
    - { claim: { path: department, equals: R&D } }
    - { claim: { path: level, equals: 3 } }
  tenants: [acme]
  starts: 2026-11-01T00:00:00Z
  expires: 2027-01-31T00:00:00+01:00
  trust: partner
---
apiVersion: portreeve/v1
kind: RoleConstraint
metadata: { name: sod }
spec: { kind: dynamic, roles: [auditor, researcher], atMost: 1 }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: auditor }
spec: {}
---
apiVersion: portreeve/v1
kind: Entities
metadata: { name: directory }
spec:
  subjects: [{ type: user, id: keycloak/rita, properties: { active: true, age: 42, height: 1.75, tags: [a, "1"], none: null } }]
  resources: [{ type: record, id: record-1 }]
)";

constexpr const char* kPlaces = R"(apiVersion: portreeve/v1
kind: List
metadata: { name: registries }
spec: { hosts: [packages.example.org, "*.files.example.org"] }
---
apiVersion: portreeve/v1
kind: InternalService
metadata: { name: wiki }
spec: { hosts: [wiki.internal], addresses: [100.64.10.7/32], ports: [443, 8000-8099], protocols: [tls, tcp], mesh: { tag: "tag:wiki" } }
---
apiVersion: portreeve/v1
kind: InternalService
metadata: { name: intranet }
spec: { hosts: [intranet], addresses: [10.1.0.0/16], protocols: [http] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: llm/anthropic }
spec:
  route: /anthropic
  api: anthropic
  source: { file: anthropic-api-key }
  inject: { header: x-api-key }
  upstreams: ["https://api.anthropic.com/", "https://API.example.net:8443/v1"]
)";

constexpr const char* kPolicies = R"(apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  roles: [researcher]
  tenants: [acme]
  rules:
    - id: z-services
      effect: allow
      services: [wiki]
    - id: a-packages
      effect: allow
      hosts: [list:registries, bücher.example.org]
      cidrs: [8.8.8.0/24]
      ports: [443, 8000-8099]
      protocols: [http]
      methods: [GET]
      paths: ["/data/**"]
      when: session.trust == "internal"
      limits: { bytesIn: 1GiB, bytesOut: 10MiB, idle: 5m, total: 1h30m, connections: 64 }
      publicSuffix: acknowledged
      direct: true
      reason: needed
      enforce: false
    - id: b-internet
      effect: allow
      internet: true
---
apiVersion: portreeve/v1
kind: SecretPolicy
metadata: { name: models }
spec:
  enforce: false
  rules:
    - id: messages
      effect: allow
      secrets: [llm/anthropic]
      uses: [inject]
      methods: [POST]
      paths: [/v1/messages]
      models: ["claude-*"]
      limits: { requestsPerMinute: 60, leaseTtl: 15m }
      enforce: true
    - id: none
      effect: deny
---
apiVersion: portreeve/v1
kind: ExecutionPolicy
metadata: { name: programs }
spec:
  rules:
    - id: tools
      effect: allow
      programs: [/bin/bash, "/opt/tools/**"]
      cwd: ["/workspace/**"]
      users: [sandbox]
      terminal: true
      env: { pass: [PATH, "LC_*"] }
      write: ["/workspace/**", /var/file, "/**"]
      limits: { wall: 10m, cpu: 5m, memory: 2GiB, processes: 256, openFiles: 1024 }
      writable: acknowledged
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: console }
spec:
  rules:
    - id: read
      effect: allow
      actions: [read]
      resources: [{ type: decision-log }, { type: record, id: "record-*" }]
---
apiVersion: portreeve/v1
kind: PolicyTest
metadata: { name: web }
spec:
  subjects:
    rita: { claims: { sub: rita } }
    gate: { type: user, id: keycloak/rita, properties: { a: 1 } }
  cases:
    - { as: rita, egress: "https://a.example.org", expect: allow, by: web/b-internet }
    - { as: gate, action: read, resource: { type: record, id: record-1 }, at: 2026-11-24T05:00:00Z, expect: deny, reason: default-deny,
        dryRun: { decision: allow, rules: [models/none, models/messages] } }
)";

class GoodSet : public testing::Test {
 protected:
  static LoadResult load_all() {
    return load({{"people.yaml", kPeople}, {"places.yaml", kPlaces}, {"policies.yaml", kPolicies}});
  }
  void SetUp() override {
    for (const Diagnostic& diagnostic : result_.diagnostics) {
      if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
    }
    ASSERT_NE(result_.set, nullptr);
  }
  const model::PolicySet& set() const { return result_.set->documents(); }
  const LoadResult result_ = load_all();
};

TEST_F(GoodSet, HasItsIdentityProvider) {
  ASSERT_EQ(set().identity_providers.size(), 1u);
  const model::IdentityProvider& provider = set().identity_providers[0];
  EXPECT_EQ(provider.name, "keycloak");
  EXPECT_EQ(provider.place, (SourcePlace{"people.yaml", 3, 19}));
  EXPECT_EQ(provider.issuer, "https://idp.example.com/realms/agents");
  EXPECT_EQ(provider.audiences, (std::vector<std::string>{"portreeve", "other"}));
  EXPECT_EQ(provider.algorithms, (std::vector{model::JwtAlgorithm::rs256, model::JwtAlgorithm::eddsa}));
  EXPECT_EQ(std::get<model::JwksUri>(provider.jwks).uri, "https://idp.example.com/realms/agents/certs");
  EXPECT_EQ(provider.subject, model::ClaimPath{{"sub"}});
  EXPECT_EQ(provider.groups, (model::ClaimPath{{"a.b", "groups"}}));
  ASSERT_TRUE(provider.roles);
  EXPECT_EQ(provider.roles->path, (model::ClaimPath{{"realm_access", "roles"}}));
  ASSERT_EQ(provider.roles->allow.size(), 1u);
  EXPECT_EQ(provider.roles->allow[0].name, "researcher");
  EXPECT_EQ(std::get<model::ClaimPath>(provider.tenant), model::ClaimPath{{"org_id"}});
  EXPECT_EQ(provider.trust, model::Trust::internal);
}

TEST_F(GoodSet, HasItsRolesAndBindings) {
  ASSERT_EQ(set().roles.size(), 3u);
  EXPECT_EQ(set().roles[2].name, "researcher");
  EXPECT_EQ(set().roles[2].inherits.at(0).name, "agent");
  EXPECT_EQ(set().roles[2].description, "reads\nthe web");
  const model::RoleBinding& binding = set().role_bindings.at(0);
  ASSERT_EQ(binding.subjects.size(), 4u);
  EXPECT_EQ(std::get<model::BoundUser>(binding.subjects[0].who).sub, "rita");
  EXPECT_EQ(binding.subjects[0].issuer, "keycloak");  // the only one
  EXPECT_EQ(std::get<model::BoundGroup>(binding.subjects[1].who).group, "/research");
  EXPECT_EQ(std::get<model::BoundClaim>(binding.subjects[2].who).equals, JsonValue("R&D"));
  EXPECT_EQ(std::get<model::BoundClaim>(binding.subjects[3].who).equals, JsonValue(3));
  EXPECT_EQ(binding.tenants, std::vector<std::string>{"acme"});
  EXPECT_EQ(binding.starts, *Timestamp::parse("2026-11-01T00:00:00Z"));
  EXPECT_EQ(binding.expires, *Timestamp::parse("2027-01-30T23:00:00Z"));
  EXPECT_EQ(binding.trust, model::Trust::partner);
  const model::RoleConstraint& constraint = set().role_constraints.at(0);
  EXPECT_EQ(constraint.kind, model::ConstraintKind::dynamic_separation);
  EXPECT_EQ(constraint.roles.size(), 2u);
  EXPECT_EQ(constraint.at_most, 1u);
}

TEST_F(GoodSet, HasItsEntitiesAsJson) {
  const model::Entities& entities = set().entities.at(0);
  EXPECT_EQ(entities.subjects.at(0).id, "keycloak/rita");
  EXPECT_EQ(to_canonical_json(entities.subjects[0].properties),
            R"({"active":true,"age":42,"height":1.75,"none":null,"tags":["a","1"]})");
  EXPECT_NE(entities.subjects[0].properties.find("age")->as_int(), nullptr);
  EXPECT_NE(entities.subjects[0].properties.find("height")->as_double(), nullptr);
  EXPECT_TRUE(entities.resources.at(0).properties.is_null());
}

TEST_F(GoodSet, HasItsServicesWithTheirDefaults) {
  ASSERT_EQ(set().internal_services.size(), 2u);
  const model::InternalService& intranet = set().internal_services[0];
  EXPECT_EQ(intranet.ports, (std::vector<model::PortRange>{{80, 80}}));
  EXPECT_EQ(intranet.protocols, std::vector{model::Protocol::http});
  const model::InternalService& wiki = set().internal_services[1];
  EXPECT_EQ(wiki.ports, (std::vector<model::PortRange>{{443, 443}, {8000, 8099}}));
  EXPECT_EQ(wiki.addresses.at(0).to_string(), "100.64.10.7/32");
  EXPECT_EQ(wiki.mesh_tag, "tag:wiki");
}

TEST_F(GoodSet, HasItsEgressRulesSortedWithListsExpanded) {
  const model::EgressPolicy& policy = set().egress_policies.at(0);
  EXPECT_EQ(policy.roles->at(0).name, "researcher");
  EXPECT_EQ(policy.tenants, std::vector<std::string>{"acme"});
  ASSERT_EQ(policy.rules.size(), 3u);
  const model::EgressRule& rule = policy.rules[0];
  EXPECT_EQ(rule.id, "a-packages");
  EXPECT_EQ(rule.effect, model::Effect::allow);
  std::vector<std::string> hosts;
  for (const net::HostPattern& host : *rule.hosts) hosts.push_back(host.to_string());
  EXPECT_EQ(hosts,
            (std::vector<std::string>{"packages.example.org", "*.files.example.org", "xn--bcher-kva.example.org"}));
  EXPECT_EQ(rule.cidrs->at(0).to_string(), "8.8.8.0/24");
  EXPECT_EQ(*rule.ports, (std::vector<model::PortRange>{{443, 443}, {8000, 8099}}));
  EXPECT_EQ(*rule.protocols, std::vector{model::Protocol::http});
  EXPECT_EQ(*rule.methods, std::vector<std::string>{"GET"});
  EXPECT_EQ(rule.paths->at(0).text(), "/data/**");
  ASSERT_TRUE(rule.when);
  EXPECT_EQ(rule.when->text, "session.trust == \"internal\"");
  EXPECT_NE(rule.when->program, nullptr);
  EXPECT_EQ(rule.when->place, (SourcePlace{"policies.yaml", 19, 13}));
  EXPECT_EQ(rule.limits.bytes_in, std::int64_t{1} << 30);
  EXPECT_EQ(rule.limits.bytes_out, 10 << 20);
  EXPECT_EQ(rule.limits.idle, Seconds{300});
  EXPECT_EQ(rule.limits.total, Seconds{5400});
  EXPECT_EQ(rule.limits.connections, 64);
  EXPECT_TRUE(rule.public_suffix_acknowledged);
  EXPECT_TRUE(rule.direct);
  EXPECT_EQ(rule.reason, "needed");
  EXPECT_FALSE(rule.enforce);
  EXPECT_TRUE(policy.rules[1].internet);
  EXPECT_TRUE(policy.rules[1].enforce);
  EXPECT_FALSE(policy.rules[1].hosts || policy.rules[1].ports || policy.rules[1].protocols);
  EXPECT_EQ(policy.rules[2].services->at(0).name, "wiki");
}

TEST_F(GoodSet, HasItsSecretsAndTheirPolicy) {
  const model::Secret& secret = set().secrets.at(0);
  EXPECT_EQ(secret.name, "llm/anthropic");
  EXPECT_EQ(secret.route, "/anthropic");
  EXPECT_EQ(secret.api, model::ModelApi::anthropic);
  EXPECT_EQ(secret.source_file, "anthropic-api-key");
  EXPECT_EQ(std::get<model::InjectHeader>(secret.inject).header, "x-api-key");
  ASSERT_EQ(secret.upstreams.size(), 2u);
  EXPECT_EQ(secret.upstreams[0].to_string(), "https://api.anthropic.com");
  EXPECT_EQ(secret.upstreams[1].to_string(), "https://api.example.net:8443/v1");
  const model::SecretPolicy& policy = set().secret_policies.at(0);
  const model::SecretRule& rule = policy.rules.at(0);
  EXPECT_EQ(rule.secrets->at(0).name, "llm/anthropic");
  EXPECT_EQ(*rule.uses, std::vector{wire::SecretUse::inject});
  EXPECT_EQ(rule.requests_per_minute, 60);
  EXPECT_EQ(rule.lease_ttl, Seconds{900});
  EXPECT_FALSE(rule.enforce) << "the policy's dry run covers all its rules, whatever they say";
  EXPECT_FALSE(policy.rules.at(1).secrets);
}

TEST_F(GoodSet, HasItsExecutionAndAccessRules) {
  const model::ExecRule& rule = set().execution_policies.at(0).rules.at(0);
  EXPECT_EQ(rule.programs->size(), 2u);
  EXPECT_EQ(rule.cwd->at(0).text(), "/workspace/**");
  EXPECT_EQ(*rule.users, std::vector<std::string>{"sandbox"});
  EXPECT_EQ(rule.terminal, true);
  EXPECT_EQ(rule.env_pass->size(), 2u);
  EXPECT_EQ(*rule.write, (std::vector<model::WriteGrant>{{"/workspace", true}, {"/var/file", false}, {"/", true}}));
  EXPECT_EQ(rule.limits.memory, std::int64_t{2} << 30);
  EXPECT_EQ(rule.limits.open_files, 1024);
  EXPECT_TRUE(rule.writable_acknowledged);
  const model::AccessRule& access = set().access_policies.at(0).rules.at(0);
  EXPECT_EQ(*access.actions, std::vector<std::string>{"read"});
  EXPECT_FALSE(access.resources->at(0).id);
  EXPECT_EQ(access.resources->at(1).id->text(), "record-*");
}

TEST_F(GoodSet, HasItsTests) {
  const model::PolicyTest& test = set().policy_tests.at(0);
  EXPECT_EQ(test.subjects.at("rita").issuer, "keycloak");
  EXPECT_EQ(test.subjects.at("gate").id, "keycloak/rita");
  ASSERT_EQ(test.cases.size(), 2u);
  EXPECT_EQ(std::get<model::EgressCase>(test.cases[0].question).url, "https://a.example.org");
  EXPECT_EQ(test.cases[0].by.at(0).name, "web/b-internet");
  EXPECT_EQ(test.cases[0].expect, model::Effect::allow);
  EXPECT_EQ(std::get<model::AccessCase>(test.cases[1].question).resource_id, "record-1");
  EXPECT_EQ(test.cases[1].reason, wire::Reason::default_deny);
  EXPECT_EQ(to_canonical_json(*test.cases[1].dry_run),
            R"({"decision":true,"rules":["models/messages","models/none"]})");
}

TEST_F(GoodSet, IsTheSameWhateverTheOrderOfFiles) {
  const LoadResult other = load({{"policies.yaml", kPolicies}, {"people.yaml", kPeople}, {"places.yaml", kPlaces}});
  ASSERT_NE(other.set, nullptr);
  EXPECT_EQ(other.revision, result_.revision);
  EXPECT_EQ(other.diagnostics, result_.diagnostics);
}

// The samples are the first thing anyone loads.
TEST(Samples, LoadWithoutErrors) {
  for (const char* folder : {"/policies/sample", "/policies"}) {
    const auto files = read_folder(std::string(PORTREEVE_SOURCE_DIR) + folder);
    ASSERT_TRUE(files) << files.error().message;
    const LoadResult result = load(*files);
    for (const Diagnostic& diagnostic : result.diagnostics) {
      EXPECT_NE(diagnostic.severity, Severity::error) << to_text(diagnostic);
    }
    EXPECT_NE(result.set, nullptr);
  }
}

}  // namespace
}  // namespace portreeve::load

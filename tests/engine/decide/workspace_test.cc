#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "tests/engine/cel/allocations.h"

namespace portreeve::decide {
namespace {

constexpr std::string_view kPolicies = R"(apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: discovery
  claims: { groups: groups, tenant: tenant }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: developer }
spec: { description: writes code }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: developers }
spec: { roles: [developer], subjects: [{ group: /developers }] }
---
apiVersion: portreeve/v1
kind: InternalService
metadata: { name: registry }
spec: { hosts: [registry.corp.example.org], addresses: [10.1.0.0/16], ports: [443] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  roles: [developer]
  rules:
    - { id: docs, effect: allow, hosts: [docs.example.org, "*.api.example.org"], reason: documentation is for all, limits: { bytesIn: 1MiB } }
    - { id: internal, effect: allow, services: [registry] }
    - { id: night, effect: deny, hosts: ["**.example.org"], when: '"/nobody" in subject.groups' }
    - { id: later, effect: deny, hosts: [docs.example.org], enforce: false }
    - { id: plain, effect: allow, hosts: [plain.example.org], protocols: [http], methods: [GET], paths: ["/a/**", "/b/*"] }
    - { id: net, effect: deny, cidrs: [23.0.99.0/24] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: model }
spec: { route: /model, source: { file: model }, inject: bearer, upstreams: ["https://api.example.com/v1"] }
---
apiVersion: portreeve/v1
kind: SecretPolicy
metadata: { name: models }
spec:
  rules:
    - { id: use, effect: allow, secrets: [model], methods: [POST], paths: ["/messages/**"], limits: { requestsPerMinute: 60 } }
---
apiVersion: portreeve/v1
kind: ExecutionPolicy
metadata: { name: tools }
spec:
  tenants: [acme]
  rules:
    - { id: bin, effect: allow, programs: ["/usr/bin/**"], env: { pass: [HOME, "LANG*"] }, write: ["/workspace/**", "/tmp/**"], limits: { wall: 10m } }
    - { id: shell, effect: allow, programs: [/usr/bin/sh], env: { pass: ["**"] }, write: ["/workspace/some/long/folder/**"] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: documents }
spec:
  rules:
    - { id: read, effect: allow, actions: [read], resources: [{ type: document, id: "public/*" }] }
---
apiVersion: portreeve/v1
kind: Entities
metadata: { name: entities }
spec:
  resources: [{ type: document, id: public/1, properties: { owner: rita } }]
)";

std::shared_ptr<const compile::Snapshot> snapshot_of(std::string_view text) {
  auto loaded = load::load({{"p.yaml", std::string(text)}});
  if (loaded.set == nullptr) {
    for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_text(diagnostic);
    return nullptr;
  }
  return compile::compile(loaded.set);
}

// The same set without the rules' roles' binding, so that other rules and roles are found.
std::shared_ptr<const compile::Snapshot> other_snapshot() {
  std::string text(kPolicies);
  const std::string bound = "{ group: /developers }";
  text.replace(text.find(bound), bound.size(), "{ group: /strangers }");
  const std::string effect = "{ id: read, effect: allow, actions";
  text.replace(text.find(effect), effect.size(), "{ id: stop, effect: deny, actions");
  return snapshot_of(text);
}

struct Case {
  const char* name;
  wire::Request request;
  bool allowed;
};

wire::Request request_by_rita() {
  wire::Request request;
  request.time = Timestamp::from_unix(1'800'000'000);
  request.principal.assurance = wire::Assurance::verified;
  request.principal.type = "user";
  request.principal.id = "idp/rita";
  request.principal.provider = "idp";
  request.principal.claims = JsonValue::Object{
      {"groups", JsonValue::Array{JsonValue("/developers"), JsonValue("/people")}}, {"tenant", "acme"}};
  return request;
}

wire::Request egress(const char* host, const char* address, wire::EgressProtocol protocol = wire::EgressProtocol::tls) {
  wire::Request request = request_by_rita();
  wire::EgressQuestion question;
  question.host = *net::HostName::parse(host);
  question.addresses = {*net::IpAddress::parse(address)};
  question.protocol = protocol;
  question.port = protocol == wire::EgressProtocol::http ? 80 : 443;
  if (protocol == wire::EgressProtocol::http) {
    question.method = "GET";
    question.path = "/a/file";
  }
  request.action = wire::kEgressConnect;
  request.resource_type = "endpoint";
  request.resource_id = std::string(host) + ":443";
  request.question = std::move(question);
  return request;
}

wire::Request secret(const char* upstream) {
  wire::Request request = request_by_rita();
  request.action = wire::kSecretUse;
  request.resource_type = "secret";
  request.resource_id = "model";
  request.question = wire::SecretQuestion{"model", wire::SecretUse::inject, upstream, "POST", "/messages/x", {}};
  return request;
}

wire::Request exec(const char* program) {
  wire::Request request = request_by_rita();
  wire::ExecQuestion question;
  question.program = {program, program, true};
  question.env = {"HOME", "LANGUAGE_OF_A_LONG_NAME_INDEED", "LD_PRELOAD", "SECRET"};
  request.action = wire::kProcessExec;
  request.resource_type = "program";
  request.resource_id = program;
  request.question = std::move(question);
  return request;
}

wire::Request access(const char* id) {
  wire::Request request = request_by_rita();
  request.action = "read";
  request.resource_type = "document";
  request.resource_id = id;
  request.question = wire::AccessQuestion{};
  return request;
}

std::vector<Case> cases() {
  wire::Request nobody = access("public/1");
  nobody.identity_failure = wire::Reason::token_expired;
  wire::Request script = exec("/usr/bin/script");
  std::get<wire::ExecQuestion>(script.question).interpreter = wire::ProgramFile{"/usr/bin/sh", "/usr/bin/sh", true};
  return {
      {"a host by name, with a dry run against it", egress("docs.example.org", "23.0.0.1"), true},
      {"a host by wildcard", egress("x.api.example.org", "23.0.0.1"), true},
      {"a host that nothing allows", egress("elsewhere.example.net", "23.0.0.1"), false},
      {"an address that a rule denies", egress("docs.example.org", "23.0.99.7"), false},
      {"an address that the guard denies", egress("docs.example.org", "127.0.0.1"), false},
      {"an internal service", egress("registry.corp.example.org", "10.1.2.3"), true},
      {"plain HTTP by path", egress("plain.example.org", "23.0.0.1", wire::EgressProtocol::http), true},
      {"a secret at its upstream", secret("https://api.example.com/v1"), true},
      {"a secret elsewhere", secret("https://api.example.net"), false},
      {"a program", exec("/usr/bin/make"), true},
      {"a program of two rules", exec("/usr/bin/sh"), true},
      {"a script and its interpreter", script, true},
      {"a program nobody allows", exec("/opt/x"), false},
      {"a resource", access("public/1"), true},
      {"another resource", access("private/1"), false},
      {"a failed identity", nobody, false},
  };
}

TEST(Workspace, HoldsNothingOfAnEarlierDecision) {
  const auto first = snapshot_of(kPolicies);
  const auto second = other_snapshot();
  ASSERT_TRUE(first && second);
  const std::vector<Case> all = cases();
  Workspace kept;
  for (int round = 0; round < 2; ++round) {
    for (const Case& before : all) {
      for (const Case& after : all) {
        decide(*first, before.request, kept);
        EXPECT_EQ(to_decision(decide(*second, after.request, kept), *second), decide(*second, after.request))
            << after.name << " after " << before.name;
        EXPECT_EQ(to_decision(decide(*first, after.request, kept), *first), decide(*first, after.request))
            << after.name << " after " << before.name << ", the other snapshot between";
      }
    }
  }
}

TEST(Workspace, DecidesAsTheCasesSay) {
  const auto snapshot = snapshot_of(kPolicies);
  ASSERT_TRUE(snapshot);
  Workspace workspace;
  for (const Case& c : cases()) EXPECT_EQ(decide(*snapshot, c.request, workspace).allowed, c.allowed) << c.name;
}

TEST(Workspace, AllocatesNothingOnceItHasGrown) {
  if (!cel::allocations_are_counted()) GTEST_SKIP() << "a sanitizer brings its own allocator";
  const auto first = snapshot_of(kPolicies);
  const auto second = other_snapshot();
  ASSERT_TRUE(first && second);
  const std::vector<Case> all = cases();
  Workspace workspace;
  for (const Case& c : all) {
    decide(*first, c.request, workspace);
    decide(*second, c.request, workspace);
  }
  for (const Case& c : all) {
    const std::size_t before = cel::allocations_of_this_thread();
    decide(*first, c.request, workspace);
    decide(*second, c.request, workspace);
    EXPECT_EQ(cel::allocations_of_this_thread(), before) << c.name;
  }
}

}  // namespace
}  // namespace portreeve::decide

// PolicyTest tables: whatever a table asks, the reference and production answer alike, and a case printed as a row is
// the same case when it is read again.
#include <fmt/format.h>

#include <map>

#include "engine/analyze/policy_test_case.h"
#include "engine/analyze/policy_test_runner.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "engine/reference/reference.h"
#include "tests/fuzz/input.h"

namespace {

using namespace portreeve;

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
  claims: { groups: groups, tenant: org }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: agent }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: agents }
spec: { roles: [agent], subjects: [{ user: ana }, { group: /research }], expires: 2027-01-01T00:00:00Z }
---
apiVersion: portreeve/v1
kind: InternalService
metadata: { name: wiki }
spec: { hosts: [wiki.example.org], addresses: [10.20.0.0/24] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  rules:
    - { id: open, effect: allow, hosts: ["**.example.com"], limits: { bytesOut: 1MiB, idle: 5m } }
    - { id: plain, effect: allow, hosts: [a.example.com], protocols: [http], methods: [GET], paths: ["/data/**"] }
    - { id: opaque, effect: allow, hosts: ["*.example.com"], protocols: [tcp], ports: [22, 8000-8100] }
    - { id: intranet, effect: allow, services: [wiki] }
    - { id: resolver, effect: allow, cidrs: [8.8.8.0/24] }
    - { id: trusted, effect: deny, hosts: [b.example.com], when: 'session.trust != "internal"', reason: distrusted }
    - { id: trial, effect: deny, hosts: [c.example.com], enforce: false }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: key }
spec: { source: { file: key }, inject: bearer, upstreams: ["https://key.example.net", "https://key.example.net/v1"] }
---
apiVersion: portreeve/v1
kind: SecretPolicy
metadata: { name: keys }
spec:
  rules:
    - { id: use, effect: allow, secrets: [key], methods: [POST], paths: ["/v1/*"], models: ["m-*"], limits: { requestsPerMinute: 9 } }
    - { id: lease, effect: allow, secrets: [key], uses: [lease], limits: { leaseTtl: 5m } }
    - { id: never, effect: deny, secrets: [key], models: ["*-x"] }
---
apiVersion: portreeve/v1
kind: ExecutionPolicy
metadata: { name: programs }
spec:
  roles: [agent]
  rules:
    - { id: tools, effect: allow, programs: [/bin/sh, "/opt/**"], cwd: ["/workspace/**"], users: [sandbox], env: { pass: ["LC_*"] }, write: ["/workspace/**"] }
    - { id: not-that, effect: deny, programs: ["/re:.*/curl/"] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: records }
spec:
  rules:
    - { id: read, effect: allow, actions: [read], resources: [{ type: record, id: "r-*" }], when: 'context.amount < 100 || "staff" in subject.groups' }
)";

struct Loaded {
  std::shared_ptr<const model::CheckedPolicySet> set;
  std::map<std::string, const model::PolicyTest*> tables;
};

Loaded load_with(std::string tables) {
  Loaded loaded{load::load({{"policies.yaml", std::string(kPolicies)}, {"tests.yaml", std::move(tables)}}).set, {}};
  if (loaded.set == nullptr) return loaded;
  for (const model::PolicyTest& table : loaded.set->documents().policy_tests) loaded.tables[table.name] = &table;
  return loaded;
}

// The table with each case printed as a row.
std::string printed(const model::PolicyTest& table) {
  std::string text = fmt::format(
      "apiVersion: portreeve/v1\nkind: PolicyTest\nmetadata: {{ name: {} }}\nspec:\n  subjects:\n", table.name);
  for (const auto& [name, subject] : table.subjects) {
    JsonValue who;
    if (!subject.issuer.empty()) who.set("issuer", subject.issuer);
    if (!subject.type.empty()) who.set("type", subject.type);
    if (!subject.id.empty()) who.set("id", subject.id);
    if (!subject.claims.is_null()) who.set("claims", subject.claims);
    if (!subject.properties.is_null()) who.set("properties", subject.properties);
    text += fmt::format("    {}: {}\n", to_canonical_json(JsonValue(name)), to_canonical_json(who));
  }
  text += "  cases:\n";
  for (const model::TestCase& row : table.cases) {
    text += fmt::format("    - {}\n", analyze::to_row(row, analyze::expectations_of(row)));
  }
  return text;
}

void check_reads_back(const Loaded& loaded) {
  for (const auto& [name, table] : loaded.tables) {
    const std::string text = printed(*table);
    const Loaded again = load_with(text);
    CHECK(again.set != nullptr);
    CHECK(again.tables.at(name)->cases.size() == table->cases.size());
    CHECK(printed(*again.tables.at(name)) == text);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Loaded loaded = load_with(std::string(as_text(data, size)));
  if (loaded.set == nullptr) return 0;
  const model::PolicySet& documents = loaded.set->documents();
  const auto snapshot = compile::compile(loaded.set);
  const auto run = [&](const analyze::Decider& decide) {
    return analyze::run_policy_tests(documents, decide, kNow).cases;
  };
  const auto fast = run([&](const wire::Request& request) { return decide::decide(*snapshot, request); });
  const auto slow = run([&](const wire::Request& request) { return reference::reference_decide(documents, request); });
  CHECK(fast.size() == slow.size());
  for (std::size_t i = 0; i < fast.size(); ++i) {
    wire::Decision decision = fast[i].decision;
    decision.cache_for = slow[i].decision.cache_for;  // the reference knows none
    CHECK(decision == slow[i].decision);
    CHECK(fast[i].passed == slow[i].passed && fast[i].passed == fast[i].message.empty());
  }
  check_reads_back(loaded);
  return 0;
}

// Every decision of the vectors, by every implementation there is: the reference says what SEMANTICS means, production
// has to say the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "engine/analyze/policy_test_runner.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "engine/reference/reference.h"

namespace portreeve {
namespace {

namespace fs = std::filesystem;

constexpr Timestamp kNow = Timestamp::from_unix(1'795'521'600);  // 2026-11-24T12:00:00Z

// What makes a decider of a policy set.
struct Implementation {
  std::string name;
  std::function<analyze::Decider(std::shared_ptr<const model::CheckedPolicySet>)> make;
};

std::vector<Implementation> implementations() {
  const auto by_reference = [](auto set) -> analyze::Decider {
    return [set](const wire::Request& request) { return reference::reference_decide(set->documents(), request); };
  };
  const auto by_production = [](auto set) -> analyze::Decider {
    return
        [snapshot = compile::compile(set)](const wire::Request& request) { return decide::decide(*snapshot, request); };
  };
  return {{"reference", by_reference}, {"production", by_production}};
}

std::vector<std::string> folders_of_vectors() {
  const fs::path root = fs::path(PORTREEVE_SOURCE_DIR) / "tests" / "vectors";
  std::set<std::string> folders;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".yaml") folders.insert(fs::relative(entry.path().parent_path(), root).string());
  }
  return {folders.begin(), folders.end()};
}

std::shared_ptr<const model::CheckedPolicySet> load_checked(const std::vector<wire::PolicyFile>& files) {
  load::LoadResult loaded = load::load(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
  }
  return loaded.set;
}

class Vectors : public testing::TestWithParam<std::string> {};

TEST_P(Vectors, AreDecidedAsTheirTablesSay) {
  const auto files = load::read_folder(std::string(PORTREEVE_SOURCE_DIR) + "/tests/vectors/" + GetParam());
  ASSERT_TRUE(files) << files.error().message;
  const auto set = load_checked(*files);
  ASSERT_NE(set, nullptr);
  for (const Implementation& implementation : implementations()) {
    const analyze::TestRun run = analyze::run_policy_tests(set->documents(), implementation.make(set), kNow);
    EXPECT_FALSE(run.cases.empty());
    for (const analyze::CaseResult& result : run.cases) {
      EXPECT_TRUE(result.passed) << implementation.name << ", " << result.test_case->place.file << ":"
                                 << result.test_case->place.line << "\n"
                                 << result.message;
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Folders, Vectors, testing::ValuesIn(folders_of_vectors()), test_name);

// The corpus of addresses, each asked about as the whole answer to a name that a rule allows, and as a target that a
// prefix would allow.
struct AddressRow {
  std::string address;
  std::string expect;
  std::string reason;
};

std::vector<AddressRow> address_rows() {
  std::ifstream file(std::string(PORTREEVE_SOURCE_DIR) + "/../shared/data/egress-corpus.tsv");
  std::vector<AddressRow> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string kind;
    AddressRow row;
    std::getline(fields, kind, '\t');
    std::getline(fields, row.address, '\t');
    std::getline(fields, row.expect, '\t');
    std::getline(fields, row.reason, '\t');
    if (kind == "ip") rows.push_back(std::move(row));
  }
  return rows;
}

// The codes that SEMANTICS §1 gives a name of the corpus; empty: any denial will do, the deployment's own addresses are
// not in a policy set.
std::set<std::string> codes_for(const std::string& corpus_name) {
  static const std::map<std::string, std::set<std::string>> kCodes = {
      {"ok", {"rule-allow"}},
      {"ip_loopback", {"guard:loopback-address"}},
      {"ip_unspecified", {"guard:unspecified-address"}},
      {"ip_this_network", {"guard:unspecified-address"}},
      {"ip_link_local", {"guard:link-local-address"}},
      {"cloud_metadata", {"guard:metadata-address"}},
      {"ip_private", {"guard:private-address"}},
      {"ip_cgnat", {"guard:shared-address"}},
      {"ip_ula", {"guard:unique-local-address"}},
      {"ip_multicast", {"guard:multicast-address"}},
      {"ip_broadcast", {"guard:broadcast-address"}},
      {"ip_reserved", {"guard:reserved-address"}},
      {"ip_documentation", {"guard:documentation-address"}},
      {"ip_benchmark", {"guard:benchmarking-address"}},
      {"ip_protocol_assignment", {"guard:protocol-address"}},
      {"ip_as112", {"guard:protocol-address"}},
      {"overlay_service", {"guard:overlay-address"}},
      {"ip_not_global", {"guard:not-global-address"}},
      {"ip_orchid", {"guard:not-global-address"}},
      {"ip_6to4_relay", {"guard:translated-address"}},
      {"ip_6to4", {"guard:translated-address"}},
      {"ip_nat64", {"guard:translated-address"}},
      {"ip_nat64_local", {"guard:translated-address"}},
      {"ip_teredo", {"guard:translated-address"}},
      {"ip_isatap", {"guard:translated-address"}},
      {"ip_v4_compat", {"guard:translated-address"}},
      {"ip_v4_translated", {"guard:translated-address"}},
      {"authority_syntax", {"invalid-request"}},
  };
  const auto found = kCodes.find(corpus_name);
  return found == kCodes.end() ? std::set<std::string>{} : found->second;
}

constexpr std::string_view kCorpusPolicies = R"(
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
kind: InternalService
metadata: { name: intranet }
spec: { hosts: [intranet.corp.example.org], addresses: [10.20.0.0/24] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: fixture }
spec:
  rules:
    - { id: names, effect: allow, hosts: [api.anthropic.com, api.openai.com, packages.example.org, api.example.com, "*.cdn.example.net", "**.deep.example.net", xn--bcher-kva.example.com, rebind.example.net] }
    - { id: plain, effect: allow, hosts: [api.example.com], protocols: [http], ports: [80] }
    - { id: intranet, effect: allow, services: [intranet] }
    - { id: addresses, effect: allow, cidrs: [8.8.8.8/32, "2606:4700:4700::1111/128"] }
---
apiVersion: portreeve/v1
kind: PolicyTest
metadata: { name: table }
spec:
  subjects: { ana: { issuer: idp, claims: { sub: ana } } }
  cases:
    - { as: ana, egress: "https://api.example.com", expect: allow }
)";

TEST(AddressCorpus, IsDecidedAsTheGuardSays) {
  const std::vector<AddressRow> rows = address_rows();
  if (rows.empty()) GTEST_SKIP() << "the corpus is not beside the repository";
  const auto set = load_checked({{"corpus.yaml", std::string(kCorpusPolicies)}});
  ASSERT_NE(set, nullptr);
  const model::PolicyTest& table = set->documents().policy_tests.front();
  for (const Implementation& implementation : implementations()) {
    const analyze::Decider decide = implementation.make(set);
    for (const AddressRow& row : rows) {
      model::TestCase test_case = table.cases.front();
      std::get<model::EgressCase>(test_case.question).addresses = {{row.address}};
      const auto answer = analyze::run_case(set->documents(), table, test_case, decide, kNow).decision;
      const std::set<std::string> codes = codes_for(row.reason);
      if (codes.empty()) {
        // What is the deployment's own is known to the gates; here such an address is what its range makes it.
        if (!row.reason.starts_with("proxy") && !row.reason.starts_with("infra")) {
          EXPECT_FALSE(answer.allowed) << implementation.name << ": " << row.address << " " << row.reason;
        }
        continue;
      }
      EXPECT_TRUE(codes.contains(std::string(wire::code(answer.reason))))
          << implementation.name << ": " << row.address << "\t" << row.expect << "\t" << row.reason << "\tgot "
          << wire::code(answer.reason);
    }
  }
}

}  // namespace
}  // namespace portreeve

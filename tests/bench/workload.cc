#include "tests/bench/workload.h"

#include <fmt/format.h>

#include <random>

namespace portreeve::bench {
namespace {

constexpr std::size_t kRoles = 50;
constexpr std::size_t kRulesPerPolicy = 20;
constexpr std::size_t kGroup = 4;  // rules that share a target

enum class Domain { egress, secrets, execution, access };

// By group, in the mix of ten: five egress, two secrets, two execution, one access.
Domain domain_of(std::size_t group) {
  const std::size_t slot = group % 10;
  if (slot < 5) return Domain::egress;
  if (slot < 7) return Domain::secrets;
  if (slot < 9) return Domain::execution;
  return Domain::access;
}

std::string role(std::size_t n) { return fmt::format("role-{}", n % kRoles); }

// Every rule of a group names the group's own target, and two or three that only it has.
std::string target_list(std::size_t group, std::size_t rule, std::string_view own, std::string_view other,
                        std::string_view suffix) {
  std::string out = fmt::format("[\"{}{}{}\"", own, group, suffix);
  for (std::size_t i = 0; i < 2 + rule % 3; ++i)
    out += fmt::format(", \"{}{}-{}-{}{}\"", other, group, rule, i, suffix);
  return out + "]";
}

std::string rule_text(std::size_t n) {
  const std::size_t group = n / kGroup;
  const bool denies = n % kGroup == 3 && group % 2 == 1;
  std::string out = fmt::format("    - id: r{}\n      effect: {}\n", n, denies ? "deny" : "allow");
  const bool regex = n % 20 == 7;
  switch (domain_of(group)) {
    case Domain::egress:
      out += fmt::format("      hosts: {}\n",
                         target_list(group, n, "h", "x", fmt::format(".zone{}.example.org", group % 16)));
      if (regex) out += "      protocols: [http]\n      paths: [\"/re:/v[0-9]+/.*/\"]\n";
      break;
    case Domain::secrets:
      out += fmt::format("      secrets: [s{}]\n      methods: [POST]\n", group);
      out += fmt::format("      paths: {}\n",
                         regex ? fmt::format("[\"/re:/g{}/.*/\"]", group) : target_list(group, n, "/g", "/x", "/**"));
      break;
    case Domain::execution:
      out += fmt::format("      programs: {}\n", regex ? fmt::format("[\"/re:/opt/g{}/.*/\"]", group)
                                                       : target_list(group, n, "/opt/g", "/opt/x", "/**"));
      if (!denies) out += "      limits: { wall: 10m, processes: 64 }\n";
      break;
    case Domain::access:
      out += fmt::format(
          "      actions: [read, write]\n      resources: [{{ type: t{}, id: \"doc/*\" }}, {{ type: x{}-{} }}]\n",
          group, group, n);
      break;
  }
  if (n % 10 == 1) out += "      when: subject.tenant == \"acme\" && action.name != \"never\"\n";
  return out;
}

std::string_view kind_of(Domain domain) {
  switch (domain) {
    case Domain::egress:
      return "EgressPolicy";
    case Domain::secrets:
      return "SecretPolicy";
    case Domain::execution:
      return "ExecutionPolicy";
    case Domain::access:
      return "AccessPolicy";
  }
  return "";
}

std::string common_documents(std::size_t rules) {
  std::string out = R"(apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: discovery
  claims: { groups: groups, tenant: tenant }
)";
  for (std::size_t i = 0; i < kRoles; ++i) {
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: Role\nmetadata: {{ name: {} }}\nspec: {{ description: role {} }}\n",
        role(i), i);
    if (i % 5 != 0) {
      out.resize(out.rfind("spec:"));
      out += fmt::format("spec: {{ inherits: [{}] }}\n", role(i - 1));
    }
  }
  for (std::size_t i = 4; i < kRoles; i += 5) {
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: RoleBinding\nmetadata: {{ name: b{} }}\nspec: {{ roles: [{}], subjects: "
        "[{{ group: /g{} }}] }}\n",
        i, role(i), i);
  }
  for (std::size_t i = 0; i <= rules / kGroup; ++i) {
    if (domain_of(i) != Domain::secrets) continue;
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: Secret\nmetadata: {{ name: s{} }}\nspec: {{ route: /s{}, source: {{ "
        "file: s{} }}, inject: bearer, "
        "upstreams: [\"https://api{}.example.com\"] }}\n",
        i, i, i, i);
  }
  return out;
}

}  // namespace

std::vector<wire::PolicyFile> make_policies(std::size_t rules) {
  std::vector<wire::PolicyFile> files{{"common.yaml", common_documents(rules)}};
  // A policy is of one kind: the rules of each domain in their order, twenty a policy.
  for (const Domain domain : {Domain::egress, Domain::secrets, Domain::execution, Domain::access}) {
    std::string text;
    std::size_t in_policy = 0;
    std::size_t policies = 0;
    for (std::size_t n = 0; n < rules; ++n) {
      if (domain_of(n / kGroup) != domain) continue;
      if (in_policy == 0) {
        text += fmt::format(
            "---\napiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {}{} }}\nspec:\n  roles: [{}]\n  rules:\n",
            kind_of(domain), static_cast<char>('a' + static_cast<int>(domain)), policies, role(policies * 5));
        ++policies;
      }
      text += rule_text(n);
      in_policy = (in_policy + 1) % kRulesPerPolicy;
    }
    if (!text.empty()) files.push_back({fmt::format("{}.yaml", kind_of(domain)), std::move(text)});
  }
  return files;
}

std::vector<wire::Request> make_requests(std::size_t rules, std::size_t count) {
  std::mt19937 random(20261124);
  std::vector<wire::Request> requests;
  const std::size_t groups = rules / kGroup;
  while (requests.size() < count) {
    const std::size_t group = random() % groups;
    wire::Request request;
    request.time = Timestamp::from_unix(1'800'000'000);
    wire::Principal& principal = request.principal;
    principal.assurance = wire::Assurance::verified;
    principal.type = "user";
    principal.id = "idp/user";
    principal.provider = "idp";
    JsonValue::Array all;
    for (std::size_t i = 4; i < kRoles; i += 5) all.emplace_back(fmt::format("/g{}", i));
    principal.claims = JsonValue::Object{{"groups", std::move(all)}, {"sub", "user"}, {"tenant", "acme"}};
    principal.session = wire::SessionFacts{"ses_1", Timestamp::from_unix(1'799'999'000), {}, {}, {}};
    switch (domain_of(group)) {
      case Domain::egress: {
        wire::EgressQuestion egress;
        const std::string host = fmt::format("h{}.zone{}.example.org", group, group % 16);
        egress.host = *net::HostName::parse(host);
        egress.port = 443;
        egress.protocol = wire::EgressProtocol::connect;
        egress.addresses = {*net::IpAddress::parse("23.0.0.10")};
        request.action = wire::kEgressConnect;
        request.resource_type = "endpoint";
        request.resource_id = host + ":443";
        request.resource_properties = JsonValue::Object{{"host", host}, {"port", 443}};
        request.question = std::move(egress);
        break;
      }
      case Domain::secrets: {
        wire::SecretQuestion secret;
        secret.secret = fmt::format("s{}", group);
        secret.use = wire::SecretUse::inject;
        secret.upstream = fmt::format("https://api{}.example.com", group);
        secret.method = "POST";
        secret.path = fmt::format("/g{}/x", group);
        request.action = wire::kSecretUse;
        request.resource_type = "secret";
        request.resource_id = secret.secret;
        request.question = std::move(secret);
        break;
      }
      case Domain::execution: {
        wire::ExecQuestion exec;
        exec.program.path = fmt::format("/opt/g{}/tool", group);
        exec.program.file = exec.program.path;
        exec.program.stable = true;
        request.action = wire::kProcessExec;
        request.resource_type = "program";
        request.resource_id = exec.program.path;
        request.question = std::move(exec);
        break;
      }
      case Domain::access:
        request.action = "read";
        request.resource_type = fmt::format("t{}", group);
        request.resource_id = "doc/1";
        request.question = wire::AccessQuestion{};
        break;
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace portreeve::bench

#include "tests/bench/workload.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <random>
#include <string_view>

namespace portreeve::bench {
namespace {

constexpr std::size_t kRoles = 50;
constexpr std::size_t kRolesInChain = 10;  // each inherits the one before it
constexpr std::size_t kRulesPerPolicy = 20;

// Rules that share a target stand together, in groups of these sizes, over and over.
constexpr std::array<std::size_t, 7> kGroupSizes{2, 5, 8, 3, 6, 4, 7};
constexpr std::size_t kRound = 35;  // rules: their sum

enum class Domain { egress_by_name, egress_by_address, secrets, execution, access };
constexpr std::array<Domain, 5> kDomains{Domain::egress_by_name, Domain::egress_by_address, Domain::secrets,
                                         Domain::execution, Domain::access};

// In ten groups four egress by name, one by address, two secrets, two execution, one access.
Domain domain_of(std::size_t group) {
  constexpr std::array<Domain, 10> kMix{Domain::egress_by_name,   Domain::secrets,   Domain::egress_by_name,
                                        Domain::execution,        Domain::access,    Domain::egress_by_name,
                                        Domain::secrets,          Domain::execution, Domain::egress_by_name,
                                        Domain::egress_by_address};
  return kMix[group % kMix.size()];
}

// How a request for the group's target ends.
enum class Ending { allowed, rule_denies, nothing_allows };
Ending ending_of(std::size_t group) {
  constexpr std::array<Ending, 4> kEndings{Ending::allowed, Ending::rule_denies, Ending::allowed,
                                           Ending::nothing_allows};
  return kEndings[(group + group / 10) % kEndings.size()];  // of each domain some
}

struct Rule {
  std::size_t number = 0;
  std::size_t group = 0;
  std::size_t place = 0;  // in the group
  bool last = false;      // of the group
  bool denies() const { return last && ending_of(group) == Ending::rule_denies; }
  bool has_condition() const { return number % 10 == 1; }
  bool has_regex() const { return number % 20 == 7; }
};

std::vector<Rule> rules_of(std::size_t count) {
  std::vector<Rule> rules;
  for (std::size_t group = 0; rules.size() < count; ++group) {
    const std::size_t size = kGroupSizes[group % kGroupSizes.size()];
    for (std::size_t place = 0; place < size && rules.size() < count; ++place) {
      rules.push_back({rules.size(), group, place, place + 1 == size});
    }
  }
  return rules;
}

std::string role(std::size_t n) { return fmt::format("role-{:02}", n % kRoles); }

constexpr std::array<std::string_view, 10> kConditions{
    R"(subject.tenant == "acme")",
    R"(action.name != "never" && resource.type != "nothing")",
    R"("/team-0" in subject.groups)",
    R"(session.trust != "internal" || subject.tenant.startsWith("ac"))",
    R"(subject.claims.department == "research")",
    R"("role-03" in subject.roles)",
    R"(!resource.id.endsWith(".invalid"))",
    R"(subject.id.startsWith("idp/") && subject.type == "user")",
    R"(session.age < duration("12h"))",
    R"(request.time > timestamp("2026-01-01T00:00:00Z"))"};

// The group's own pattern and two to four that only the rule has.
std::string list_of(const Rule& rule, std::string_view shared, std::string_view own, std::string_view suffix) {
  std::string out = fmt::format("[\"{}\"", shared);
  for (std::size_t i = 0; i < 2 + rule.number % 3; ++i)
    out += fmt::format(", \"{}{}-{}{}\"", own, rule.number, i, suffix);
  return out + "]";
}

std::string zone_of(std::size_t group) { return fmt::format(".zone{}.example.org", group % 16); }

enum class HostForm { exact, one_label, any_depth };
HostForm host_form_of(std::size_t group) {
  constexpr std::array<HostForm, 5> kForms{HostForm::exact, HostForm::one_label, HostForm::exact, HostForm::any_depth,
                                           HostForm::exact};
  return kForms[group / 2 % kForms.size()];
}

std::string host_pattern_of(std::size_t group) {
  constexpr std::array<std::string_view, 3> kBefore{"", "*.", "**."};
  return fmt::format("{}h{}{}", kBefore[static_cast<std::size_t>(host_form_of(group))], group, zone_of(group));
}
std::string host_of(std::size_t group) {
  constexpr std::array<std::string_view, 3> kBefore{"", "a.", "a.b."};
  return fmt::format("{}h{}{}", kBefore[static_cast<std::size_t>(host_form_of(group))], group, zone_of(group));
}

std::string prefixes_of(const Rule& rule) {
  std::string out = fmt::format("[23.{}.{}.0/24", rule.group / 256, rule.group % 256);
  for (std::size_t i = 0; i < 2 + rule.number % 3; ++i) {
    const std::size_t block = rule.number * 4 + i;
    out += fmt::format(", 20.{}.{}.{}/28", block >> 12, block >> 4 & 255, (block & 15) * 16);
  }
  return out + "]";
}

std::string rule_text(const Rule& rule) {
  const std::size_t group = rule.group;
  std::string out = fmt::format("    - id: r{}\n      effect: {}\n", rule.number, rule.denies() ? "deny" : "allow");
  switch (domain_of(group)) {
    case Domain::egress_by_name:
      out += fmt::format("      hosts: {}\n", list_of(rule, host_pattern_of(group), "x", zone_of(rule.number)));
      if (rule.has_regex()) out += "      protocols: [http]\n      ports: [443]\n      paths: [\"/re:/v[0-9]+/.*/\"]\n";
      if (!rule.denies() && rule.number % 3 == 0) out += "      limits: { bytesOut: 10MiB, total: 1h }\n";
      break;
    case Domain::egress_by_address:
      out += fmt::format("      cidrs: {}\n", prefixes_of(rule));
      break;
    case Domain::secrets: {
      const std::string shared =
          rule.has_regex() ? fmt::format("/re:/g{}/[a-z]+/", group) : fmt::format("/g{}/**", group);
      out += fmt::format("      secrets: [s{}]\n      methods: [POST]\n      paths: {}\n", group,
                         list_of(rule, shared, "/x", "/**"));
      if (!rule.denies() && rule.number % 3 == 0) out += "      limits: { requestsPerMinute: 60 }\n";
      break;
    }
    case Domain::execution: {
      const std::string shared =
          rule.has_regex() ? fmt::format("/re:/opt/g{}/[a-z]+/", group) : fmt::format("/opt/g{}/**", group);
      out += fmt::format("      programs: {}\n", list_of(rule, shared, "/opt/x", "/**"));
      if (!rule.denies()) out += "      env: { pass: [PATH, HOME] }\n      limits: { wall: 10m, processes: 64 }\n";
      break;
    }
    case Domain::access: {
      out += fmt::format("      actions: [read, write]\n      resources: [{{ type: t{}, id: \"{}\" }}", group,
                         rule.has_regex() ? "/re:doc/[0-9]+/" : "doc/*");
      for (std::size_t i = 0; i < 2 + rule.number % 3; ++i) out += fmt::format(", {{ type: x{}-{} }}", rule.number, i);
      out += "]\n";
      break;
    }
  }
  if (rule.has_condition())
    out += fmt::format("      when: '{}'\n", kConditions[rule.number / 10 % kConditions.size()]);
  return out;
}

std::string_view kind_of(Domain domain) {
  switch (domain) {
    case Domain::egress_by_name:
    case Domain::egress_by_address:
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

std::string common_documents(const std::vector<Rule>& rules) {
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
    const std::string parent = i % kRolesInChain == 0 ? "" : fmt::format("inherits: [{}], ", role(i - 1));
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: Role\nmetadata: {{ name: {} }}\nspec: {{ {}description: role {} }}\n",
        role(i), parent, i);
  }
  for (std::size_t i = kRolesInChain - 1; i < kRoles; i += kRolesInChain) {
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: RoleBinding\nmetadata: {{ name: team-{0} }}\nspec: {{ roles: [{1}], "
        "subjects: [{{ group: /team-{0} }}] }}\n",
        i / kRolesInChain, role(i));
  }
  for (const Rule& rule : rules) {
    if (rule.place != 0 || domain_of(rule.group) != Domain::secrets) continue;
    out += fmt::format(
        "---\napiVersion: portreeve/v1\nkind: Secret\nmetadata: {{ name: s{0} }}\nspec: {{ route: /s{0}, source: {{ "
        "file: s{0} }}, inject: bearer, upstreams: [\"https://api{0}.example.com\"] }}\n",
        rule.group);
  }
  return out;
}

wire::Request blank_request() {
  wire::Request request;
  request.time = Timestamp::from_unix(1'800'000'000);
  wire::Principal& principal = request.principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = "idp/user";
  principal.provider = "idp";
  JsonValue::Array teams;
  for (std::size_t i = 0; i < kRoles / kRolesInChain; ++i) teams.emplace_back(fmt::format("/team-{}", i));
  principal.claims =
      JsonValue::Object{{"department", "research"}, {"groups", std::move(teams)}, {"sub", "user"}, {"tenant", "acme"}};
  principal.session = wire::SessionFacts{"ses_1", Timestamp::from_unix(1'799'999'000), {}, {}, {}};
  return request;
}

void ask_egress(std::size_t group, net::EndpointHost host, wire::Request& request) {
  wire::EgressQuestion egress;
  // What allow rules leave out means port 443, so that nothing allows another.
  egress.port = ending_of(group) == Ending::nothing_allows ? 8443 : 443;
  if (const auto* address = std::get_if<net::IpAddress>(&host)) {
    egress.addresses = {*address};
  } else {
    egress.addresses = {*net::IpAddress::parse("23.0.0.10"), *net::IpAddress::parse("23.0.0.11")};
  }
  request.resource_id = fmt::format("{}:{}", net::to_string(host), egress.port);
  request.resource_properties = JsonValue::Object{{"host", net::to_string(host)}, {"port", egress.port}};
  egress.host = std::move(host);
  request.action = wire::kEgressConnect;
  request.resource_type = "endpoint";
  request.question = std::move(egress);
}

wire::Request ask(std::size_t group) {
  wire::Request request = blank_request();
  const bool refused = ending_of(group) == Ending::nothing_allows;
  switch (domain_of(group)) {
    case Domain::egress_by_name:
      ask_egress(group, *net::HostName::parse(host_of(group)), request);
      break;
    case Domain::egress_by_address:
      ask_egress(group, *net::IpAddress::parse(fmt::format("23.{}.{}.9", group / 256, group % 256)), request);
      break;
    case Domain::secrets: {
      wire::SecretQuestion secret;
      secret.secret = fmt::format("s{}", group);
      secret.use = wire::SecretUse::inject;
      secret.upstream = fmt::format("https://api{}.example.com", group);
      secret.method = refused ? "DELETE" : "POST";
      secret.path = fmt::format("/g{}/messages", group);
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
      exec.env = {"PATH", "HOME", "LANG"};
      exec.terminal = refused;  // which no rule permits
      request.action = wire::kProcessExec;
      request.resource_type = "program";
      request.resource_id = exec.program.path;
      request.question = std::move(exec);
      break;
    }
    case Domain::access:
      request.action = refused ? "purge" : "read";
      request.resource_type = fmt::format("t{}", group);
      request.resource_id = "doc/1";
      request.question = wire::AccessQuestion{};
      break;
  }
  return request;
}

}  // namespace

std::vector<wire::PolicyFile> make_policies(std::size_t count) {
  const std::vector<Rule> rules = rules_of(count);
  std::vector<wire::PolicyFile> files{{"common.yaml", common_documents(rules)}};
  // A policy is of one kind: the rules of each domain in their order, twenty a policy.
  for (const Domain domain : kDomains) {
    std::string text;
    std::size_t in_policy = 0;
    std::size_t policies = 0;
    for (const Rule& rule : rules) {
      if (domain_of(rule.group) != domain) continue;
      if (in_policy == 0) {
        text += fmt::format(
            "---\napiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {}{} }}\nspec:\n  roles: [{}]\n  rules:\n",
            kind_of(domain), static_cast<char>('a' + static_cast<int>(domain)), policies, role(policies * 7));
        ++policies;
      }
      text += rule_text(rule);
      in_policy = (in_policy + 1) % kRulesPerPolicy;
    }
    if (!text.empty())
      files.push_back({fmt::format("{}.yaml", static_cast<char>('a' + static_cast<int>(domain))), text});
  }
  return files;
}

std::vector<wire::Request> make_requests(std::size_t rules, std::size_t count, Asked asked) {
  std::mt19937 random(20261124);
  std::vector<std::size_t> groups;
  for (const Rule& rule : rules_of(rules / kRound * kRound)) {
    const bool wanted = asked == Asked::anything ? rule.place == 0 : rule.has_regex();
    if (wanted) groups.push_back(rule.group);
  }
  std::vector<wire::Request> requests;
  while (requests.size() < count) requests.push_back(ask(groups[random() % groups.size()]));
  return requests;
}

}  // namespace portreeve::bench

#include "tests/differential/set_maker.h"

#include <fmt/format.h>

#include <algorithm>

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

// Conditions that hold, fail, err or cannot be said yet, depending on who asks what.
const Texts kConditions = {
    R"(session.trust == "internal")",
    R"(session.trust != "untrusted")",
    R"(session.age < duration("1h"))",
    R"(session.labels.task == "docs")",
    R"(has(session.labels.task))",
    R"(session.id == "ses_1")",
    R"(size(session.labels) == 0)",
    R"(subject.tenant == "acme")",
    R"("g1" in subject.groups)",
    R"(size(subject.groups) == 0)",
    R"("agent" in subject.roles)",
    R"(subject.roles.size() > 1)",
    R"(subject.claims.level > 2)",
    R"(has(subject.claims.level))",
    R"(size(subject.claims) > 0)",
    R"(subject.claims.level > 2 || subject.type == "user")",
    R"(subject.claims.level > 2 && subject.type == "service")",
    R"(subject.claims.flag)",
    R"(subject.id == "idp/ana")",
    R"(subject.properties.department == "research")",
    R"(has(subject.properties.department))",
    R"(size(subject.properties) > 0)",
    R"(request.source == "10.1.2.3")",
    R"(request.time < timestamp("2026-11-24T12:00:00Z"))",
    R"(request.time.getHours("Europe/Berlin") < 13)",
    R"(resource.properties.addresses.size() > 1)",
    R"("8.8.8.8" in resource.properties.addresses)",
    R"(resource.properties.addresses.all(a, a != "8.8.8.200"))",
    R"(has(resource.properties.method))",
    R"(has(resource.properties.addresses))",
    R"(resource.properties.sni == "a.example.com")",
    R"(resource.properties.path.startsWith("/data"))",
    R"(resource.properties.port == 443 && resource.properties.method == "GET")",
    R"(!(resource.properties.port == 443 && resource.properties.nonsense == 1))",
    R"(resource.properties.size() > 3)",
    R"(resource.properties.status == null)",
    R"(resource.properties.status == "active")",
    R"(resource.id.startsWith("a."))",
    R"(resource.type == "endpoint" ? resource.properties.port == 443 : true)",
    R"(context.n > 1)",
    R"(context.n > 1 || subject.tenant == "acme")",
    R"(has(context.n))",
    R"(size(context) == 0)",
    R"(action.name == "read")",
    R"(has(action.properties.x))",
    R"(action.properties.x == 1)",
};

// One rule in flow style.
class Rule {
 public:
  Rule(Dice& dice, const std::string& id) : dice_(dice), allow_(dice.chance(65)) {
    text_ = fmt::format("id: {}, effect: {}", id, allow_ ? "allow" : "deny");
  }
  bool allow() const { return allow_; }
  void add(std::string_view key, std::string_view value) { text_ += fmt::format(", {}: {}", key, value); }
  void add(std::string_view key, const Texts& items) { add(key, flow_list(items)); }
  void maybe(std::size_t percent, std::string_view key, const Texts& choices, std::size_t most = 2) {
    if (dice_.chance(percent)) add(key, dice_.some_of(choices, 1, most));
  }
  std::string done() {
    if (dice_.chance(35)) add("when", "'" + dice_.one_of(kConditions) + "'");
    if (dice_.chance(25)) add("reason", dice_.one_of(Texts{"first", "second"}));
    if (dice_.chance(15)) add("enforce", dice_.chance(70) ? "false" : "true");
    return "{ " + text_ + " }";
  }

 private:
  Dice& dice_;
  bool allow_;
  std::string text_;
};

void add_limits(Dice& dice, Rule& rule, const Texts& limits) {
  if (!rule.allow() || !dice.chance(40)) return;
  std::string text;
  for (const std::string& limit : dice.some_of(limits, 1, 3)) {
    if (text.find(limit.substr(0, limit.find(':') + 1)) != std::string::npos) continue;  // a key once
    text += (text.empty() ? "" : ", ") + limit;
  }
  rule.add("limits", "{ " + text + " }");
}

const Texts kHostPatterns = {"a.example.com",  "b.example.com",   "x.a.example.com",  "*.example.com",
                             "**.example.com", "*.a.example.com", "**.a.example.com", "w.example.org",
                             "example.com",    "list:some"};
const Texts kPublicPrefixes = {"8.8.0.0/16", "8.8.8.0/24", "8.8.8.128/25",
                               "8.8.8.8/32", "1.1.1.0/24", "2606:4700::/32"};
const Texts kAnyPrefixes = {"8.8.8.0/24", "8.8.8.128/25", "10.0.0.0/8", "10.20.0.128/25",
                            "0.0.0.0/0",  "::/0",         "127.0.0.0/8"};

std::string egress_rule(Dice& dice, const std::string& id) {
  Rule rule(dice, id);
  const std::size_t target = dice.below(rule.allow() ? 10 : 11);
  const bool with_hosts = target <= 4 || target == 9;
  if (with_hosts) {
    Texts hosts = dice.some_of(kHostPatterns, 1, 3);
    if (!rule.allow() && dice.chance(10)) hosts.push_back("printer.local");
    rule.add("hosts", hosts);
  }
  if (target == 4 || target == 5 || target == 6)
    rule.add("cidrs", dice.some_of(rule.allow() ? kPublicPrefixes : kAnyPrefixes, 1, 3));
  if (target == 7) rule.add("services", dice.some_of(Texts{"wiki", "git"}, 1, 2));
  if (target == 8) rule.add("internet", "true");
  if (target == 9 && dice.chance(50) && rule.allow()) rule.add("direct", "true");
  if (dice.chance(45)) {
    Texts protocols = dice.some_of(Texts{"tls", "http", "tcp"}, 1, 3);
    const bool tcp = std::find(protocols.begin(), protocols.end(), "tcp") != protocols.end();
    if (tcp && rule.allow() && !with_hosts && target != 7) protocols = {"tls"};
    const bool http_alone = protocols == Texts{"http"};
    rule.add("protocols", protocols);
    if (tcp || dice.chance(40)) rule.add("ports", dice.one_of(Texts{"[443]", "[443, 22]", "[80, 443]", "[22, 8443]"}));
    if (http_alone) {
      rule.maybe(50, "methods", {"GET", "HEAD", "POST"});
      rule.maybe(50, "paths", {"/data/**", "/data/secret/**", "/", "/re:/data/[a-z]+/"});
    }
  } else if (dice.chance(30)) {
    rule.add("ports", dice.one_of(Texts{"[443]", "[80]", "[\"1-1000\"]", "[8443, 443]", "[22]", "[\"1-65535\"]"}));
  }
  add_limits(dice, rule,
             {"bytesIn: 1MiB", "bytesOut: 2KiB", "bytesOut: 1KiB", "idle: 1m", "total: 1h", "connections: 4"});
  return rule.done();
}

std::string secret_rule(Dice& dice, const std::string& id) {
  Rule rule(dice, id);
  if (rule.allow() || dice.chance(70)) rule.add("secrets", dice.some_of(Texts{"llm/one", "llm/two"}, 1, 2));
  rule.maybe(30, "uses", {"inject", "lease"});
  rule.maybe(30, "methods", {"GET", "POST", "DELETE"});
  rule.maybe(30, "paths", {"/v1/**", "/v1/*", "/v1/messages"});
  rule.maybe(30, "models", {"m-*", "m-small", "*-large"});
  add_limits(dice, rule, {"requestsPerMinute: 60", "requestsPerMinute: 10", "leaseTtl: 10m", "leaseTtl: 5m"});
  return rule.done();
}

std::string exec_rule(Dice& dice, const std::string& id) {
  Rule rule(dice, id);
  if (rule.allow() || dice.chance(80)) {
    rule.add(
        "programs",
        dice.some_of(Texts{"/bin/sh", "/bin/*", "/usr/bin/**", "/opt/s", "/re:/usr/bin/[a-z]+/", "/lib64/**"}, 1, 3));
  }
  rule.maybe(30, "cwd", {"/workspace/**", "/workspace/a", "/**"});
  rule.maybe(30, "users", {"sandbox", "root"});
  if (dice.chance(30)) rule.add("terminal", dice.chance(60) ? "true" : "false");
  if (rule.allow()) {
    if (dice.chance(60))
      rule.add("env",
               "{ pass: " + flow_list(dice.some_of(Texts{"PATH", "HOME", "LC_*", "*", "GIT_*", "LD_*"}, 1, 3)) + " }");
    rule.maybe(60, "write", {"/workspace/**", "/workspace/a/**", "/workspace/a/b", "/tmp/**", "/tmp"}, 4);
  }
  add_limits(dice, rule, {"wall: 10m", "wall: 5m", "cpu: 1m", "memory: 1GiB", "processes: 8", "openFiles: 64"});
  return rule.done();
}

std::string access_rule(Dice& dice, const std::string& id) {
  Rule rule(dice, id);
  rule.maybe(60, "actions", {"read", "write", "purge"});
  if (rule.allow() || dice.chance(60)) {
    rule.add("resources", dice.one_of(Texts{"[{ type: record }]", "[{ type: record, id: r1 }]",
                                            "[{ type: note }, { type: record, id: \"r*\" }]",
                                            "[{ type: note, id: \"/re:n[0-9]/\" }]"}));
  }
  return rule.done();
}

using MakeRule = std::string (*)(Dice&, const std::string&);

DocumentText policy(Dice& dice, std::string kind, std::string name, MakeRule make, std::size_t most) {
  DocumentText document{std::move(kind), std::move(name), {}, {}};
  if (dice.chance(40))
    document.lines.push_back("roles: " + flow_list(dice.some_of(Texts{"base", "agent", "lead", "other"}, 1, 2)));
  if (dice.chance(20)) document.lines.push_back("tenants: " + flow_list(dice.some_of(Texts{"acme", "globex"}, 1, 2)));
  if (dice.chance(10)) document.lines.push_back(dice.chance(70) ? "enforce: false" : "enforce: true");
  const std::size_t count = 1 + dice.below(most);
  for (std::size_t i = 0; i < count; ++i) document.rules.push_back(make(dice, fmt::format("r{}", i)));
  return document;
}

DocumentText binding(Dice& dice, std::size_t number) {
  DocumentText document{"RoleBinding", fmt::format("binding-{}", number), {}, {}};
  document.lines.push_back("roles: " + flow_list(dice.some_of(Texts{"base", "agent", "lead", "other"}, 1, 2)));
  const Texts subjects =
      dice.some_of(Texts{"{ issuer: idp, user: ana }", "{ issuer: fixed, user: ana }", "{ issuer: idp, group: g1 }",
                         "{ issuer: idp, group: g2 }", "{ issuer: idp, claim: { path: level, equals: 3 } }",
                         "{ issuer: idp, claim: { path: groups, equals: g3 } }",
                         "{ issuer: idp, claim: { path: flag, equals: true } }",
                         "{ issuer: fixed, claim: { path: [org], equals: acme } }"},
                   1, 2);
  std::string list;
  for (const std::string& subject : subjects) list += (list.empty() ? "" : ", ") + subject;
  document.lines.push_back("subjects: [" + list + "]");
  if (dice.chance(25)) document.lines.push_back("tenants: " + flow_list(dice.some_of(Texts{"acme", "globex"}, 1, 2)));
  if (dice.chance(20))
    document.lines.push_back(dice.one_of(Texts{"starts: 2026-11-24T12:00:00Z", "starts: 2026-11-24T12:00:01Z"}));
  if (dice.chance(20))
    document.lines.push_back(dice.one_of(Texts{"expires: 2026-11-24T12:00:02Z", "expires: 2026-11-24T13:00:02+01:00"}));
  if (dice.chance(25)) document.lines.push_back("trust: " + dice.one_of(Texts{"untrusted", "partner", "internal"}));
  return document;
}

void add_people(Dice& dice, PolicySetText& set) {
  set.push_back(identity_provider({"base", "agent", "other"}));
  set.push_back(
      {"IdentityProvider",
       "fixed",
       {"issuer: https://fixed.example.com", "audiences: [portreeve]", "algorithms: [ES256]",
        "jwks: { uri: \"https://fixed.example.com/jwks\" }",
        "claims: { tenant: { always: acme }, roles: { path: scope, allow: [agent, other] } }", "trust: internal"},
       {}});
  set.push_back({"Role", "base", {}, {}});
  set.push_back({"Role", "agent", {"inherits: [base]"}, {}});
  set.push_back({"Role", "lead", {dice.chance(50) ? "inherits: [agent]" : "inherits: [agent, other]"}, {}});
  set.push_back({"Role", "other", {}, {}});
  const std::size_t bindings = dice.below(5);
  for (std::size_t i = 0; i < bindings; ++i) set.push_back(binding(dice, i));
  if (dice.chance(25)) {
    set.push_back({"RoleConstraint",
                   "apart",
                   {dice.chance(50) ? "kind: static" : "kind: dynamic",
                    "roles: " + flow_list(dice.some_of(Texts{"agent", "other", "base"}, 2, 3)), "atMost: 1"},
                   {}});
  }
}

void add_things(Dice& dice, PolicySetText& set) {
  set.push_back({"List", "some", {"hosts: [b.example.com, \"*.x.a.example.com\"]"}, {}});
  set.push_back({"InternalService",
                 "wiki",
                 {"hosts: [w.example.org, svc, a.example.com]", "addresses: [10.20.0.0/24, \"fd00:1:2::/48\"]",
                  dice.chance(50) ? "ports: [443, 8443]" : "protocols: [http]"},
                 {}});
  set.push_back({"InternalService",
                 "git",
                 {"hosts: [w.example.org, \"*.a.example.com\"]", "addresses: [10.20.0.128/25, 8.8.4.4/32]",
                  "ports: [22, 443]", "protocols: [tcp]"},
                 {}});
  set.push_back({"Secret",
                 "llm/one",
                 {"source: { file: one }", "inject: bearer",
                  "upstreams: [\"https://api.example.net\", \"https://api.example.net/v1\"]"},
                 {}});
  set.push_back({"Secret",
                 "llm/two",
                 {"source: { file: two }", "inject: bearer", "upstreams: [\"https://other.example.net\"]"},
                 {}});
  if (dice.chance(60)) {
    set.push_back({"Entities",
                   "directory",
                   {"subjects: [{ type: user, id: idp/ana, properties: { department: research } }, { type: service, "
                    "id: s1, properties: { department: sales } }]",
                    "resources: [{ type: record, id: r1, properties: { status: active, n: 1 } }, { type: endpoint, id: "
                    "\"a.example.com:443\", properties: { status: active } }]"},
                   {}});
  }
}

}  // namespace

DocumentText identity_provider(const std::vector<std::string>& granted) {
  const std::string roles = granted.empty() ? "" : ", roles: { path: realm.roles, allow: " + flow_list(granted) + " }";
  return {"IdentityProvider",
          "idp",
          {"issuer: https://idp.example.com", "audiences: [portreeve]", "algorithms: [EdDSA]",
           "jwks: { uri: \"https://idp.example.com/jwks\" }", "claims: { groups: groups, tenant: org" + roles + " }",
           "trust: partner"},
          {}};
}

PolicySetText random_set(Dice& dice) {
  PolicySetText set;
  add_people(dice, set);
  add_things(dice, set);
  const std::size_t policies = 1 + dice.below(3);
  for (std::size_t i = 0; i < policies; ++i)
    set.push_back(policy(dice, "EgressPolicy", fmt::format("egress-{}", i), egress_rule, 5));
  if (dice.chance(70)) set.push_back(policy(dice, "SecretPolicy", "secrets", secret_rule, 4));
  if (dice.chance(70)) set.push_back(policy(dice, "ExecutionPolicy", "programs", exec_rule, 4));
  if (dice.chance(70)) set.push_back(policy(dice, "AccessPolicy", "access", access_rule, 4));
  return set;
}

}  // namespace portreeve::differential

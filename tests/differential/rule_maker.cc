#include "tests/differential/rule_maker.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/differential/conditions.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

class Rule {
 public:
  Rule(Dice& dice, std::size_t number) : dice_(dice), allow_(dice.chance(83)) {
    spec_ = object({{"id", fmt::format("r{}", number)}, {"effect", allow_ ? "allow" : "deny"}});
  }
  bool allow() const { return allow_; }
  void add(std::string_view key, JsonValue value) { spec_.set(key, std::move(value)); }
  void maybe(std::size_t percent, std::string_view key, const Texts& choices, std::size_t most = 2) {
    if (dice_.chance(percent)) add(key, list(dice_.some_of(choices, 1, most)));
  }
  // `limits`: each may be there, with one of its values.
  void maybe_limits(const std::vector<std::pair<std::string, std::vector<JsonValue>>>& limits) {
    if (!allow_ || !dice_.chance(45)) return;
    JsonValue chosen;
    for (const auto& [key, values] : dice_.some_of(limits, 1, limits.size())) chosen.set(key, dice_.one_of(values));
    add("limits", std::move(chosen));
  }
  JsonValue done() {
    if (dice_.chance(22)) add("when", dice_.one_of(conditions()));
    if (dice_.chance(25)) add("reason", dice_.one_of(Texts{"first", "second"}));
    if (dice_.chance(12)) add("enforce", dice_.chance(30));
    return std::move(spec_);
  }

 private:
  Dice& dice_;
  bool allow_;
  JsonValue spec_;
};

const Texts kHostPatterns = {"a.example.com",    "b.example.com",   "x.a.example.com",  "*.example.com",
                             "**.example.com",   "*.a.example.com", "**.a.example.com", "w.example.org",
                             "example.com",      "list:some",       "api.example.net",  "**.x.a.example.com",
                             "y.x.a.example.com"};
const Texts kPublicBases = {"8.8.8.8", "8.8.8.200", "8.8.4.4", "1.1.1.1", "2606:4700::1", "2606:4700:0:0:8000::1"};
const Texts kGuardedBases = {"10.20.0.5", "10.20.0.200", "100.64.0.1", "127.0.0.1", "fd00:1:2::5", "169.254.169.254"};

JsonValue random_ports(Dice& dice) {
  JsonValue::Array ports;
  const std::size_t count = dice.chance(15) ? 4 : 1 + dice.below(2);
  for (std::size_t i = 0; i < count; ++i) {
    const JsonValue port = dice.one_of(
        std::vector<JsonValue>{443, 443, 80, 22, 8443, 442, "440-444", "1-1000", "1-65535", "443-8443", "20-22"});
    if (std::ranges::find(ports, port) == ports.end()) ports.push_back(port);
  }
  return list(std::move(ports));
}

void add_egress_target(Dice& dice, Rule& rule, std::size_t target) {
  const bool with_hosts = target <= 4 || target == 9;
  if (with_hosts) {
    Texts hosts = dice.some_of(kHostPatterns, 1, 3);
    if (!rule.allow() && dice.chance(10)) hosts.push_back("printer.local");
    rule.add("hosts", list(hosts));
    // Hosts that a Secret's upstream serves must be meant.
    if (rule.allow()) rule.add("direct", true);
  }
  if (target == 4 || target == 5 || target == 6) {
    Texts prefixes;
    for (std::size_t i = 1 + dice.below(3); i > 0; --i) {
      const bool any = !rule.allow() && dice.chance(60);
      const std::string prefix = random_prefix(dice, any ? Around::any_addresses : Around::public_addresses);
      if (std::ranges::find(prefixes, prefix) == prefixes.end()) prefixes.push_back(prefix);
    }
    rule.add("cidrs", list(prefixes));
  }
  if (target == 7) rule.add("services", list(dice.some_of(Texts{"git", "wiki"}, 1, 2)));
  if (target == 8) rule.add("internet", true);
}

JsonValue egress_rule(Dice& dice, std::size_t number) {
  Rule rule(dice, number);
  const std::size_t target = dice.chance(12) ? 7 : dice.below(rule.allow() || dice.chance(50) ? 10 : 11);
  add_egress_target(dice, rule, target);
  if (dice.chance(45)) {
    Texts protocols = dice.some_of(Texts{"tls", "http", "tcp"}, 1, 3);
    const bool tcp = std::ranges::find(protocols, "tcp") != protocols.end();
    const bool may_be_tcp = !rule.allow() || target <= 4 || target == 7 || target == 9;
    if (tcp && !may_be_tcp) protocols = {"tls"};
    rule.add("protocols", list(protocols));
    if ((tcp && may_be_tcp) || dice.chance(40)) rule.add("ports", random_ports(dice));
    if (protocols == Texts{"http"}) {
      rule.maybe(50, "methods", {"GET", "HEAD", "POST"});
      rule.maybe(
          50, "paths",
          {"/data/**", "/data/secret/**", "/", "/re:/data/[a-z]+/", "/data/*", "/**/y", "/data", "/*/secret/**"});
    }
  } else if (dice.chance(40)) {
    rule.add("ports", random_ports(dice));
  }
  rule.maybe_limits({{"bytesIn", {"1MiB", "2MiB"}},
                     {"bytesOut", {"1KiB", "2KiB"}},
                     {"idle", {"1m", "90s"}},
                     {"total", {"1h", "2h"}},
                     {"connections", {4, 8}}});
  return rule.done();
}

JsonValue secret_rule(Dice& dice, std::size_t number) {
  Rule rule(dice, number);
  if (rule.allow() || dice.chance(85)) rule.add("secrets", list(dice.some_of(Texts{"llm/one", "llm/two"}, 1, 2)));
  rule.maybe(25, "uses", {"inject", "lease"});
  rule.maybe(25, "methods", {"GET", "POST", "DELETE"});
  rule.maybe(25, "paths", {"/v1/**", "/v1/*", "/*/messages/**", "/v1/messages", "/v1/**/x", "/re:/v1/[a-z]+/"});
  rule.maybe(25, "models", {"m-*", "m-small", "*-large", "/re:m-.*/"});
  rule.maybe_limits({{"requestsPerMinute", {10, 60}}, {"leaseTtl", {"5m", "10m"}}});
  return rule.done();
}

JsonValue exec_rule(Dice& dice, std::size_t number) {
  Rule rule(dice, number);
  if (rule.allow() || dice.chance(90)) {
    const Texts programs = {"/bin/sh",   "/bin/*",      "/usr/bin/**", "/opt/s",      "/re:/usr/bin/[a-z]+/",
                            "/lib64/**", "/usr/**/git", "/usr/bin/*",  "/usr/bin/git"};
    rule.add("programs", list(dice.some_of(programs, 1, 3)));
  }
  rule.maybe(25, "cwd", {"/workspace/**", "/workspace/a", "/**", "/workspace/*", "/*/a/**"});
  rule.maybe(25, "users", {"sandbox", "root"});
  if (dice.chance(35)) rule.add("terminal", dice.chance(60));
  if (rule.allow()) {
    if (dice.chance(70)) {
      const Texts names = {"PATH", "HOME", "LC_*", "*", "GIT_*", "LD_*", "P*"};
      rule.add("env", object({{"pass", list(dice.some_of(names, 1, 3))}}));
    }
    rule.maybe(70, "write",
               {"/workspace/**", "/workspace/a/**", "/workspace/a/b", "/tmp/**", "/tmp", "/workspace/ab/**"}, 4);
  }
  rule.maybe_limits({{"wall", {"10m", "5m"}},
                     {"cpu", {"1m", "2m"}},
                     {"memory", {"1GiB", "2GiB"}},
                     {"processes", {8, 16}},
                     {"openFiles", {64, 128}}});
  return rule.done();
}

JsonValue access_rule(Dice& dice, std::size_t number) {
  Rule rule(dice, number);
  rule.maybe(60, "actions", {"read", "write", "purge"});
  if (rule.allow() || dice.chance(80)) {
    rule.add("resources",
             dice.one_of(std::vector<JsonValue>{
                 list(JsonValue::Array{object({{"type", "record"}})}),
                 list(JsonValue::Array{object({{"type", "record"}, {"id", "r1"}})}),
                 list(JsonValue::Array{object({{"type", "note"}}), object({{"type", "record"}, {"id", "r*"}})}),
                 list(JsonValue::Array{object({{"type", "note"}, {"id", "/re:n[0-9]/"}})}),
                 list(JsonValue::Array{object({{"type", "record"}, {"id", "n1"}}),
                                       object({{"type", "note"}, {"id", "r1"}})})}));
  }
  return rule.done();
}

bool is_by_host_and_prefix(const JsonValue& rule) {
  return *rule.find("effect")->as_string() == "allow" && rule.find("hosts") != nullptr && rule.find("cidrs") != nullptr;
}

DocumentText policy(Dice& dice, std::string kind, std::string name, JsonValue (*make)(Dice&, std::size_t),
                    std::size_t most) {
  DocumentText document{std::move(kind), std::move(name)};
  if (dice.chance(28)) document.spec.set("roles", list(dice.some_of(Texts{"base", "agent", "lead", "other"}, 1, 2)));
  if (dice.chance(12)) document.spec.set("tenants", list(dice.some_of(Texts{"acme", "globex"}, 1, 2)));
  if (dice.chance(8)) document.spec.set("enforce", dice.chance(30));
  JsonValue::Array rules;
  for (std::size_t i = 1 + dice.below(most); i > 0; --i) rules.push_back(make(dice, rules.size()));
  document.spec.set("rules", list(std::move(rules)));
  return document;
}

}  // namespace

std::string random_prefix(Dice& dice, Around around) {
  const bool any = around == Around::any_addresses;
  if (any && dice.chance(8)) return dice.one_of(Texts{"0.0.0.0/0", "::/0", "127.0.0.0/8", "10.0.0.0/8"});
  const auto address = net::IpAddress::parse(dice.one_of(any && dice.chance(60) ? kGuardedBases : kPublicBases));
  const std::vector<int> lengths = address->is_v4() ? std::vector<int>{16, 23, 24, 25, 28, 30, 31, 32}
                                                    : std::vector<int>{32, 44, 48, 63, 64, 65, 126, 127, 128};
  return net::IpPrefix::masked(*address, dice.one_of(lengths)).to_string();
}

DocumentText egress_policy(Dice& dice, std::string name) {
  DocumentText document = policy(dice, "EgressPolicy", std::move(name), egress_rule, 6);
  JsonValue::Array rules = *document.spec.find("rules")->as_array();
  const auto first = std::ranges::find_if(rules, is_by_host_and_prefix);
  if (first == rules.end() || dice.chance(30)) return document;
  // The same hosts by other prefixes: neither rule alone covers what lies in both.
  JsonValue twin = *first;
  twin.set("id", "twin");
  twin.set("cidrs", list(std::vector{random_prefix(dice, Around::public_addresses)}));
  rules.push_back(std::move(twin));
  document.spec.set("rules", list(std::move(rules)));
  return document;
}
DocumentText secret_policy(Dice& dice, std::string name) {
  return policy(dice, "SecretPolicy", std::move(name), secret_rule, 5);
}
DocumentText execution_policy(Dice& dice, std::string name) {
  return policy(dice, "ExecutionPolicy", std::move(name), exec_rule, 5);
}
DocumentText access_policy(Dice& dice, std::string name) {
  return policy(dice, "AccessPolicy", std::move(name), access_rule, 5);
}

}  // namespace portreeve::differential

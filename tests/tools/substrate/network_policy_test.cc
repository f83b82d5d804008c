// NetworkPolicies against the field rules of networking.k8s.io/v1, and what they let through by its semantics.
#include "tools/substrate/network_policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "engine/net/guard.h"
#include "engine/net/ip_prefix.h"
#include "tests/tools/substrate/fixture.h"
#include "tests/tools/substrate/yaml_reading.h"

namespace portreeve::substrate {
namespace {

using Array = JsonValue::Array;

// The field rules of the API reference and of the API server's validation (pkg/apis/networking/validation): every key
// known, required ones there, each value of its kind.
class FieldRules {
 public:
  std::vector<std::string> faults(const JsonValue& policy) {
    keys(policy, "", {"apiVersion", "kind", "metadata", "spec"}, {});
    text_is(policy, "apiVersion", "networking.k8s.io/v1");
    text_is(policy, "kind", "NetworkPolicy");
    metadata(at(policy, "metadata"));
    spec(at(policy, "spec"));
    return std::move(faults_);
  }

 private:
  static const JsonValue& at(const JsonValue& value, std::string_view key) {
    static const JsonValue absent;
    const JsonValue* found = value.find(key);
    return found == nullptr ? absent : *found;
  }
  void fault(std::string message) { faults_.push_back(std::move(message)); }

  void keys(const JsonValue& value, std::string_view where, std::vector<std::string_view> required,
            std::vector<std::string_view> optional) {
    if (value.as_object() == nullptr) return fault(fmt::format("{} is no object", where));
    for (const std::string_view key : required) {
      if (value.find(key) == nullptr) fault(fmt::format("{}.{} is missing", where, key));
    }
    for (const auto& [key, member] : *value.as_object()) {
      if (std::ranges::count(required, key) + std::ranges::count(optional, key) == 0) {
        fault(fmt::format("{}.{} is unknown", where, key));
      }
    }
  }
  void text_is(const JsonValue& value, std::string_view key, std::string_view wanted) {
    const std::string* text = at(value, key).as_string();
    if (text == nullptr || *text != wanted) fault(fmt::format("{} is not {}", key, wanted));
  }

  void metadata(const JsonValue& value) {
    keys(value, "metadata", {"name", "namespace"}, {"labels"});
    for (const std::string_view key : {"name", "namespace"}) {
      const std::string* text = at(value, key).as_string();
      if (text == nullptr || !is_subdomain(*text)) fault(fmt::format("metadata.{} is no DNS name", key));
    }
    if (value.find("labels") != nullptr) labels(at(value, "labels"), "metadata.labels");
  }

  static bool is_subdomain(std::string_view text) {
    return !text.empty() && text.size() <= 253 &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }) &&
           text.front() != '-' && text.front() != '.' && text.back() != '-' && text.back() != '.';
  }

  void labels(const JsonValue& value, std::string_view where) {
    if (value.as_object() == nullptr) return fault(fmt::format("{} is no object", where));
    for (const auto& [key, member] : *value.as_object()) {
      const std::string* text = member.as_string();
      if (text == nullptr || text->size() > 63) fault(fmt::format("{}.{} is no label", where, key));
    }
  }

  void selector(const JsonValue& value, std::string_view where) {
    keys(value, where, {}, {"matchLabels"});
    if (value.find("matchLabels") != nullptr) labels(at(value, "matchLabels"), where);
  }

  void spec(const JsonValue& value) {
    keys(value, "spec", {"podSelector", "policyTypes"}, {"ingress", "egress"});
    selector(at(value, "podSelector"), "spec.podSelector");
    if (!(at(value, "policyTypes") == JsonValue(Array{"Ingress", "Egress"}))) {
      fault("spec.policyTypes does not name both directions");
    }
    for (const auto& [direction, side] : {std::pair("ingress", "from"), std::pair("egress", "to")}) {
      const Array* rules = at(value, direction).as_array();
      if (rules == nullptr) {
        fault(fmt::format("spec.{} is no list", direction));
        continue;
      }
      for (const JsonValue& each : *rules) rule(each, side);
    }
  }

  // Peers and ports are both optional in the API, and absent or empty mean everyone and everything: ours have both.
  void rule(const JsonValue& value, std::string_view side) {
    keys(value, "rule", {side, "ports"}, {});
    const Array* peers = at(value, side).as_array();
    const Array* ports = at(value, "ports").as_array();
    if (peers == nullptr || peers->empty()) fault(fmt::format("a rule's `{}` is everyone", side));
    if (ports == nullptr || ports->empty()) fault("a rule's `ports` are all");
    for (const JsonValue& each : peers != nullptr ? *peers : Array{}) peer(each);
    for (const JsonValue& each : ports != nullptr ? *ports : Array{}) port(each);
  }

  void port(const JsonValue& value) {
    keys(value, "port", {"port", "protocol"}, {"endPort"});
    const std::string* protocol = at(value, "protocol").as_string();
    if (protocol == nullptr || (*protocol != "TCP" && *protocol != "UDP" && *protocol != "SCTP")) {
      fault("port.protocol is unknown");
    }
    const std::int64_t* first = at(value, "port").as_int();
    if (first == nullptr || *first < 1 || *first > 65535) return fault("port.port is no port");
    if (value.find("endPort") == nullptr) return;
    const std::int64_t* last = at(value, "endPort").as_int();
    if (last == nullptr || *last < *first || *last > 65535) fault("port.endPort is no port from port.port on");
  }

  void peer(const JsonValue& value) {
    keys(value, "peer", {}, {"ipBlock", "namespaceSelector", "podSelector"});
    if (value.find("ipBlock") != nullptr) {
      if (value.as_object()->size() != 1) fault("an ipBlock stands beside a selector");
      return block(at(value, "ipBlock"));
    }
    if (value.as_object()->empty()) fault("a peer is empty");
    for (const std::string_view key : {"namespaceSelector", "podSelector"}) {
      if (value.find(key) != nullptr) selector(at(value, key), key);
    }
  }

  void block(const JsonValue& value) {
    keys(value, "ipBlock", {"cidr"}, {"except"});
    const auto whole = prefix(at(value, "cidr"));
    if (!whole) return fault("ipBlock.cidr is no prefix");
    if (value.find("except") == nullptr) return;
    const Array* holes = at(value, "except").as_array();
    if (holes == nullptr) return fault("ipBlock.except is no list");
    for (const JsonValue& each : *holes) {
      const auto hole = prefix(each);
      if (!hole || !whole->contains(*hole) || *hole == *whole) fault("an exception is not strictly inside its block");
    }
  }

  static std::optional<net::IpPrefix> prefix(const JsonValue& value) {
    const std::string* text = value.as_string();
    if (text == nullptr) return std::nullopt;
    const auto parsed = net::IpPrefix::parse(*text);
    return parsed ? std::optional(*parsed) : std::nullopt;
  }

  std::vector<std::string> faults_;
};

std::vector<JsonValue> compiled(const model::PolicySet& set, const Deployment& deployment) {
  return read_yaml_documents(to_network_policies(set, deployment, "sha256:REVISION").value());
}

const JsonValue& path(const JsonValue& value, std::initializer_list<std::string_view> keys) {
  const JsonValue* at = &value;
  for (const std::string_view key : keys) {
    at = at->find(key);
    EXPECT_NE(at, nullptr) << key;
  }
  return *at;
}

const JsonValue& named(const std::vector<JsonValue>& policies, std::string_view name) {
  const auto found = std::ranges::find_if(policies, [&](const JsonValue& each) {
    return *path(each, {"metadata", "name"}).as_string() == name;
  });
  EXPECT_NE(found, policies.end()) << name;
  return *found;
}

// Whether some rule of the policy lets an address, on a port, through: what its ipBlocks say.
bool lets_out(const JsonValue& policy, std::string_view address, std::string_view protocol, std::int64_t number) {
  const net::IpAddress to = net::IpAddress::parse(address).value();
  const auto contains = [&](const JsonValue& prefix) {
    return net::IpPrefix::parse(*prefix.as_string())->contains(to);
  };
  const auto holds_port = [&](const JsonValue& port) {
    const JsonValue* last = port.find("endPort");
    const std::int64_t first = *path(port, {"port"}).as_int();
    return *path(port, {"protocol"}).as_string() == protocol && first <= number &&
           number <= (last == nullptr ? first : *last->as_int());
  };
  const auto holds_peer = [&](const JsonValue& peer) {
    const JsonValue* block = peer.find("ipBlock");
    if (block == nullptr || !contains(path(*block, {"cidr"}))) return false;
    const JsonValue* holes = block->find("except");
    return holes == nullptr || std::ranges::none_of(*holes->as_array(), contains);
  };
  return std::ranges::any_of(*path(policy, {"spec", "egress"}).as_array(), [&](const JsonValue& rule) {
    return std::ranges::any_of(*path(rule, {"ports"}).as_array(), holds_port) &&
           std::ranges::any_of(*path(rule, {"to"}).as_array(), holds_peer);
  });
}

TEST(NetworkPolicy, HoldsToTheFieldRulesOfTheApi) {
  const auto set = sample_policies();
  const auto policies = compiled(set->documents(), sample_deployment());
  ASSERT_EQ(policies.size(), 4u);
  for (const JsonValue& policy : policies) {
    EXPECT_EQ(FieldRules().faults(policy), std::vector<std::string>{}) << to_canonical_json(policy);
  }
}

TEST(FieldRules, KnowABadPolicy) {
  const auto set = sample_policies();
  JsonValue policy = named(compiled(set->documents(), sample_deployment()), "portreeve-sandbox-rita");
  JsonValue spec = path(policy, {"spec"});
  spec.set("egress", Array{JsonValue{JsonValue::Object{}}});
  spec.set("policyTypes", Array{"Ingress"});
  policy.set("spec", spec);
  policy.set("kind", "NetworkPolicies");
  EXPECT_EQ(FieldRules().faults(policy),
            (std::vector<std::string>{"kind is not NetworkPolicy", "spec.policyTypes does not name both directions",
                                      "rule.to is missing", "rule.ports is missing", "a rule's `to` is everyone",
                                      "a rule's `ports` are all"}));
}

TEST(NetworkPolicy, ClosesTheNamespaceWhateverElseIsThere) {
  const auto policies = compiled(model::PolicySet{}, deployment_of("kubernetes: { namespace: agents }"));
  ASSERT_EQ(policies.size(), 1u);
  EXPECT_EQ(FieldRules().faults(policies[0]), std::vector<std::string>{});
  EXPECT_EQ(to_canonical_json(path(policies[0], {"spec"})),
            R"({"egress":[],"ingress":[],"podSelector":{},"policyTypes":["Ingress","Egress"]})");
}

TEST(NetworkPolicy, OfASandboxOpensTheGatesAndNothingElse) {
  const auto set = sample_policies();
  const JsonValue rita = named(compiled(set->documents(), sample_deployment()), "portreeve-sandbox-rita");
  EXPECT_EQ(to_canonical_json(path(rita, {"spec", "podSelector"})),
            R"({"matchLabels":{"portreeve.dev/sandbox":"rita"}})");
  const struct {
    const char* address;
    const char* protocol;
    std::int64_t port;
    bool open;
  } cases[] = {
      {"10.200.0.1", "TCP", 3128, true},     {"10.200.0.1", "TCP", 8182, true},   {"10.200.0.1", "TCP", 8180, true},
      {"fd00:200::1", "TCP", 3128, true},    {"10.0.0.53", "UDP", 53, true},      {"10.0.0.53", "TCP", 53, true},
      {"10.200.0.1", "UDP", 3128, false},    {"10.200.0.1", "SCTP", 3128, false}, {"10.200.0.1", "TCP", 3127, false},
      {"10.200.0.1", "TCP", 2024, false},    {"10.200.0.2", "TCP", 3128, false},  {"10.200.0.3", "TCP", 2024, false},
      {"169.254.169.254", "TCP", 80, false}, {"8.8.8.8", "UDP", 53, false},       {"93.184.215.14", "TCP", 443, false},
      {"100.64.10.7", "TCP", 443, false},    {"2606:4700::1", "TCP", 443, false}, {"fd00:200::3", "TCP", 3128, false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(lets_out(rita, each.address, each.protocol, each.port), each.open)
        << each.address << " " << each.protocol << " " << each.port;
  }
}

TEST(NetworkPolicy, OpensNoNameServerUnlessTheDeploymentDoes) {
  const Deployment deployment = deployment_of(
      "{ kubernetes: { namespace: agents }, gates: { proxy: { addresses: [10.0.0.1], port: 3128 } }, sandboxes: [{ "
      "name: a, labels: { a: b } }] }");
  const std::string text = to_network_policies(model::PolicySet{}, deployment, "sha256:REVISION").value();
  EXPECT_EQ(text.find("UDP"), std::string::npos);
  EXPECT_EQ(text.find("\"port\": 53\n"), std::string::npos);
  EXPECT_EQ(text.find("port: 53\n"), std::string::npos);
  // Nobody controls it, as nobody is listed.
  const auto policies = read_yaml_documents(text);
  EXPECT_EQ(to_canonical_json(path(named(policies, "portreeve-sandbox-a"), {"spec", "ingress"})), "[]");
}

TEST(NetworkPolicy, OfTheProxyRepeatsTheGuard) {
  const auto set = sample_policies();
  const JsonValue proxy = named(compiled(set->documents(), sample_deployment()), "portreeve-proxy");
  const struct {
    const char* address;
    std::int64_t port;
    bool open;
  } cases[] = {
      {"93.184.215.14", 443, true}, {"2606:4700::1", 443, true},        {"100.64.10.7", 443, true},
      {"10.20.0.9", 5432, true},    {"fd12:3456:789a:1::5", 443, true}, {"127.0.0.1", 8180, true},
      {"100.64.10.7", 8443, false}, {"100.64.10.8", 443, false},        {"10.20.0.9", 443, false},
      {"10.40.0.1", 443, false},    {"169.254.169.254", 80, false},     {"168.63.129.16", 80, false},
      {"127.0.0.1", 8181, false},   {"10.1.2.3", 443, false},           {"fd00::1", 443, false},
      {"2001:db8::1", 443, false},  {"64:ff9b::1", 443, false},         {"fd00:ec2::254", 80, false},
      {"224.0.0.1", 443, false},    {"2002:a00:1::", 443, false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(lets_out(proxy, each.address, "TCP", each.port), each.open) << each.address << " " << each.port;
  }
}

}  // namespace
}  // namespace portreeve::substrate

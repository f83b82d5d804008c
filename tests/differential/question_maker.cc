#include "tests/differential/question_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/differential/neighbours.h"
#include "tests/differential/principal_maker.h"
#include "tests/differential/world.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;
using model::Effect;

// Names that worlds speak of, and names that nobody may ask for.
const Texts kHosts = {"a.example.com",
                      "b.example.com",
                      "x.a.example.com",
                      "y.x.a.example.com",
                      "example.com",
                      "w.example.org",
                      "api.example.net",
                      "other.example.net",
                      "svc",
                      "printer.local",
                      "intranet",
                      "localhost",
                      "metadata.google.internal",
                      "metadata.goog",
                      "8.8.8.8",
                      "8.8.8.200",
                      "1.1.1.1",
                      "10.20.0.5",
                      "127.0.0.1",
                      "[2606:4700::1]",
                      "[fd00:1:2::5]"};
const Texts kPublic = {"8.8.8.8", "8.8.8.200", "8.8.4.4", "1.1.1.1", "2606:4700::1", "9.9.9.9"};
// The edges of the guard's ranges, one inside and one outside, and an address of each range that has no other.
const Texts kGuarded = {"10.0.0.0",
                        "10.255.255.255",
                        "11.0.0.0",
                        "9.255.255.255",
                        "172.15.255.255",
                        "172.16.0.0",
                        "172.31.255.255",
                        "172.32.0.0",
                        "100.63.255.255",
                        "100.64.0.0",
                        "100.64.0.1",
                        "100.64.0.2",
                        "100.127.255.255",
                        "100.128.0.0",
                        "192.168.1.1",
                        "169.254.169.254",
                        "169.254.1.1",
                        "127.0.0.1",
                        "0.0.0.0",
                        "224.0.0.1",
                        "255.255.255.255",
                        "250.0.0.1",
                        "192.0.2.1",
                        "198.18.0.1",
                        "192.0.0.1",
                        "192.88.99.1",
                        "100.100.100.100",
                        "168.63.129.16",
                        "10.20.0.5",
                        "10.20.0.200",
                        "10.20.0.127",
                        "10.20.0.128",
                        "10.21.0.1",
                        "::",
                        "::1",
                        "fe80::1",
                        "fd00:1:2::5",
                        "fd00:1:3::5",
                        "fc00::1",
                        "ff02::1",
                        "2001:db8::1",
                        "2001:2::1",
                        "2002:808:808::1",
                        "64:ff9b::808:808",
                        "4000::1",
                        "2001:10::1",
                        "fd00:ec2::254",
                        "2606:4700::5efe:808:808"};

template <class Rule>
const Rule* aim(Dice& dice, const std::vector<const Rule*>& rules) {
  return rules.empty() || dice.chance(8) ? nullptr : dice.one_of(rules);
}

// Rules with allows first, each allow twice, so that most questions aim at one.
template <class Policies, class Rule>
void collect(const Policies& policies, std::vector<const Rule*>& out) {
  for (const auto& policy : policies) {
    for (const Rule& rule : policy.rules) out.insert(out.end(), rule.effect == Effect::allow ? 3 : 1, &rule);
  }
}

void maybe(Dice& dice, std::size_t percent, JsonValue& object, std::string_view key, const Texts& choices) {
  if (dice.chance(percent)) object.set(key, dice.one_of(choices));
}

// One of the rule's, mostly; else one of these; and now and then nothing.
template <class T>
void set_aimed(Dice& dice, JsonValue& object, std::string_view key, const std::optional<std::vector<T>>* stated,
               const Texts& otherwise) {
  if (stated != nullptr && stated->has_value() && dice.chance(85)) {
    const T& one = dice.one_of(**stated);
    if constexpr (std::is_same_v<T, pattern::Pattern>) {
      object.set(key, text_about(dice, one));
    } else {
      object.set(key, one);
    }
  } else {
    maybe(dice, 80, object, key, otherwise);
  }
}

std::string_view to_text(model::Protocol protocol) {
  switch (protocol) {
    case model::Protocol::tls:
      return "tls";
    case model::Protocol::http:
      return "http";
    case model::Protocol::tcp:
      return "tcp";
  }
  return "";
}

std::string protocol_for(Dice& dice, const model::EgressRule* rule) {
  if (rule == nullptr || dice.chance(15)) return dice.one_of(Texts{"tls", "http", "tcp", "connect"});
  const model::Protocol wanted = rule->protocols ? dice.one_of(*rule->protocols) : model::Protocol::tls;
  return wanted != model::Protocol::http && dice.chance(40) ? "connect" : std::string(to_text(wanted));
}

const model::InternalService* service_for(Dice& dice, const model::PolicySet& set, const model::EgressRule* rule) {
  if (rule == nullptr || !rule->services) return nullptr;
  const std::string& name = dice.one_of(*rule->services).name;
  const auto found = std::ranges::find(set.internal_services, name, &model::InternalService::name);
  return found == set.internal_services.end() ? nullptr : &*found;
}

std::string bracketed(net::IpAddress address) {
  return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

}  // namespace

QuestionMaker::QuestionMaker(const model::PolicySet& set) : set_(set) {
  collect(set.egress_policies, egress_);
  collect(set.secret_policies, secrets_);
  collect(set.execution_policies, execution_);
  collect(set.access_policies, access_);
  for (const model::RoleBinding& binding : set.role_bindings) {
    if (binding.starts) moments_.push_back(*binding.starts);
    if (binding.expires) moments_.push_back(*binding.expires);
  }
}

std::string QuestionMaker::host_for(Dice& dice, const model::EgressRule* rule) const {
  if (rule == nullptr || dice.chance(3)) return dice.one_of(kHosts);
  if (rule->hosts) return name_about(dice, dice.one_of(*rule->hosts));
  if (const auto* service = service_for(dice, set_, rule)) return name_about(dice, dice.one_of(service->hosts));
  if (rule->cidrs && (rule->effect == Effect::allow || dice.chance(50))) {
    return bracketed(address_about(dice, dice.one_of(*rule->cidrs)));
  }
  return dice.one_of(
      Texts{"www.example.edu", "b.example.com", "api.example.net", "svc", "printer.local", "intranet", "8.8.8.8"});
}

Texts QuestionMaker::addresses_for(Dice& dice, const model::EgressRule* rule) const {
  Texts addresses;
  if (dice.chance(3)) return addresses;
  const auto* service = service_for(dice, set_, rule);
  for (std::size_t i = dice.chance(60) ? 1 : 2 + dice.below(2); i > 0; --i) {
    if (dice.chance(4)) {
      addresses.push_back(dice.one_of(kGuarded));
    } else if (const auto* other = aim(dice, egress_); other != nullptr && other->cidrs && dice.chance(25)) {
      addresses.push_back(address_about(dice, dice.one_of(*other->cidrs)).to_string());
    } else if (service != nullptr) {
      addresses.push_back(address_about(dice, dice.one_of(service->addresses)).to_string());
    } else if (rule != nullptr && rule->cidrs) {
      addresses.push_back(address_about(dice, dice.one_of(*rule->cidrs)).to_string());
    } else {
      addresses.push_back(dice.one_of(kPublic));
    }
  }
  if (dice.chance(3)) {
    for (std::uint32_t i = 0; addresses.size() < 64; ++i) addresses.push_back(fmt::format("9.9.{}.9", i));
  }
  return addresses;
}

std::uint16_t QuestionMaker::port_for(Dice& dice, const model::EgressRule* rule, std::string_view protocol) const {
  static const std::vector<std::uint16_t> kOthers = {443, 80, 22, 8443, 6443, 2024, 10250, 442, 444};
  if (rule == nullptr || dice.chance(4)) return dice.one_of(kOthers);
  if (rule->ports) return port_about(dice, dice.one_of(*rule->ports));
  if (const auto* service = service_for(dice, set_, rule)) return port_about(dice, dice.one_of(service->ports));
  return dice.chance(90) ? (protocol == "http" ? 80 : 443) : dice.one_of(kOthers);
}

JsonValue QuestionMaker::egress_body(Dice& dice) const {
  const model::EgressRule* rule = aim(dice, egress_);
  const std::string host = host_for(dice, rule);
  const std::string protocol = protocol_for(dice, rule);
  const std::uint16_t port = port_for(dice, rule, protocol);
  JsonValue properties = object({{"protocol", protocol}});
  const bool address_target = host.starts_with('[') || net::IpAddress::parse(host);
  if (!address_target) properties.set("addresses", list(addresses_for(dice, rule)));
  if (dice.chance(8)) {
    properties.set("sni", dice.one_of(Texts{address_target ? "" : host, "", "A.example.com", "other.example.com"}));
  }
  set_aimed(dice, properties, "method", rule == nullptr ? nullptr : &rule->methods, {"GET", "HEAD", "POST"});
  set_aimed(dice, properties, "path", rule == nullptr ? nullptr : &rule->paths,
            {"/data", "/data/x", "/data/secret/y", "/"});
  maybe(dice, 10, properties, "status", {"active"});
  return evaluation_body(dice.chance(25) ? wire::kEgressResolve : wire::kEgressConnect, "endpoint",
                         fmt::format("{}:{}", host, port), properties);
}

JsonValue QuestionMaker::secret_body(Dice& dice) const {
  const model::SecretRule* rule = aim(dice, secrets_);
  std::string secret = dice.one_of(Texts{"llm/one", "llm/two", "llm/none"});
  if (rule != nullptr && rule->secrets && dice.chance(95)) secret = dice.one_of(*rule->secrets).name;
  JsonValue properties = object();
  if (rule != nullptr && rule->uses && dice.chance(85)) {
    properties.set("use", dice.one_of(*rule->uses) == wire::SecretUse::inject ? "inject" : "lease");
  } else {
    maybe(dice, 92, properties, "use", {"inject", "inject", "inject", "lease"});
  }
  const auto declared = std::ranges::find(set_.secrets, secret, &model::Secret::name);
  if (declared != set_.secrets.end() && dice.chance(95)) {
    properties.set("upstream", dice.one_of(declared->upstreams).to_string());
  } else {
    maybe(dice, 70, properties, "upstream", {"https://api.example.net", "https://api.example.net/v"});
  }
  set_aimed(dice, properties, "method", rule == nullptr ? nullptr : &rule->methods, {"GET", "POST", "DELETE"});
  set_aimed(dice, properties, "path", rule == nullptr ? nullptr : &rule->paths, {"/v1/messages", "/v1/a/x", "/v1"});
  set_aimed(dice, properties, "model", rule == nullptr ? nullptr : &rule->models,
            {"m-small", "m-large", "M-small", ""});
  return evaluation_body(wire::kSecretUse, "secret", secret, properties);
}

JsonValue QuestionMaker::exec_body(Dice& dice) const {
  static const Texts kPrograms = {"/bin/sh",        "/bin/dash",      "/usr/bin/git", "/usr/bin/x/y",
                                  "/opt/s",         "/bin/../bin/sh", "sh",           "/lib64/ld-linux-x86-64.so.2",
                                  "/workspace/run", "/usr/git"};
  const model::ExecRule* rule = aim(dice, execution_);
  const auto program = [&] {
    if (rule == nullptr || !rule->programs || dice.chance(7)) return dice.one_of(kPrograms);
    return text_about(dice, dice.one_of(*rule->programs));
  };
  const std::string path = program();
  JsonValue properties = object();
  if (dice.chance(92)) properties.set("file", dice.chance(70) ? path : program());
  if (dice.chance(90)) properties.set("stable", dice.chance(80));
  if (dice.chance(18)) {
    JsonValue interpreter = object({{"path", program()}});
    if (dice.chance(90)) interpreter.set("file", program());
    if (dice.chance(80)) interpreter.set("stable", dice.chance(70));
    properties.set("interpreter", std::move(interpreter));
  }
  set_aimed(dice, properties, "cwd", rule == nullptr ? nullptr : &rule->cwd,
            {"/workspace", "/workspace/a", "/workspace/../etc", "/"});
  set_aimed(dice, properties, "user", rule == nullptr ? nullptr : &rule->users, {"sandbox", "root"});
  if (dice.chance(50)) properties.set("terminal", dice.chance(30));
  properties.set("env", list(dice.some_of(Texts{"PATH", "HOME", "LC_ALL", "LD_PRELOAD", "GIT_DIR", "GIT_AUTHOR_NAME",
                                                "PYTHONPATH", "ENV", "ENVY"},
                                          0, 9)));
  return evaluation_body(wire::kProcessExec, "program", path, properties);
}

JsonValue QuestionMaker::access_body(Dice& dice) const {
  const model::AccessRule* rule = aim(dice, access_);
  std::string type = dice.one_of(Texts{"record", "note"}), id = dice.one_of(Texts{"r1", "r2", "n1", "s1"});
  if (rule != nullptr && rule->resources && dice.chance(90)) {
    const model::ResourceMatch& resource = dice.one_of(*rule->resources);
    type = resource.type;
    if (resource.id) id = text_about(dice, *resource.id);
  }
  std::string action = dice.one_of(Texts{"read", "write", "purge"});
  if (rule != nullptr && rule->actions && dice.chance(90)) action = dice.one_of(*rule->actions);
  JsonValue properties;
  if (dice.chance(60)) {
    properties = object();
    if (dice.chance(60)) {
      properties.set("status", dice.chance(30) ? JsonValue() : JsonValue(dice.one_of(Texts{"active", "closed"})));
    }
    if (dice.chance(30)) properties.set("n", static_cast<int>(dice.below(3)));
  }
  return evaluation_body(action, type, id.empty() ? "r1" : id, std::move(properties));
}

Timestamp QuestionMaker::time(Dice& dice) const {
  if (!moments_.empty() && dice.chance(60)) return time_about(dice, dice.one_of(moments_));
  return time_about(dice, Timestamp::from_unix(kNoon.unix_seconds() + static_cast<std::int64_t>(dice.below(4))));
}

std::optional<Question> QuestionMaker::make(Dice& dice) const {
  constexpr std::array kFailures = {wire::Reason::token_missing,   wire::Reason::token_invalid,
                                    wire::Reason::token_expired,   wire::Reason::source_mismatch,
                                    wire::Reason::session_unknown, wire::Reason::session_ended,
                                    wire::Reason::session_revoked, wire::Reason::tenant_mismatch};
  const std::size_t domain = dice.below(10);
  JsonValue body = domain < 5   ? egress_body(dice)
                   : domain < 7 ? secret_body(dice)
                   : domain < 9 ? exec_body(dice)
                                : access_body(dice);
  if (dice.chance(50)) {
    JsonValue context = object();
    if (dice.chance(50)) context.set("n", static_cast<int>(dice.below(4)));
    maybe(dice, 40, context, "source", {"10.1.2.3", "10.1.2.4"});
    body.set("context", std::move(context));
  }
  if (dice.chance(10)) {
    body.set("action", object({{"name", *body.find("action")->find("name")}, {"properties", object({{"x", 1}})}}));
  }
  const Timestamp now = time(dice);
  const bool asserted = dice.chance(domain == 9 ? 30 : 2);
  std::optional<wire::Reason> failure;
  if (dice.chance(1)) failure = kFailures[dice.below(kFailures.size())];
  return make_question(std::move(body), asserted ? asserted_principal(dice) : verified_principal(dice, now), now,
                       failure);
}

}  // namespace portreeve::differential

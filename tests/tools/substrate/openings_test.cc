#include "tools/substrate/openings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/tools/substrate/fixture.h"

namespace portreeve::substrate {
namespace {

std::vector<std::string> texts(const std::vector<PrefixAndPorts>& openings) {
  std::vector<std::string> out;
  for (const PrefixAndPorts& each : openings) {
    out.push_back(fmt::format("{} {}-{}", each.prefix.to_string(), each.ports.first, each.ports.last));
  }
  return out;
}

TEST(OpenServices, AreThoseThatEnforcedAllowRulesNameOnTheirPorts) {
  const auto set = sample_policies();
  std::vector<std::string> names;
  for (const ServiceOpening& opening : open_services(set->documents())) names.push_back(opening.service->name);
  EXPECT_EQ(names, (std::vector<std::string>{"printer", "warehouse", "wiki"}));
  EXPECT_EQ(texts(prefixes_of(open_services(set->documents()))),
            (std::vector<std::string>{"10.20.0.0/24 5432-5439", "10.30.0.0/24 631-631", "100.64.10.7/32 443-443",
                                      "fd12:3456:789a::/48 443-443"}));
}

TEST(OpenServices, PortsOfSeveralRulesAreJoined) {
  model::PolicySet set;
  model::InternalService service;
  service.name = "one";
  service.addresses = {net::IpPrefix::parse("10.1.0.0/16").value()};
  service.ports = {{100, 200}, {300, 300}};
  set.internal_services.push_back(service);
  model::EgressPolicy policy;
  for (const auto& ports : {std::vector<model::PortRange>{{150, 160}}, {{161, 170}, {300, 400}}, {{1, 50}}}) {
    model::EgressRule rule;
    rule.effect = model::Effect::allow;
    rule.services = std::vector<model::Reference>{model::Reference{"one", {}}};
    rule.ports = ports;
    policy.rules.push_back(rule);
  }
  set.egress_policies.push_back(policy);
  EXPECT_EQ(texts(prefixes_of(open_services(set))),
            (std::vector<std::string>{"10.1.0.0/16 150-170", "10.1.0.0/16 300-300"}));
}

}  // namespace
}  // namespace portreeve::substrate

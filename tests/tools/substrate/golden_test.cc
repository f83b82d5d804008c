// What each target compiles to, whole: from something of everything, and from nothing.
#include <gtest/gtest.h>

#include "tests/tools/substrate/fixture.h"
#include "tools/substrate/headscale.h"
#include "tools/substrate/iptables.h"
#include "tools/substrate/network_policy.h"
#include "tools/substrate/nftables.h"
#include "tools/substrate/openings.h"

namespace portreeve::substrate {
namespace {

constexpr char kRevision[] = "sha256:REVISION";

TEST(Golden, OfSomethingOfEverything) {
  const auto set = sample_policies();
  const Deployment deployment = sample_deployment();
  const HostLayer layer = host_layer(set->documents(), deployment).value();
  expect_golden("everything.nft", to_nftables(layer, kRevision));
  expect_golden("everything.iptables.sh", to_iptables(layer, kRevision));
  expect_golden("everything.networkpolicy.yaml", to_network_policies(set->documents(), deployment, kRevision).value());
  expect_golden("everything.headscale.hujson", to_headscale(set->documents(), deployment, kRevision).value());
}

TEST(Golden, OfNothingIsClosed) {
  const model::PolicySet set;
  const Deployment deployment = deployment_of("");
  const HostLayer layer = host_layer(set, deployment).value();
  expect_golden("nothing.nft", to_nftables(layer, kRevision));
  expect_golden("nothing.iptables.sh", to_iptables(layer, kRevision));
  expect_golden("nothing.networkpolicy.yaml",
                to_network_policies(set, deployment_of("kubernetes: { namespace: agents }"), kRevision).value());
  expect_golden("nothing.headscale.hujson", to_headscale(set, deployment, kRevision).value());
}

// What no target compiles, and why.
TEST(Compile, RefusesWhatItWouldHaveToGuess) {
  const auto set = sample_policies();
  const auto layer_fault = [&](const std::string& text) {
    const Deployment deployment = deployment_of(text);
    const auto layer = host_layer(set->documents(), deployment);
    return layer ? std::string() : layer.error().message;
  };
  EXPECT_EQ(layer_fault("sandboxes: [{ name: a, labels: { a: b } }]"),
            "deployment.yaml:1:15: the sandbox `a` has no `interface`, by which a packet filter knows it");
  EXPECT_EQ(layer_fault("sandboxes: [{ name: a, interface: pt-a, ipv4: 10.0.0.2 }]"),
            "deployment.yaml:1:15: the sandbox `a` has no `mac`, by which a packet filter knows it");
  EXPECT_EQ(layer_fault("sandboxes: [{ name: a, interface: pt-a, mac: \"02:00:00:00:00:01\" }]"),
            "deployment.yaml:1:15: the sandbox `a` has no `ipv4` or `ipv6`, by which a packet filter knows it");

  const auto policies = [&](const std::string& text) {
    const auto made = to_network_policies(set->documents(), deployment_of(text), kRevision);
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(policies("uplinks: [eth0]"),
            "the deployment file states no `kubernetes: { namespace: … }`: which namespace is closed?");
  EXPECT_EQ(policies("{ kubernetes: { namespace: agents }, sandboxes: [{ name: a }] }"),
            "deployment.yaml:1:52: the sandbox `a` has no `labels`, by which its pod is known");
  EXPECT_EQ(policies("{ kubernetes: { namespace: agents }, gates: { proxy: { port: 3128, pods: { namespace: agents, "
                     "labels: { app: proxy } } } } }"),
            "the proxy's pods are in the sandboxes' namespace `agents`, which is closed: give them another");

  const auto mesh = to_headscale(set->documents(), deployment_of("uplinks: [eth0]"), kRevision);
  ASSERT_FALSE(mesh);
  EXPECT_EQ(mesh.error().message,
            "the service `warehouse` is on the mesh, and the deployment file states no `gates: { proxy: { tag: … } }`: "
            "who may reach it?");
}

}  // namespace
}  // namespace portreeve::substrate

#include "tools/substrate/deployment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/tools/substrate/fixture.h"

namespace portreeve::substrate {
namespace {

std::string faults(const std::string& text) {
  std::string out;
  const auto result = read_deployment({"d.yaml", text});
  EXPECT_EQ(result.deployment.has_value(), !has_errors(result.diagnostics)) << text;
  for (const Diagnostic& diagnostic : result.diagnostics) out += to_text(diagnostic) + "\n";
  return out;
}

TEST(Deployment, SaysWhereEverythingIs) {
  const Deployment deployment = sample_deployment();
  ASSERT_EQ(deployment.sandboxes.size(), 2u);
  EXPECT_EQ(deployment.sandboxes[0].name, "noor");
  EXPECT_FALSE(deployment.sandboxes[0].ipv6);
  const Sandbox& rita = deployment.sandboxes[1];
  EXPECT_EQ(rita.interface->text(), "pt-rita");
  EXPECT_EQ(rita.mac->to_string(), "02:00:5e:10:00:02");
  EXPECT_EQ(rita.ipv4->to_string(), "10.200.0.2");
  EXPECT_EQ(rita.ipv6->to_string(), "fd00:200::2");
  EXPECT_EQ(rita.labels, (Labels{{"portreeve.dev/sandbox", "rita"}}));
  EXPECT_EQ(deployment.proxy->port, 3128);
  EXPECT_EQ(deployment.proxy->user, "portreeve-egress");
  EXPECT_EQ(deployment.broker->user, "991");
  EXPECT_EQ(deployment.control.port, 2024);
  EXPECT_EQ(deployment.control.controllers.size(), 3u);
}

TEST(Deployment, OfAFileThatHoldsNothingHasNothing) {
  for (const char* text : {"", "{}", "# nothing\n", "---\n{}\n"}) {
    const Deployment deployment = deployment_of(text);
    EXPECT_TRUE(deployment.sandboxes.empty() && deployment.uplinks.empty() && !deployment.proxy) << text;
    EXPECT_TRUE(deployment.control.controllers.empty());
  }
}

TEST(Deployment, MessagesSayWhatIsWrongAndWhere) {
  const struct {
    const char* name;
    const char* text;
    const char* message;
  } cases[] = {
      {"no mapping", "[a]", "d.yaml:1:1: error: a deployment file holds one mapping, not a list\n"},
      {"two documents", "{}\n---\n{}\n", "d.yaml:3:1: error: a deployment file holds one document\n"},
      {"unknown key", "sandbox: []", "d.yaml:1:1: error: unknown key `sandbox` (did you mean `sandboxes`?)\n"},
      {"empty list", "sandboxes: []",
       "d.yaml:1:12: error: `sandboxes` is an empty list (an empty list never means everything: leave the field out, "
       "or "
       "name something)\n"},
      {"every interface", "uplinks: [\"*\"]",
       "d.yaml:1:11: error: `*` would be every interface, those of sandboxes too (name them, like `eth0` or `br-*`)\n"},
      {"interface", "sandboxes: [{ name: a, interface: \"a b\" }]",
       "d.yaml:1:35: error: `a b` is not the name of a network interface (1 to 15 of letters, digits, `.`, `_`, "
       "`-`)\n"},
      {"own interface", "{ uplinks: [\"pt-*\"], sandboxes: [{ name: a, interface: pt-a }] }",
       "d.yaml:1:56: error: `pt-a` is an interface of the host's own (what it carries would not be judged: take it out "
       "of `uplinks`)\n"},
      {"loopback interface", "sandboxes: [{ name: a, interface: lo }]",
       "d.yaml:1:35: error: `lo` is an interface of the host's own (what it carries would not be judged: take it out "
       "of "
       "`uplinks`)\n"},
      {"family", "sandboxes: [{ name: a, ipv4: \"fd00::2\" }]",
       "d.yaml:1:30: error: `fd00::2` is not an IPv4 address\n"},
      {"mapped", "sandboxes: [{ name: a, ipv6: \"::ffff:10.0.0.2\" }]",
       "d.yaml:1:30: error: `10.0.0.2` is not an IPv6 address\n"},
      {"hard range", "sandboxes: [{ name: a, ipv4: 169.254.1.1 }]",
       "d.yaml:1:30: error: `169.254.1.1` lies in a range that nothing opens (guard:link-local-address)\n"},
      {"metadata as a gate", "gates: { proxy: { addresses: [169.254.169.254], port: 80 } }",
       "d.yaml:1:31: error: `169.254.169.254` lies in a range that nothing opens (guard:metadata-address)\n"},
      {"twice", "sandboxes: [{ name: a, ipv4: 10.0.0.2 }, { name: b, ipv4: 10.0.0.2 }]",
       "d.yaml:1:59: error: two sandboxes have the ipv4 `10.0.0.2` (the first is at d.yaml:1)\n"},
      {"mac in another case",
       "sandboxes: [{ name: a, mac: \"02:00:00:00:00:0a\" }, { name: b, mac: \"02:00:00:00:00:0A\" }]",
       "d.yaml:1:68: error: two sandboxes have the mac `02:00:00:00:00:0a` (the first is at d.yaml:1)\n"},
      {"a gate's address",
       "{ gates: { proxy: { addresses: [10.0.0.2], port: 3128 } }, sandboxes: [{ name: a, ipv4: 10.0.0.2 }] }",
       "d.yaml:1:89: error: `10.0.0.2` is a gate's address (the gate's stands at d.yaml:1)\n"},
      {"a controller's address",
       "{ control: { controllers: [10.0.0.0/24] }, sandboxes: [{ name: a, ipv4: 10.0.0.2 }] }",
       "d.yaml:1:73: error: `10.0.0.2` is a controller's address (the sandbox could drive others: `10.0.0.0/24` at "
       "d.yaml:1 holds it)\n"},
      {"control port as a gate", "gates: { proxy: { addresses: [10.0.0.1], port: 2024 } }\ncontrol: { port: 2024 }",
       "d.yaml:1:10: error: the gate has the control port 2024 (a sandbox never reaches that port, wherever it is)\n"},
      {"control port as a gate, by default", "gates: { proxy: { addresses: [10.0.0.1], port: 2024 } }",
       "d.yaml:1:10: error: the gate has the control port 2024 (a sandbox never reaches that port, wherever it is)\n"},
      {"gate nowhere", "gates: { proxy: { port: 3128 } }",
       "d.yaml:1:17: error: the proxy is nowhere (state its `addresses`, its `pods`, or both)\n"},
      {"port", "gates: { proxy: { addresses: [10.0.0.1], port: 70000 } }",
       "d.yaml:1:48: error: port `70000` is not a number from 1 to 65535\n"},
      {"root", "gates: { proxy: { addresses: [10.0.0.1], port: 3128, user: 0 } }",
       "d.yaml:1:54: error: the proxy runs as root (a user of its own, so that the rules can tell what it sends)\n"},
      {"user", "gates: { proxy: { addresses: [10.0.0.1], port: 3128, user: \"a b\" } }",
       "d.yaml:1:60: error: `a b` is not the name or number of a user\n"},
      {"reaches a name", "gates: { proxy: { addresses: [10.0.0.1], port: 3128, reaches: [\"pdp:8180\"] } }",
       "d.yaml:1:64: error: `pdp:8180` is not an address and a port, like `10.0.0.1:53` or `[fd00::1]:53`\n"},
      {"control interface", "control: { interface: mgmt0 }",
       "d.yaml:1:12: error: `mgmt0` is none of the `uplinks` (an interface that is not one is taken for a "
       "sandbox's)\n"},
      {"no label", "sandboxes: [{ name: a, labels: {} }]",
       "d.yaml:1:32: error: `labels` is empty (no label would select every pod)\n"},
      {"label key", "sandboxes: [{ name: a, labels: { \"a b\": c } }]",
       "d.yaml:1:34: error: `a b` is not the key of a label\n"},
      {"label value", "sandboxes: [{ name: a, labels: { a: [b] } }]",
       "d.yaml:1:37: error: the label `a` has no value that Kubernetes takes (at most 63 of letters, digits, `.`, `_`, "
       "`-`)\n"},
      {"same labels", "sandboxes: [{ name: a, labels: { a: b } }, { name: b, labels: { a: b } }]",
       "d.yaml:1:63: error: two sandboxes have the labels `a=b` (the first is at d.yaml:1)\n"},
      {"tag", "gates: { proxy: { addresses: [10.0.0.1], port: 1, tag: wiki } }",
       "d.yaml:1:56: error: `wiki` is not a tag of a mesh, like `tag:portreeve-egress`\n"},
      {"anchor", "uplinks: &a [eth0]",
       "d.yaml:1:10: error: anchors are not part of the language (write the value where it is needed)\n"},
  };
  for (const auto& each : cases) EXPECT_EQ(faults(each.text), each.message) << each.name << ": " << each.text;
}

TEST(DeploymentSchema, IsCheckedInAsTheTableSays) {
  const std::string path = PORTREEVE_SOURCE_DIR "/policies/schema/portreeve-deployment.schema.json";
  if (std::getenv("PORTREEVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << deployment_json_schema();
  EXPECT_EQ(file_text("../../../policies/schema/portreeve-deployment.schema.json"), deployment_json_schema());
}

// Between the marks stands what the table says.
TEST(DeploymentReference, IsShownAsTheTableSays) {
  const std::string path = PORTREEVE_SOURCE_DIR "/docs/coarse-layer.md";
  const std::string page = file_text("../../../docs/coarse-layer.md");
  const std::string begin = "<!-- fields: deployment -->\n";
  const std::size_t start = page.find(begin);
  const std::size_t end = page.find("<!-- end -->");
  ASSERT_NE(start, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string wanted = page.substr(0, start + begin.size()) + deployment_reference() + page.substr(end);
  if (std::getenv("PORTREEVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << wanted;
  EXPECT_EQ(page, wanted);
}

}  // namespace
}  // namespace portreeve::substrate

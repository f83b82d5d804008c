#include "tests/fuzz/input.h"
#include "tools/substrate/deployment.h"
#include "tools/substrate/headscale.h"
#include "tools/substrate/iptables.h"
#include "tools/substrate/network_policy.h"
#include "tools/substrate/nftables.h"

// Whatever is read compiles, or says why not.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const auto result = substrate::read_deployment({"d.yaml", std::string(as_text(data, size))});
  CHECK(result.deployment.has_value() != has_errors(result.diagnostics));
  if (!result.deployment) return 0;
  const model::PolicySet none;
  if (const auto layer = substrate::host_layer(none, *result.deployment)) {
    CHECK(!substrate::to_nftables(*layer, "r").empty());
    CHECK(!substrate::to_iptables(*layer, "r").empty());
  }
  if (const auto policies = substrate::to_network_policies(none, *result.deployment, "r")) CHECK(!policies->empty());
  CHECK(substrate::to_headscale(none, *result.deployment, "r").has_value());
  return 0;
}

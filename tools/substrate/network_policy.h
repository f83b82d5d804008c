// The coarse layer of a Kubernetes cluster as NetworkPolicies (networking.k8s.io/v1).
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/model/policy_set.h"
#include "tools/substrate/deployment.h"

namespace portreeve::substrate {

// YAML documents, sorted by name: one that closes the sandboxes' namespace in both directions; one for each sandbox,
// which opens the gates' pods or addresses and lets controllers in; one for the proxy's pods, which repeats the guard.
// Fails without the namespace, and for a sandbox without labels.
Result<std::string> to_network_policies(const model::PolicySet& set, const Deployment& deployment,
                                        std::string_view revision);

}  // namespace portreeve::substrate

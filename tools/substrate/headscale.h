// The coarse layer of a Headscale mesh as its policy file.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/model/policy_set.h"
#include "tools/substrate/deployment.h"

namespace portreeve::substrate {

// A policy (HuJSON) that lets the proxy's tag reach the tags of InternalServices that allow rules name, on their ports,
// and nobody anything else. The list of rules is always there: without one, Headscale lets everyone reach everything.
// Fails where such a service has a tag that is none, or services are open and the proxy has no tag.
Result<std::string> to_headscale(const model::PolicySet& set, const Deployment& deployment, std::string_view revision);

}  // namespace portreeve::substrate

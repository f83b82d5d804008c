// A policy set and deployments that the tests of this folder share.
#pragma once

#include <memory>
#include <string>

#include "engine/model/policy_set.h"
#include "tools/substrate/deployment.h"

namespace portreeve::substrate {

// The set of golden/policies.yaml.
std::shared_ptr<const model::CheckedPolicySet> sample_policies();

// The deployment of golden/deployment.yaml, which has something of everything.
Deployment sample_deployment();

// The deployment that the text says. Requires: no errors.
Deployment deployment_of(const std::string& text);

// The bytes of a file below this folder.
std::string file_text(const std::string& path);

// Expects that golden/`name` holds `text`; with PORTREEVE_UPDATE set it is written.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace portreeve::substrate

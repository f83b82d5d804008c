// A whole policy set, as the YAML says it.
#pragma once

#include <string>
#include <vector>

#include "engine/model/access.h"
#include "engine/model/egress.h"
#include "engine/model/execution.h"
#include "engine/model/identity_provider.h"
#include "engine/model/policy_test.h"
#include "engine/model/roles.h"
#include "engine/model/secrets.h"

namespace portreeve::load {
class Loader;
}

namespace portreeve::model {

// Documents of each kind, each kind sorted by name: the order of files and documents is gone here.
struct PolicySet {
  std::vector<IdentityProvider> identity_providers;
  std::vector<Role> roles;
  std::vector<RoleBinding> role_bindings;
  std::vector<RoleConstraint> role_constraints;
  std::vector<List> lists;
  std::vector<Entities> entities;
  std::vector<InternalService> internal_services;
  std::vector<EgressPolicy> egress_policies;
  std::vector<Secret> secrets;
  std::vector<SecretPolicy> secret_policies;
  std::vector<ExecutionPolicy> execution_policies;
  std::vector<AccessPolicy> access_policies;
  std::vector<PolicyTest> policy_tests;
};

// A policy set in which the checker found no error. Only load/ makes one, so that a bad policy cannot be compiled.
// Immutable; thread-safe.
class CheckedPolicySet {
 public:
  const PolicySet& documents() const { return documents_; }
  // "sha256:…" over the sorted `path sha256` lines of the files and the time-zone data used (design §11).
  const std::string& revision() const { return revision_; }

 private:
  friend class load::Loader;
  CheckedPolicySet(PolicySet documents, std::string revision)
      : documents_(std::move(documents)), revision_(std::move(revision)) {}

  PolicySet documents_;
  std::string revision_;
};

}  // namespace portreeve::model

// A policy set compiled for judgement: immutable, shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compile/rule_table.h"
#include "engine/index/host_index.h"
#include "engine/index/path_index.h"
#include "engine/index/prefix_index.h"
#include "engine/index/text_map.h"
#include "engine/model/policy_set.h"
#include "engine/net/guard.h"
#include "engine/rbac/directory.h"

namespace portreeve::compile {

// Each finder appends all rules whose target may match, in no order, possibly more than once; where a hit is certain
// the target does match, so that nothing else need be looked at. Hot paths.
class EgressRules {
 public:
  EgressRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::EgressRule>& table() const { return table_; }
  void find(const net::EndpointHost& host, const std::vector<net::IpAddress>& addresses,
            std::vector<index::Hit>& out) const;
  template <class Visit>
  void for_each_array(Visit visit) {
    table_.for_each_array(visit);
    hosts_.for_each_array(visit);
    prefixes_.for_each_array(visit);
  }

 private:
  index::HostIndex hosts_;       // of hosts and of services' hosts
  index::PrefixIndex prefixes_;  // of rules with cidrs and no hosts
  // Denies by prefix and denies of everything are also relevant where no address is known.
  std::vector<index::Hit> internet_, any_, denies_by_prefix_;
  RuleTable<model::EgressRule> table_;
};

class SecretRules {
 public:
  SecretRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::SecretRule>& table() const { return table_; }
  // Where the secret stands among the set's Secrets; nullopt, and the rules of every secret, where there is none.
  std::optional<std::uint32_t> find(std::string_view secret, std::vector<index::Hit>& out) const;
  template <class Visit>
  void for_each_array(Visit visit) {
    table_.for_each_array(visit);
    by_secret_.for_each_array(visit);
  }

 private:
  index::Postings by_secret_;  // the secret's place, then the bits of hits
  std::vector<index::Hit> any_;
  RuleTable<model::SecretRule> table_;
};

class ExecRules {
 public:
  ExecRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::ExecRule>& table() const { return table_; }
  // `uncertain`: the program's path or file is missing or unclean, so that every deny by program is relevant. Hits are
  // certain of the one or the other of path and file.
  void find(std::string_view path, std::string_view file, bool uncertain, std::vector<index::Hit>& out) const;
  template <class Visit>
  void for_each_array(Visit visit) {
    table_.for_each_array(visit);
    programs_.for_each_array(visit);
  }

 private:
  index::PathIndex programs_;
  std::vector<index::Hit> any_, denies_by_program_;
  RuleTable<model::ExecRule> table_;
};

class AccessRules {
 public:
  AccessRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::AccessRule>& table() const { return table_; }
  void find(std::string_view resource_type, std::vector<index::Hit>& out) const;
  template <class Visit>
  void for_each_array(Visit visit) {
    table_.for_each_array(visit);
    by_type_.for_each_array(visit);
  }

 private:
  index::Postings by_type_;  // the bits of hits
  std::vector<index::Hit> any_;
  RuleTable<model::AccessRule> table_;
};

// What the deployment knows and no policy says.
struct Deployment {
  net::OwnAddresses own_addresses;
};

// Everything that judgement reads, and nothing else: the policy set it was made of may be gone. Content-addressed: the
// same revision and deployment judge alike.
class Snapshot {
 public:
  Snapshot(const model::CheckedPolicySet& set, Deployment deployment);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const std::string& revision() const { return revision_; }
  // The set's documents as they stand beside the rules: of policies, lists and tests the
  // headers alone.
  const model::PolicySet& documents() const { return documents_; }
  const Deployment& deployment() const { return deployment_; }
  const rbac::Directory& directory() const { return directory_; }

  const EgressRules& egress() const { return egress_; }
  const SecretRules& secrets() const { return secrets_; }
  const ExecRules& execution() const { return execution_; }
  const AccessRules& access() const { return access_; }

  // Where a rule, `policy/rule`, stands; line 0 where there is none of that name.
  SourcePlace place_of_rule(std::string_view rule) const;

  // True if `upstream` (an UpstreamUrl's normal form) is one of the secret's. Requires: a place that
  // SecretRules::find() gave.
  bool is_upstream_of(std::uint32_t secret, std::string_view upstream) const {
    return upstream_lists_.matches(upstreams_[secret], upstream);
  }
  // True where some InternalService lists the name.
  bool is_internal_name(const net::HostName& name) const { return internal_names_.contains(name); }
  // True where some Secret's upstream is served under that host, on any port.
  bool is_secret_upstream(const net::HostName& name) const { return upstream_hosts_.contains(name.view()); }

  // Properties that Entities declare; nullptr where they declare none.
  const JsonValue* subject_properties(std::string_view type, std::string_view id) const;
  const JsonValue* resource_properties(std::string_view type, std::string_view id) const;

 private:
  template <class Visit>
  void for_each_array(Visit visit) {
    egress_.for_each_array(visit);
    secrets_.for_each_array(visit);
    execution_.for_each_array(visit);
    access_.for_each_array(visit);
  }

  // By type, then id.
  using Entities = index::TextMap<index::TextMap<const JsonValue*>>;

  FrozenRegion region_;  // outlives what was moved into it
  std::string revision_;
  model::PolicySet documents_;
  Deployment deployment_;
  rbac::Directory directory_;
  EgressRules egress_;
  SecretRules secrets_;
  ExecRules execution_;
  AccessRules access_;
  MatchPool upstream_lists_;
  std::vector<ListId> upstreams_;  // by the secret's place
  index::HostIndex internal_names_;
  index::Postings upstream_hosts_;
  Entities subject_entities_, resource_entities_;
};

// Compiles; the set may be gone afterwards. Cost: 1 to 2 µs a rule.
std::shared_ptr<const Snapshot> compile(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment = {});

}  // namespace portreeve::compile

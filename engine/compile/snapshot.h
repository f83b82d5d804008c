// A policy set compiled for judgement: immutable, shared by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compile/match_pool.h"
#include "engine/index/host_index.h"
#include "engine/index/path_index.h"
#include "engine/index/prefix_index.h"
#include "engine/model/policy_set.h"
#include "engine/net/guard.h"
#include "engine/rbac/directory.h"

namespace portreeve::compile {

using RuleIndex = index::EntryId;

// For whom a policy is there at all (SEMANTICS §2: scope is no clause).
struct Scope {
  std::optional<rbac::RoleSet> roles;                 // any of these; absent: everyone
  const std::vector<std::string>* tenants = nullptr;  // any of these; absent: every tenant and none
  bool covers(const rbac::Activation& subject) const;
  bool covers_tenant(const rbac::Activation& subject) const;
};

inline std::uint8_t protocol_bit(model::Protocol protocol) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(protocol));
}

// What judging reads of a rule of each domain, beside one another; lists are in the table's pool.
template <class Rule>
struct Gate;

template <>
struct Gate<model::EgressRule> {
  enum class Target : std::uint8_t { hosts, cidrs, services, internet, any };
  enum class Ports : std::uint8_t { any, stated, by_protocol };
  Target target = Target::any;
  Ports ports = Ports::any;
  bool with_cidrs = false;  // beside hosts
  bool restricts_protocols = false;
  bool has_limits = false;
  std::uint8_t protocols = 0;    // a bit for each model::Protocol; TLS where the rule states none
  std::uint8_t range_count = 0;  // more than `ranges` holds: they are in the model
  std::array<model::PortRange, 2> ranges{};
  ListId methods = kNoList, paths = kNoList;
};
template <>
struct Gate<model::SecretRule> {
  bool restricts_uses = false;
  bool has_limits = false;
  ListId secrets = kNoList, methods = kNoList, paths = kNoList, models = kNoList;
};
template <>
struct Gate<model::ExecRule> {
  std::optional<bool> terminal;
  ListId programs = kNoList, cwd = kNoList, users = kNoList;
};
template <>
struct Gate<model::AccessRule> {
  ListId resources = kNoList, actions = kNoList;
};

// A rule ready to be judged. Borrows the rule from the policy set, the name from its table.
template <class Rule>
struct CompiledRule {
  std::string_view name;  // `policy/rule`
  const Rule* rule = nullptr;
  std::uint32_t scope = 0;
  model::Effect effect = model::Effect::deny;
  bool enforce = true;
  bool has_condition = false;
  bool has_reason = false;
  bool reads_clock = false;  // its condition reads request.time or session.age
  Gate<Rule> gate{};
};

// The rules of one domain, sorted by name, so that ascending indices are sorted names.
template <class Rule>
struct RuleTable {
  RuleTable() = default;
  RuleTable(RuleTable&&) = default;
  RuleTable& operator=(RuleTable&&) = default;

  std::vector<CompiledRule<Rule>> rules;
  std::vector<Scope> scopes;  // each once
  MatchPool lists;
  std::vector<char> names;
};

// Each finder appends indices of all rules whose target may match (a superset), in no order, possibly more than once.
class EgressRules {
 public:
  explicit EgressRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::EgressRule>& table() const { return table_; }
  void find(const net::EndpointHost& host, const std::vector<net::IpAddress>& addresses,
            std::vector<RuleIndex>& out) const;

 private:
  RuleTable<model::EgressRule> table_;
  index::HostIndex hosts_;       // of hosts and of services' hosts
  index::PrefixIndex prefixes_;  // of rules with cidrs and no hosts
  // Denies by prefix and denies of everything are also relevant where no address is known.
  std::vector<RuleIndex> internet_, any_, denies_by_prefix_;
};

class SecretRules {
 public:
  explicit SecretRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::SecretRule>& table() const { return table_; }
  void find(std::string_view secret, std::vector<RuleIndex>& out) const;

 private:
  RuleTable<model::SecretRule> table_;
  index::Postings by_secret_;
  std::vector<RuleIndex> any_;
};

class ExecRules {
 public:
  explicit ExecRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::ExecRule>& table() const { return table_; }
  // `uncertain`: the program's path or file is missing or unclean, so that every deny by program is relevant.
  void find(std::string_view path, std::string_view file, bool uncertain, std::vector<RuleIndex>& out) const;

 private:
  RuleTable<model::ExecRule> table_;
  index::PathIndex programs_;
  std::vector<RuleIndex> any_, denies_by_program_;
};

class AccessRules {
 public:
  explicit AccessRules(const model::PolicySet& documents, const rbac::Directory& directory);
  const RuleTable<model::AccessRule>& table() const { return table_; }
  void find(std::string_view resource_type, std::vector<RuleIndex>& out) const;

 private:
  RuleTable<model::AccessRule> table_;
  index::Postings by_type_;
  std::vector<RuleIndex> any_;
};

// What the deployment knows and no policy says.
struct Deployment {
  net::OwnAddresses own_addresses;
};

// Everything that judgement reads. Content-addressed: the same revision and deployment judge alike.
class Snapshot {
 public:
  Snapshot(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const std::string& revision() const { return set_->revision(); }
  const model::PolicySet& documents() const { return set_->documents(); }
  const Deployment& deployment() const { return deployment_; }
  const rbac::Directory& directory() const { return directory_; }

  const EgressRules& egress() const { return egress_; }
  const SecretRules& secrets() const { return secrets_; }
  const ExecRules& execution() const { return execution_; }
  const AccessRules& access() const { return access_; }

  // What a question about a secret names: whether the secret exists, and has that upstream (an UpstreamUrl's normal
  // form).
  enum class Upstream : std::uint8_t { unknown_secret, foreign, own };
  Upstream upstream_of(std::string_view secret, const std::optional<std::string>& upstream) const;
  // True where some InternalService lists the name.
  bool is_internal_name(const net::HostName& name) const;
  // True where some Secret's upstream is served under that host, on any port.
  bool is_secret_upstream(const net::HostName& name) const;
  const model::InternalService& service(std::string_view name) const { return *services_.find(name)->second; }

  // Properties that Entities declare; nullptr where they declare none.
  const JsonValue* subject_properties(std::string_view type, std::string_view id) const;
  const JsonValue* resource_properties(std::string_view type, std::string_view id) const;

 private:
  // By type, then id.
  using Entities = index::TextMap<index::TextMap<const JsonValue*>>;
  static void add_entities(const std::vector<model::Entity>& entities, Entities& out);
  static const JsonValue* find_entity(const Entities& entities, std::string_view type, std::string_view id);

  std::shared_ptr<const model::CheckedPolicySet> set_;
  Deployment deployment_;
  rbac::Directory directory_;
  EgressRules egress_;
  SecretRules secrets_;
  ExecRules execution_;
  AccessRules access_;
  index::Postings secret_upstreams_;  // by secret: the list of its upstreams in normal form
  MatchPool upstream_lists_;
  index::TextMap<const model::InternalService*> services_;
  index::HostIndex internal_names_;
  index::TextMap<bool> upstream_hosts_;
  Entities subject_entities_, resource_entities_;
};

std::shared_ptr<const Snapshot> compile(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment = {});

}  // namespace portreeve::compile

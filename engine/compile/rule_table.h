// The rules of one domain as judging reads them: fixed records, and pools of what they name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/base/frozen_array.h"
#include "engine/compile/match_pool.h"
#include "engine/index/hit.h"
#include "engine/model/egress.h"
#include "engine/model/execution.h"
#include "engine/model/secrets.h"
#include "engine/rbac/directory.h"

namespace portreeve::compile {

using RuleIndex = index::EntryId;

// For whom a policy is there at all (SEMANTICS §2: scope is no clause).
struct Scope {
  std::optional<rbac::RoleSet> roles;               // any of these; absent: everyone
  std::optional<std::vector<std::string>> tenants;  // any of these, sorted; absent: every tenant and none
  bool covers(const rbac::Activation& subject) const;
  bool covers_tenant(const rbac::Activation& subject) const;
};

inline std::uint8_t protocol_bit(model::Protocol protocol) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(protocol));
}
inline std::uint8_t use_bit(wire::SecretUse use) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(use)); }

// Part of a pool.
struct Slice {
  std::uint32_t first = 0, count = 0;
  template <class T>
  std::span<const T> of(const std::vector<T>& pool) const {
    return std::span<const T>(pool).subspan(first, count);
  }
};

// What judging reads of a rule of each domain, and the pools that its numbers are places in. The first element of each
// pool of limits is that of rules without any.
template <class Rule>
struct Gate;
template <class Rule>
struct Pools;

template <>
struct Gate<model::EgressRule> {
  enum class Target : std::uint8_t { hosts, cidrs, services, internet, any };
  enum class Ports : std::uint8_t { any, stated, by_protocol };
  Target target = Target::any;
  Ports ports = Ports::any;
  bool with_cidrs = false;  // beside hosts
  bool states_protocols = false;
  bool restricts_protocols = false;
  std::uint8_t protocols = 0;  // a bit for each model::Protocol; TLS where the rule states none
  Slice ranges;                // of ports
  Slice prefixes, services;
  std::uint32_t limits = 0;
  ListId methods = kNoList, paths = kNoList;
};
template <>
struct Pools<model::EgressRule> {
  std::vector<model::PortRange> ranges;
  std::vector<net::IpPrefix> prefixes;
  std::vector<std::uint32_t> services;  // places among the set's InternalServices
  std::vector<model::EgressRuleLimits> limits;
};

template <>
struct Gate<model::SecretRule> {
  std::uint8_t uses = 0;  // bits; 0: any
  std::uint32_t limits = 0;
  ListId methods = kNoList, paths = kNoList, models = kNoList;
};
struct SecretRuleLimits {
  std::optional<std::int64_t> requests_per_minute;
  std::optional<Seconds> lease_ttl;
  friend auto operator<=>(const SecretRuleLimits&, const SecretRuleLimits&) = default;
};
template <>
struct Pools<model::SecretRule> {
  std::vector<SecretRuleLimits> limits;
};

template <>
struct Gate<model::ExecRule> {
  std::optional<bool> terminal;
  ListId programs = kNoList, cwd = kNoList, users = kNoList;
  ListId env_pass = kNoList;
  Slice write;  // empty: none
  std::uint32_t limits = 0;
};
template <>
struct Pools<model::ExecRule> {
  std::vector<model::WriteGrant> write;
  std::vector<model::ExecRuleLimits> limits;
};

template <>
struct Gate<model::AccessRule> {
  ListId resources = kNoList, actions = kNoList;
};
template <>
struct Pools<model::AccessRule> {};

// A rule ready to be judged, in one cache line.
template <class Rule>
struct alignas(64) CompiledRule {
  std::uint32_t name = 0;       // where it stands in the table's texts
  std::uint32_t reason = 0;     // in the table's reasons; the first is that of rules without one
  std::uint32_t condition = 0;  // in the table's conditions; the first is no condition
  std::uint32_t scope = 0;      // in the table's scopes
  std::uint8_t name_length = 0;
  model::Effect effect = model::Effect::deny;
  bool enforce = true;
  bool reads_clock = false;  // its condition reads request.time or session.age
  Gate<Rule> gate{};
};

static_assert(sizeof(CompiledRule<model::EgressRule>) == 64 && sizeof(CompiledRule<model::ExecRule>) == 64);

// Owns all that it needs: the policy set may be gone. Immutable once built; any thread.
template <class Rule>
struct RuleTable {
  struct Place {
    std::uint32_t file, line, column;
  };

  FrozenArray<CompiledRule<Rule>> rules;  // sorted by name, so that ascending indices are sorted names
  std::vector<Scope> scopes;              // each once
  std::vector<std::shared_ptr<const cel::Program>> conditions;
  std::vector<std::string> reasons;
  MatchPool lists;
  Pools<Rule> pools;
  FrozenArray<char> names;
  FrozenArray<Place> places;  // by rule
  std::vector<std::string> files;

  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    visit(rules);
    lists.for_each_array(visit);
    visit(names);
    visit(places);
  }

  // `policy/rule`.
  std::string_view name(const CompiledRule<Rule>& rule) const { return {names.data() + rule.name, rule.name_length}; }
  std::string_view name(RuleIndex rule) const { return name(rules[rule]); }
  SourcePlace place(RuleIndex rule) const {
    const Place& at = places[rule];
    return {files[at.file], at.line, at.column};
  }
};

}  // namespace portreeve::compile

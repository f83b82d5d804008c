// Gathers the rules of one domain's policies into a table. Private to compile/.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/compile/rule_table.h"
#include "engine/model/policy_set.h"

namespace portreeve::compile {

// Values, each once; a value's number is its place in the list that take() returns.
template <class T>
class Interner {
 public:
  Interner() = default;
  // `first` has number 0.
  explicit Interner(T first) { number_of(std::move(first)); }
  std::uint32_t number_of(T value) {
    const auto [known, added] = known_.emplace(std::move(value), static_cast<std::uint32_t>(values_.size()));
    if (added) values_.push_back(known->first);
    return known->second;
  }
  std::vector<T> take() {
    values_.shrink_to_fit();
    return std::move(values_);
  }

 private:
  std::map<T, std::uint32_t> known_;
  std::vector<T> values_;
};

// Lists back to back, equal ones once.
template <class T>
class SliceInterner {
 public:
  Slice slice_of(const std::vector<T>& list) {
    const auto [known, added] = known_.emplace(
        list, Slice{static_cast<std::uint32_t>(values_.size()), static_cast<std::uint32_t>(list.size())});
    if (added) values_.insert(values_.end(), list.begin(), list.end());
    return known->second;
  }
  Slice slice_of(const std::optional<std::vector<T>>& list) { return list ? slice_of(*list) : Slice{}; }
  std::vector<T> take() {
    values_.shrink_to_fit();
    return std::move(values_);
  }

 private:
  std::map<std::vector<T>, Slice> known_;
  std::vector<T> values_;
};

// Makes the gates of one domain's rules, and the pools that they name.
template <class Rule>
class GateMaker;

template <>
class GateMaker<model::EgressRule> {
 public:
  explicit GateMaker(const model::PolicySet& documents);
  Gate<model::EgressRule> make(const model::EgressRule& rule, MatchPool::Builder& lists);
  Pools<model::EgressRule> take();

 private:
  std::map<std::string_view, std::uint32_t> services_;
  SliceInterner<model::PortRange> ranges_;
  SliceInterner<net::IpPrefix> prefixes_;
  SliceInterner<std::uint32_t> service_lists_;
  Interner<model::EgressRuleLimits> limits_{{}};
};

template <>
class GateMaker<model::SecretRule> {
 public:
  explicit GateMaker(const model::PolicySet&) {}
  Gate<model::SecretRule> make(const model::SecretRule& rule, MatchPool::Builder& lists);
  Pools<model::SecretRule> take() { return {limits_.take()}; }

 private:
  Interner<SecretRuleLimits> limits_{{}};
};

template <>
class GateMaker<model::ExecRule> {
 public:
  explicit GateMaker(const model::PolicySet&) {}
  Gate<model::ExecRule> make(const model::ExecRule& rule, MatchPool::Builder& lists);
  Pools<model::ExecRule> take() { return {write_.take(), limits_.take()}; }

 private:
  SliceInterner<model::WriteGrant> write_;
  Interner<model::ExecRuleLimits> limits_{{}};
};

template <>
class GateMaker<model::AccessRule> {
 public:
  explicit GateMaker(const model::PolicySet&) {}
  Gate<model::AccessRule> make(const model::AccessRule& rule, MatchPool::Builder& lists) {
    return {lists.add(rule.resources), lists.add(rule.actions)};
  }
  Pools<model::AccessRule> take() { return {}; }
};

// Scopes, each once: many policies are for the same few.
class ScopeSet {
 public:
  explicit ScopeSet(const rbac::Directory& directory) : directory_(directory) {}
  std::uint32_t number_of(const model::PolicyHeader& policy);
  std::vector<Scope> take() { return std::move(scopes_); }

 private:
  using Key = std::pair<std::optional<std::vector<rbac::RoleId>>, std::optional<std::vector<std::string>>>;
  const rbac::Directory& directory_;
  std::map<Key, std::uint32_t> known_;
  std::vector<Scope> scopes_;
};

// Conditions of equal text once; the first is none.
class ConditionSet {
 public:
  std::uint32_t number_of(const std::optional<model::Condition>& condition);
  std::vector<std::shared_ptr<const cel::Program>> take() { return std::move(programs_); }

 private:
  std::map<std::string_view, std::uint32_t> known_;
  std::vector<std::shared_ptr<const cel::Program>> programs_{nullptr};
};

bool reads_clock(const model::RuleHeader& rule);

// Builds a domain's table; `each(rule, index)` is told every rule with its place in it.
template <class Rule, class Policy, class Each>
RuleTable<Rule> make_table(const model::PolicySet& documents, const std::vector<Policy>& policies,
                           const rbac::Directory& directory, Each each) {
  struct Named {
    std::string name;
    const Rule* rule;
    std::uint32_t scope;
  };
  std::vector<Named> all;
  ScopeSet scopes(directory);
  std::size_t bytes = 0;
  for (const Policy& policy : policies) {
    const std::uint32_t scope = scopes.number_of(policy);
    for (const Rule& rule : policy.rules) {
      all.push_back({policy.name + "/" + rule.id, &rule, scope});
      bytes += all.back().name.size();
    }
  }
  constexpr std::size_t kMost = std::numeric_limits<RuleIndex>::max() / 2;  // a hit keeps one bit for itself
  CHECK(all.size() < kMost && bytes < kMost);
  std::ranges::sort(all, {}, &Named::name);
  GateMaker<Rule> gates(documents);
  MatchPool::Builder lists;
  ConditionSet conditions;
  Interner<std::string> reasons{""}, files;
  RuleTable<Rule> table;
  std::vector<CompiledRule<Rule>> rules;
  std::vector<char> names;
  std::vector<typename RuleTable<Rule>::Place> places;
  names.reserve(bytes);
  rules.reserve(all.size());
  places.reserve(all.size());
  for (const Named& named : all) {
    const Rule& rule = *named.rule;
    CHECK(named.name.size() <= 255);  // load bounds both names to 63 bytes
    each(rule, static_cast<RuleIndex>(rules.size()));
    rules.push_back({static_cast<std::uint32_t>(names.size()), reasons.number_of(rule.reason),
                     conditions.number_of(rule.when), named.scope, static_cast<std::uint8_t>(named.name.size()),
                     rule.effect, rule.enforce, reads_clock(rule), gates.make(rule, lists)});
    names.insert(names.end(), named.name.begin(), named.name.end());
    places.push_back({files.number_of(rule.place.file), rule.place.line, rule.place.column});
  }
  table.rules = FrozenArray(std::move(rules));
  table.names = FrozenArray(std::move(names));
  table.places = FrozenArray(std::move(places));
  table.scopes = scopes.take();
  table.conditions = conditions.take();
  table.reasons = reasons.take();
  table.lists = std::move(lists).build();
  table.pools = gates.take();
  table.files = files.take();
  return table;
}

}  // namespace portreeve::compile

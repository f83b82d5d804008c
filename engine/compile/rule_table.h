// Gathers the rules of one domain's policies into a table. Private to compile/.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/cel/cel.h"
#include "engine/cel/policy_environment.h"
#include "engine/compile/snapshot.h"

namespace portreeve::compile {

bool condition_reads_clock(const model::RuleHeader& rule);

Gate<model::EgressRule> make_gate(const model::EgressRule& rule, MatchPool& lists);
Gate<model::SecretRule> make_gate(const model::SecretRule& rule, MatchPool& lists);
Gate<model::ExecRule> make_gate(const model::ExecRule& rule, MatchPool& lists);
Gate<model::AccessRule> make_gate(const model::AccessRule& rule, MatchPool& lists);

// Scopes, each once: many policies are for the same few.
class ScopeSet {
 public:
  explicit ScopeSet(const rbac::Directory& directory) : directory_(directory) {}
  std::uint32_t id_of(const model::PolicyHeader& policy);
  std::vector<Scope> take() { return std::move(scopes_); }

 private:
  using Key = std::pair<std::optional<std::vector<rbac::RoleId>>, std::optional<std::vector<std::string>>>;
  const rbac::Directory& directory_;
  std::map<Key, std::uint32_t> ids_;
  std::vector<Scope> scopes_;
};

template <class Rule, class Policy>
RuleTable<Rule> make_table(const std::vector<Policy>& policies, const rbac::Directory& directory) {
  struct Named {
    std::string name;
    const Rule* rule;
    std::uint32_t scope;
  };
  std::vector<Named> all;
  ScopeSet scopes(directory);
  std::size_t bytes = 0;
  for (const Policy& policy : policies) {
    const std::uint32_t scope = scopes.id_of(policy);
    for (const Rule& rule : policy.rules) {
      all.push_back({policy.name + "/" + rule.id, &rule, scope});
      bytes += all.back().name.size();
    }
  }
  std::ranges::sort(all, {}, &Named::name);
  RuleTable<Rule> table;
  table.scopes = scopes.take();
  table.names.reserve(bytes);  // names are views into it
  table.rules.reserve(all.size());
  for (const Named& named : all) {
    const Rule& rule = *named.rule;
    const std::string_view name(table.names.data() + table.names.size(), named.name.size());
    table.names.insert(table.names.end(), named.name.begin(), named.name.end());
    table.rules.push_back({name, &rule, named.scope, rule.effect, rule.enforce, rule.when.has_value(),
                           !rule.reason.empty(), condition_reads_clock(rule), make_gate(rule, table.lists)});
  }
  table.lists.compact();
  return table;
}

}  // namespace portreeve::compile

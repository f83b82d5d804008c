// Gathers the rules of one domain's policies into a table. Private to compile/.
#pragma once

#include <algorithm>
#include <utility>

#include "engine/cel/cel.h"
#include "engine/cel/policy_environment.h"
#include "engine/compile/snapshot.h"

namespace portreeve::compile {

Scope make_scope(const model::PolicyHeader& policy, const rbac::Directory& directory);
bool condition_reads_clock(const model::RuleHeader& rule);

template <class Rule, class Policy>
RuleTable<Rule> make_table(const std::vector<Policy>& policies, const rbac::Directory& directory) {
  RuleTable<Rule> table;
  for (const Policy& policy : policies) {
    const auto scope = static_cast<std::uint32_t>(table.scopes.size());
    table.scopes.push_back(make_scope(policy, directory));
    for (const Rule& rule : policy.rules) {
      table.rules.push_back({policy.name + "/" + rule.id, &rule, scope, rule.effect, rule.enforce,
                             rule.when.has_value(), !rule.reason.empty(), condition_reads_clock(rule)});
    }
  }
  std::ranges::sort(table.rules, {}, &CompiledRule<Rule>::name);
  return table;
}

}  // namespace portreeve::compile

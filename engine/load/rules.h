// What policies and rules of all domains have in common.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/load/context.h"
#include "engine/load/fields.h"

namespace portreeve::load {

model::Document document_of(const Draft& draft, const Context& context);

// A reference to a document of that kind, reported where there is none.
std::optional<model::Reference> read_reference(const Node& node, Kind kind, Context& context);
std::vector<model::Reference> read_references(const Fields& fields, std::string_view key, Kind kind, Context& context);
std::optional<std::vector<model::Reference>> read_optional_references(const Fields& fields, std::string_view key,
                                                                      Kind kind, Context& context);

// Roles and tenants.
void read_policy_header(const Draft& draft, const Fields& fields, Context& context, model::PolicyHeader& out);

// A rule as it is read: its fields, and its effect where it is known.
struct RuleReader {
  const Fields& fields;
  Context& context;
  std::string name;  // policy/id
  std::optional<model::Effect> effect;

  bool allows() const { return effect == model::Effect::allow; }
  bool denies() const { return effect == model::Effect::deny; }
  void error(std::string_view key, std::string message, std::string help = {}) const {
    context.report.error(fields.at(key), std::move(message), std::move(help));
  }
  void warn(std::string_view key, std::string message, std::string help = {}) const {
    context.report.warn(fields.at(key), std::move(message), std::move(help));
  }
  // Reports those of the keys that are written, if the rule denies.
  void refuse_on_deny(std::initializer_list<std::string_view> keys) const;
  // Reports an allow rule without any of the keys; `targets` names them for the message.
  void require_target(std::initializer_list<std::string_view> keys, std::string_view targets) const;
};

// Id, effect, reason, condition and enforcement; declares the rule's name.
RuleReader read_rule_header(const Fields& fields, const Draft& policy, bool policy_enforced, Context& context,
                            model::RuleHeader& out);

// Reads a policy document: its header, then each rule with `read_rule(rule_reader, rule)`.
template <class Policy, class ReadRule>
Policy read_policy(const Draft& draft, Context& context, ReadRule read_rule) {
  const Object& object = spec_of(draft.kind).spec;
  const Fields fields(*draft.spec, object, context.report);
  Policy policy;
  read_policy_header(draft, fields, context, policy);
  const bool enforced = fields.boolean("enforce").value_or(true);
  const Object& rule_object = *object.fields.back().object;
  const std::vector<const Node*> nodes = fields.list("rules");
  policy.rules.reserve(nodes.size());
  for (const Node* node : nodes) {
    const Fields rule_fields(*node, rule_object, context.report);
    auto& rule = policy.rules.emplace_back();
    const RuleReader reader = read_rule_header(rule_fields, draft, enforced, context, rule);
    read_rule(reader, rule);
  }
  std::ranges::sort(policy.rules, {}, [](const auto& rule) -> const std::string& { return rule.id; });
  return policy;
}

// Patterns of a list field. Absent: nullopt.
std::optional<std::vector<pattern::Pattern>> read_patterns(const Fields& fields, std::string_view key, Report& report);
// HTTP path patterns, in the form that requests are judged in.
std::optional<std::vector<pattern::Pattern>> read_http_paths(const Fields& fields, std::string_view key,
                                                             Report& report);
// Absolute, clean paths of files, as patterns.
std::optional<std::vector<pattern::Pattern>> read_file_paths(const Fields& fields, std::string_view key,
                                                             Report& report);
std::optional<std::vector<std::string>> read_methods(const Fields& fields, std::string_view key, Report& report);

}  // namespace portreeve::load

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/load/rules.h"
#include "engine/wire/request.h"

namespace portreeve::load {
namespace {

// The action and resource types of the three domains: their own policies judge them.
constexpr std::array kReservedTypes = std::to_array<std::string_view>({"endpoint", "secret", "program"});

bool is_reserved_action(std::string_view action) {
  return action.starts_with("egress.") || action == wire::kSecretUse || action == wire::kProcessExec;
}

std::string_view policy_kind(std::string_view reserved) {
  if (reserved.starts_with("egress.") || reserved == "endpoint") return "an EgressPolicy";
  return reserved.starts_with("secret") ? "a SecretPolicy" : "an ExecutionPolicy";
}

void read_resource(const Node& node, const Object& object, Context& context, std::vector<model::ResourceMatch>& out) {
  const Fields fields(node, object, context.report);
  model::ResourceMatch match{fields.text("type").value_or(""), std::nullopt};
  if (std::ranges::find(kReservedTypes, match.type) != kReservedTypes.end()) {
    context.report.error(fields.at("type"), fmt::format("the resource type `{}` is reserved", match.type),
                         fmt::format("write {}", policy_kind(match.type)));
  }
  if (const Node* id = fields.find("id")) {
    auto pattern = pattern::Pattern::parse(id->text);
    if (pattern) {
      match.id = *std::move(pattern);
    } else {
      context.report.error(id->at, std::move(pattern).error().message);
    }
  }
  out.push_back(std::move(match));
}

void read_rule(const RuleReader& rule, model::AccessRule& out) {
  const Fields& fields = rule.fields;
  out.actions = fields.optional_texts("actions");
  for (const Node* node : fields.list("actions")) {
    if (!is_reserved_action(node->text)) continue;
    rule.context.report.error(node->at, fmt::format("the action `{}` is reserved", node->text),
                              fmt::format("write {}", policy_kind(node->text)));
  }
  if (fields.has("resources")) {
    out.resources.emplace();
    const auto& rule_fields = spec_of(Kind::access_policy).spec.fields.back().object->fields;
    const auto field = std::ranges::find(rule_fields, "resources", &Field::key);
    for (const Node* node : fields.list("resources"))
      read_resource(*node, *field->object, rule.context, *out.resources);
  }
  rule.require_target({"resources"}, "`resources`");
}

}  // namespace

void read_access_policy(const Draft& draft, Context& context) {
  context.set.access_policies.push_back(read_policy<model::AccessPolicy>(draft, context, read_rule));
}

}  // namespace portreeve::load

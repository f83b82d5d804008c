#include "tools/portreeve/explain_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/analyze/why_not.h"
#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

// A branch of the tree, printed once all of it is known, since the last one is drawn otherwise.
struct Branch {
  std::string text;
  std::vector<Branch> below = {};
};

void print_below(const Branch& branch, const std::string& indent, Stream& stream) {
  for (std::size_t i = 0; i < branch.below.size(); ++i) {
    const bool last = i + 1 == branch.below.size();
    stream.write(fmt::format("{}{} {}\n", indent, last ? "└─" : "├─", branch.below[i].text));
    print_below(branch.below[i], indent + (last ? "   " : "│  "), stream);
  }
}

Branch subject_branch(const Explained& explained) {
  const wire::Principal& principal = explained.request.principal;
  Branch branch{fmt::format("subject {}", printable(principal.id.empty() ? "nobody known" : principal.id))};
  branch.below.push_back({fmt::format("tenant {}", printable(explained.decision.tenant.value_or("none")))});
  for (const RoleSource& source : role_sources(explained)) {
    branch.below.push_back({fmt::format("role {} ({})", source.role, fmt::join(source.by, ", "))});
  }
  if (explained.decision.roles.empty()) branch.below.push_back({"no role"});
  for (const std::string& constraint : explained.trace.violated_constraints) {
    branch.below.push_back({fmt::format("over constraint {}: it has none of its roles", constraint)});
  }
  return branch;
}

Branch rules_branch(const Explained& explained, const Stream& stream) {
  Branch branch{"rules in force that the question touches"};
  for (const decide::RuleTrace& rule : explained.trace.rules) {
    const bool allow = rule.effect == model::Effect::allow;
    const Colour colour = !rule.matched ? Colour::faint : allow ? Colour::green : Colour::red;
    branch.below.push_back(
        {fmt::format("{} {}: {}", allow ? "allow" : "deny", rule.rule, stream.coloured(colour, outcome_of(rule))),
         {{place_of(explained, rule.rule)}}});
  }
  if (branch.below.empty()) branch.below.push_back({"none"});
  return branch;
}

Branch remedies_branch(const Explained& explained) {
  Branch branch{"to allow it"};
  for (const analyze::Suggestion& suggestion :
       analyze::why_not(explained.snapshot, explained.request, explained.decision)) {
    Branch one{printable(suggestion.text, 1000)};
    if (!suggestion.rule.empty()) one.below.push_back({place_of(explained, suggestion.rule)});
    branch.below.push_back(std::move(one));
  }
  return branch;
}

}  // namespace

void print_explanation(const Explained& explained, Stream& stream) {
  const wire::Decision& decision = explained.decision;
  const wire::Request& request = explained.request;
  const std::string verdict =
      decision.allowed ? stream.coloured(Colour::green, "allow") : stream.coloured(Colour::red, "deny");
  stream.write(fmt::format("{}  {} {}\n", verdict, request.action, printable(request.resource_id)));
  Branch root;
  root.below.push_back({fmt::format("{}: {}", wire::code(decision.reason), wire::meaning(decision.reason))});
  if (!decision.rule_reason.empty()) root.below.back().below.push_back({printable(decision.rule_reason)});
  root.below.push_back(subject_branch(explained));
  root.below.push_back(rules_branch(explained, stream));
  if (!decision.allowed) root.below.push_back(remedies_branch(explained));
  root.below.push_back({fmt::format("at {} by {}", to_rfc3339(request.time), explained.snapshot.revision())});
  print_below(root, "", stream);
}

JsonValue explanation_to_json(const Explained& explained) {
  JsonValue out = to_json(explained);
  JsonValue::Array ways;
  for (const analyze::Suggestion& suggestion :
       analyze::why_not(explained.snapshot, explained.request, explained.decision)) {
    JsonValue way(JsonValue::Object{{"remedy", analyze::to_text(suggestion.remedy)}, {"text", suggestion.text}});
    if (!suggestion.rule.empty()) {
      way.set("rule", suggestion.rule);
      way.set("place", place_of(explained, suggestion.rule));
    }
    if (!suggestion.roles.empty()) way.set("roles", to_json(suggestion.roles));
    if (!suggestion.clauses.empty()) way.set("clauses", to_json(suggestion.clauses));
    ways.push_back(std::move(way));
  }
  out.set("whyNot", std::move(ways));
  return out;
}

}  // namespace portreeve::cli

#include "tools/portreeve/eval_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

std::string_view to_text(decide::Clause clause) {
  switch (clause) {
    case decide::Clause::holds:
      return "holds";
    case decide::Clause::fails:
      return "fails";
    case decide::Clause::unknown:
      return "unknown";
    case decide::Clause::error:
      return "error";
  }
  return "error";
}

std::string_view to_text(model::Effect effect) { return effect == model::Effect::allow ? "allow" : "deny"; }

class Lines {
 public:
  explicit Lines(Stream& stream) : stream_(stream) {}
  // The label stands before the first of the lines that share it.
  void add(std::string_view label, std::string_view text) {
    stream_.write(fmt::format("{} {}\n", padded(label == last_ ? "" : label, kLabel), text));
    last_ = label;
  }

 private:
  static constexpr std::size_t kLabel = 12;
  Stream& stream_;
  std::string last_;
};

void print_rules(const Explained& explained, Detail detail, Lines& lines) {
  for (const std::string& rule : explained.decision.rules) {
    lines.add("rules", fmt::format("{}  {}", rule, place_of(explained, rule)));
  }
  if (explained.decision.dry_run) {
    lines.add("dry run", fmt::format("would be {}: {}", explained.decision.dry_run->allowed ? "allow" : "deny",
                                     fmt::join(explained.decision.dry_run->rules, ", ")));
  }
  if (detail != Detail::every_rule) return;
  if (explained.trace.rules.empty()) lines.add("considered", "no rule: none in force for the subject names the target");
  for (const decide::RuleTrace& rule : explained.trace.rules) {
    lines.add("considered", fmt::format("{} {}  {}  {}", to_text(rule.effect), rule.rule, outcome_of(rule),
                                        place_of(explained, rule.rule)));
  }
}

void print_subject(const Explained& explained, Lines& lines) {
  for (const RoleSource& source : role_sources(explained)) {
    lines.add("roles", fmt::format("{}  ({})", source.role, fmt::join(source.by, ", ")));
  }
  if (explained.decision.roles.empty()) lines.add("roles", "none");
  for (const std::string& constraint : explained.trace.violated_constraints) {
    lines.add("constraint", fmt::format("{}: the subject is over it and has none of its roles", constraint));
  }
  lines.add("tenant", printable(explained.decision.tenant.value_or("none")));
}

JsonValue rules_considered(const Explained& explained) {
  JsonValue::Array out;
  for (const decide::RuleTrace& rule : explained.trace.rules) {
    JsonValue entry(JsonValue::Object{{"rule", rule.rule},
                                      {"effect", to_text(rule.effect)},
                                      {"enforced", rule.enforced},
                                      {"matched", rule.matched},
                                      {"place", place_of(explained, rule.rule)}});
    if (!rule.clause.empty()) {
      entry.set("clause", rule.clause);
      entry.set("state", to_text(rule.state));
    }
    if (!rule.detail.empty()) entry.set("detail", rule.detail);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

// A deny may match because a clause is in error.
std::string outcome_of(const decide::RuleTrace& rule) {
  std::string out = rule.matched ? "matched" : "did not match";
  if (!rule.clause.empty()) out += fmt::format(": `{}` {}", rule.clause, to_text(rule.state));
  if (!rule.detail.empty()) out += fmt::format(" ({})", printable(rule.detail));
  if (!rule.enforced) out += ", a dry run";
  return out;
}

std::string place_of(const Explained& explained, std::string_view rule) {
  const SourcePlace place = explained.snapshot.place_of_rule(rule);
  if (place.line == 0) return {};
  const SourcePlace shown = explained.policies.shown(place);
  return fmt::format("{}:{}:{}", shown.file, shown.line, shown.column);
}

void print(const Explained& explained, Detail detail, Stream& stream) {
  const wire::Decision& decision = explained.decision;
  const wire::Request& request = explained.request;
  Lines lines(stream);
  lines.add("decision",
            decision.allowed ? stream.coloured(Colour::green, "allow") : stream.coloured(Colour::red, "deny"));
  lines.add("question", printable(fmt::format("{} {} {} for {}", request.action, request.resource_type,
                                              request.resource_id, request.principal.id)));
  lines.add("reason", fmt::format("{}: {}", wire::code(decision.reason), wire::meaning(decision.reason)));
  if (!decision.rule_reason.empty()) lines.add("rule reason", printable(decision.rule_reason));
  print_rules(explained, detail, lines);
  const JsonValue obligations = wire::obligations_to_json(decision.obligations);
  if (obligations.as_object() != nullptr && !obligations.as_object()->empty()) {
    for (const auto& [name, value] : *obligations.as_object()) {
      lines.add("obligations", printable(fmt::format("{} {}", name, to_canonical_json(value)), 4000));
    }
  }
  print_subject(explained, lines);
  lines.add("time", to_rfc3339(request.time));
  lines.add("revision", explained.snapshot.revision());
}

JsonValue to_json(const Explained& explained) {
  const wire::Decision& decision = explained.decision;
  JsonValue context(JsonValue::Object{{"reason", wire::code(decision.reason)},
                                      {"rules", to_json(decision.rules)},
                                      {"revision", explained.snapshot.revision()},
                                      {"cacheFor", std::int64_t{decision.cache_for.count()}}});
  if (!decision.rule_reason.empty()) context.set("ruleReason", decision.rule_reason);
  const JsonValue obligations = wire::obligations_to_json(decision.obligations);
  if (!obligations.is_null()) context.set("obligations", obligations);
  if (decision.dry_run) {
    context.set("dryRun", JsonValue(JsonValue::Object{{"decision", decision.dry_run->allowed},
                                                      {"rules", to_json(decision.dry_run->rules)}}));
  }
  JsonValue::Array roles;
  for (const RoleSource& source : role_sources(explained)) {
    roles.push_back(JsonValue::Object{{"role", source.role}, {"by", to_json(source.by)}});
  }
  JsonValue explanation(JsonValue::Object{{"meaning", wire::meaning(decision.reason)},
                                          {"action", explained.request.action},
                                          {"resource", explained.request.resource_id},
                                          {"subject", explained.request.principal.id},
                                          {"time", to_rfc3339(explained.request.time)},
                                          {"roles", std::move(roles)},
                                          {"considered", rules_considered(explained)}});
  if (decision.tenant) explanation.set("tenant", *decision.tenant);
  if (!explained.trace.violated_constraints.empty()) {
    explanation.set("violatedConstraints", to_json(explained.trace.violated_constraints));
  }
  return JsonValue(JsonValue::Object{
      {"decision", decision.allowed}, {"context", std::move(context)}, {"explanation", std::move(explanation)}});
}

}  // namespace portreeve::cli

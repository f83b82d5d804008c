#include "tools/portreeve/eval_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

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
  const wire::Decision& decision = explained.why.decision;
  for (const std::string& rule : decision.rules) {
    lines.add("rules", fmt::format("{}  {}", rule, place_of(explained, rule)));
  }
  if (decision.dry_run) {
    lines.add("dry run", fmt::format("would be {}: {}", decision.dry_run->allowed ? "allow" : "deny",
                                     fmt::join(decision.dry_run->rules, ", ")));
  }
  if (detail != Detail::every_rule) return;
  if (explained.why.rules.empty()) lines.add("considered", "no rule: none in force for the subject names the target");
  for (const analyze::ConsideredRule& rule : explained.why.rules) {
    lines.add("considered", fmt::format("{} {}  {}  {}", to_text(rule.effect), rule.rule, outcome_of(rule),
                                        shown_place(explained, rule.place)));
  }
}

void print_subject(const Explained& explained, Lines& lines) {
  for (const analyze::HeldRole& role : explained.why.roles) {
    std::vector<std::string> origins;
    for (const analyze::RoleOrigin& origin : role.origins) origins.push_back(analyze::to_text(origin));
    lines.add("roles", printable(fmt::format("{}  ({})", role.role, fmt::join(origins, ", ")), 1000));
  }
  if (explained.why.roles.empty()) lines.add("roles", "none");
  for (const analyze::BrokenConstraint& constraint : explained.why.constraints) {
    const bool is_static = constraint.kind == model::ConstraintKind::static_separation;
    lines.add("constraint",
              is_static
                  ? fmt::format("{}: the subject is over it and has none of its roles", constraint.constraint)
                  : fmt::format("{}: the session is over it and has none of its roles; activate at most {} by `scope`",
                                constraint.constraint, constraint.at_most));
  }
  if (!explained.why.token_note.empty()) lines.add("token", printable(explained.why.token_note, 1000));
  lines.add("tenant", printable(explained.why.decision.tenant.value_or("none")));
}

}  // namespace

std::string shown_place(const Explained& explained, const SourcePlace& place) {
  if (place.line == 0) return {};
  const SourcePlace shown = explained.policies.shown(place);
  return fmt::format("{}:{}:{}", shown.file, shown.line, shown.column);
}

std::string place_of(const Explained& explained, std::string_view rule) {
  const auto& rules = explained.why.rules;
  const auto found = std::ranges::find(rules, rule, &analyze::ConsideredRule::rule);
  return found == rules.end() ? std::string() : shown_place(explained, found->place);
}

// A deny may match because a clause is in error.
std::string outcome_of(const analyze::ConsideredRule& rule) {
  std::string out = rule.matched ? "matched" : "did not match";
  if (rule.gap) {
    const analyze::Gap& gap = *rule.gap;
    out += fmt::format(": `{}` {}", gap.clause, analyze::to_text(gap.state));
    std::vector<std::string> more;
    if (!gap.wanted.empty()) more.push_back("the rule says " + gap.wanted);
    if (!gap.asked.empty()) more.push_back("asked was " + gap.asked);
    if (!gap.detail.empty()) more.push_back(gap.detail);
    if (!more.empty()) out += printable(fmt::format(" ({})", fmt::join(more, "; ")), 1000);
  }
  if (rule.of_interpreter) out += ", for the interpreter";
  if (!rule.enforced) out += ", a dry run";
  return out;
}

void print(const Explained& explained, Detail detail, Stream& stream) {
  const analyze::Explanation& why = explained.why;
  const wire::Decision& decision = why.decision;
  Lines lines(stream);
  lines.add("decision",
            decision.allowed ? stream.coloured(Colour::green, "allow") : stream.coloured(Colour::red, "deny"));
  lines.add("question",
            printable(fmt::format("{} {} {} for {}", why.action, why.resource_type, why.resource_id, why.subject_id)));
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
  lines.add("time", to_rfc3339(why.time));
  lines.add("revision", why.revision);
}

JsonValue to_json(const Explained& explained) {
  const wire::Decision& decision = explained.why.decision;
  JsonValue context(JsonValue::Object{{"reason", wire::code(decision.reason)},
                                      {"rules", to_json(decision.rules)},
                                      {"revision", explained.why.revision},
                                      {"cacheFor", std::int64_t{decision.cache_for.count()}}});
  if (!explained.decision_id.empty()) context.set("id", explained.decision_id);
  if (!decision.rule_reason.empty()) context.set("ruleReason", decision.rule_reason);
  const JsonValue obligations = wire::obligations_to_json(decision.obligations);
  if (!obligations.is_null()) context.set("obligations", obligations);
  if (decision.dry_run) {
    context.set("dryRun", JsonValue(JsonValue::Object{{"decision", decision.dry_run->allowed},
                                                      {"rules", to_json(decision.dry_run->rules)}}));
  }
  const std::string& prefix = explained.policies.prefix;
  return JsonValue(
      JsonValue::Object{{"decision", decision.allowed},
                        {"context", std::move(context)},
                        {"meaning", wire::meaning(decision.reason)},
                        {"roles", analyze::to_json(explained.why.roles, prefix)},
                        {"explanation", analyze::to_json(&explained.why, explained.basis, explained.note, prefix)}});
}

}  // namespace portreeve::cli

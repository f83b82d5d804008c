#include "tools/portreeve/explanation_tree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "tools/portreeve/tree.h"

namespace portreeve::cli {
namespace {

using analyze::Explanation;

constexpr std::size_t kMostText = 2000;

std::string safe(std::string_view text) { return printable(text, kMostText); }

void add_place(Branch& branch, const Explained& explained, const SourcePlace& place) {
  if (place.line != 0) branch.add(shown_place(explained, place), Colour::faint);
}

void add_reasons(const Explained& explained, Branch& root) {
  const wire::Decision& decision = explained.why.decision;
  Branch& branch = root.add(fmt::format("{}: {}", wire::code(decision.reason), wire::meaning(decision.reason)));
  if (!decision.rule_reason.empty()) branch.add(safe(fmt::format("“{}”", decision.rule_reason)));
  for (const wire::Reason reason : explained.why.reasons) {
    if (reason == decision.reason) continue;
    branch.add(fmt::format("had that not been, {}: {}", wire::code(reason), wire::meaning(reason)));
  }
  if (decision.dry_run) {
    root.add(fmt::format("with dry runs enforced: {}{}{}", decision.dry_run->allowed ? "allow" : "deny",
                         decision.dry_run->rules.empty() ? "" : " by ", fmt::join(decision.dry_run->rules, ", ")),
             Colour::yellow);
  }
}

std::string idle_text(const analyze::IdleBinding& binding) {
  switch (binding.why) {
    case analyze::IdleBinding::Why::not_started:
      return fmt::format("it starts at {}", to_rfc3339(*binding.at));
    case analyze::IdleBinding::Why::ended:
      return fmt::format("it ended at {}", to_rfc3339(*binding.at));
    case analyze::IdleBinding::Why::other_tenant:
      return fmt::format("it is for {} alone", fmt::join(binding.tenants, ", "));
  }
  return {};
}

void add_subject(const Explained& explained, Branch& root) {
  const Explanation& why = explained.why;
  Branch& branch = root.add(safe("subject " + (why.subject_id.empty() ? "nobody known" : why.subject_id)));
  if (why.decision.reason < wire::Reason::unknown_secret) return;  // no role was looked up
  branch.add(safe("tenant " + why.decision.tenant.value_or("none")));
  for (const analyze::HeldRole& role : why.roles) {
    Branch& held = branch.add("role " + role.role);
    for (const analyze::RoleOrigin& origin : role.origins) {
      std::string text = analyze::to_text(origin);
      if (origin.place.line != 0) text += "  " + shown_place(explained, origin.place);
      if (origin.expires) text += fmt::format(", until {}", to_rfc3339(*origin.expires));
      held.add(safe(text));
    }
  }
  if (why.roles.empty()) branch.add("no role");
  if (!why.inactive.empty()) {
    branch.add(fmt::format("not active in this session: {}", fmt::join(why.inactive, ", ")), Colour::yellow);
  }
  if (!why.token_note.empty()) branch.add(safe(why.token_note), Colour::red);
  for (const analyze::IdleBinding& binding : why.idle_bindings) {
    Branch& idle =
        branch.add(fmt::format("binding {} names it, and gives nothing now: {}", binding.binding, idle_text(binding)),
                   Colour::yellow);
    add_place(idle, explained, binding.place);
  }
  for (const analyze::BrokenConstraint& constraint : why.constraints) {
    const bool is_static = constraint.kind == model::ConstraintKind::static_separation;
    Branch& over = branch.add(
        fmt::format("constraint {} took {}: at most {} of them may {}", constraint.constraint,
                    fmt::join(constraint.roles, ", "), constraint.at_most,
                    is_static ? "meet in one subject" : "be active in one session; activate fewer by `scope`"),
        Colour::red);
    add_place(over, explained, constraint.place);
  }
}

std::string guard_text(const analyze::GuardFinding& finding) {
  static constexpr std::string_view kNouns[] = {"name", "port", "address", "program"};
  std::string text = fmt::format("{} {}: {}, {}", kNouns[static_cast<std::size_t>(finding.what)], finding.value,
                                 wire::code(finding.reason), finding.hard ? "which nothing opens" : "");
  if (finding.hard) return text;
  text += finding.opened ? "opened by InternalService " : "which an InternalService could open";
  if (finding.opened) return text + fmt::format("{}", fmt::join(finding.services, ", "));
  return finding.services.empty() ? text
                                  : text + fmt::format(" ({} lists the name)", fmt::join(finding.services, ", "));
}

void add_guard(const Explained& explained, Branch& root) {
  if (explained.why.guard.empty()) return;
  Branch& branch = root.add("guard");
  for (const analyze::GuardFinding& finding : explained.why.guard) {
    branch.add(safe(guard_text(finding)), finding.opened ? Colour::plain : Colour::red);
  }
}

void add_properties(const Explained& explained, Branch& root) {
  for (const analyze::DeclaredProperties& declared : explained.why.declared) {
    const bool subject = declared.of == analyze::DeclaredProperties::Of::subject;
    Branch& branch = root.add(safe(fmt::format("Entities say of the {}: {}", subject ? "subject" : "resource",
                                               to_canonical_json(declared.applied))));
    if (!declared.overruled.empty())
      branch.add(safe(fmt::format("the question itself states {}", fmt::join(declared.overruled, ", "))));
    add_place(branch, explained, declared.place);
  }
}

void add_rules(const Explained& explained, Branch& root) {
  Branch& branch = root.add("rules in force that the question touches");
  for (const analyze::ConsideredRule& rule : explained.why.rules) {
    const bool allow = rule.effect == model::Effect::allow;
    const Colour colour = !rule.matched ? Colour::faint : allow ? Colour::green : Colour::red;
    Branch& one = branch.add(fmt::format("{} {}: {}", allow ? "allow" : "deny", rule.rule, outcome_of(rule)), colour);
    const bool by_clause = rule.gap && rule.gap->place.line != 0;
    add_place(one, explained, by_clause ? rule.gap->place : rule.place);
  }
  if (branch.below.empty()) branch.add("none");
  if (!explained.why.uncovered.empty()) {
    branch.add(fmt::format("no rule that matched covers {}", fmt::join(explained.why.uncovered, ", ")));
  }
}

void add_obligations(const Explained& explained, Branch& root) {
  const JsonValue obligations = wire::obligations_to_json(explained.why.decision.obligations);
  if (explained.why.obligations.empty()) return;
  Branch& branch = root.add("obligations, merged to the strictest");
  for (const analyze::ObligationOrigin& origin : explained.why.obligations) {
    Branch& one = branch.add(safe(fmt::format("{} {}", origin.name, to_canonical_json(origin.value))));
    for (const auto& source : origin.sources) {
      one.add(safe(fmt::format("{} {}{}  {}", source.rule, source.states.empty() ? "states none" : source.states,
                               source.decides ? "" : ", which is more", shown_place(explained, source.place))),
              source.decides ? Colour::plain : Colour::faint);
    }
  }
}

void add_way(const Explained& explained, const analyze::Suggestion& way, Branch& branch) {
  Branch& one = branch.add(safe(way.text));
  add_place(one, explained, way.place);
  for (std::string_view rest = way.yaml; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    one.block.push_back(safe(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void add_ways(const Explained& explained, Branch& root) {
  if (explained.why.decision.allowed) return;
  const auto& ways = explained.why.why_not;
  const auto is_needed = [](const analyze::Suggestion& way) { return way.needed; };
  const std::size_t needed = static_cast<std::size_t>(std::ranges::count_if(ways, is_needed));
  if (needed > 0) {
    Branch& branch = root.add(needed == 1 ? "what stands in the way" : "what stands in the way, each of it");
    for (const analyze::Suggestion& way : ways) {
      if (way.needed) add_way(explained, way, branch);
    }
  }
  if (needed == ways.size()) return;
  Branch& branch = root.add(needed > 0 ? "and then, to allow it, the nearest first" : "to allow it, the nearest first");
  for (const analyze::Suggestion& way : ways) {
    if (!way.needed) add_way(explained, way, branch);
  }
}

}  // namespace

void print_tree(const Explained& explained, Stream& stream) {
  const Explanation& why = explained.why;
  const std::string verdict =
      why.decision.allowed ? stream.coloured(Colour::green, "allow") : stream.coloured(Colour::red, "deny");
  stream.write(fmt::format("{}  {} {}\n", verdict, safe(why.action), safe(why.resource_id)));
  Branch root;
  add_reasons(explained, root);
  add_subject(explained, root);
  add_guard(explained, root);
  add_properties(explained, root);
  add_rules(explained, root);
  add_obligations(explained, root);
  add_ways(explained, root);
  if (!explained.note.empty()) root.add(safe(explained.note), Colour::yellow);
  root.add(fmt::format("{}at {} by {}", explained.decision_id.empty() ? "" : explained.decision_id + " ",
                       to_rfc3339_millis(why.time), why.revision),
           Colour::faint);
  print_below(root, stream);
}

}  // namespace portreeve::cli

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "engine/analyze/remedies.h"

namespace portreeve::analyze {
namespace {

constexpr std::size_t kFarthest = 2;  // things that may be missing of a rule that is near

// Clauses that say what a rule is about: a rule that fails one of these is about something else, or about a neighbour.
constexpr std::array<std::string_view, 7> kTargets{"hosts",   "cidrs",    "services", "internet",
                                                   "secrets", "programs", "resources"};
bool is_target(std::string_view clause) { return std::ranges::find(kTargets, clause) != kTargets.end(); }

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view unquoted(std::string_view item) {
  const bool quoted = item.size() >= 2 && item.front() == '"' && item.back() == '"';
  return quoted ? item.substr(1, item.size() - 2) : item;
}

// `example.com` of `www.example.com`, `*.example.com`; empty where that would be a single label.
std::string_view domain_of(std::string_view host) {
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view domain = host.substr(dot + 1);
  return domain.find('.') == std::string_view::npos ? std::string_view() : domain;
}

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether a target that the rule does not have is beside one that it has: a host of the same domain, a program of the
// same name, a resource of the same type.
bool is_neighbour(const Inquiry& inquiry, std::string_view clause, const Written& wanted, bool of_interpreter) {
  const std::string is = asked(inquiry.request, clause, of_interpreter);
  const auto beside = [&](std::string_view raw) {
    const std::string_view item = unquoted(raw);
    if (clause == "hosts") return !domain_of(is).empty() && domain_of(item) == domain_of(is);
    if (clause == "programs") return name_in(item) == name_in(is.substr(0, is.find(' ')));
    if (clause == "resources") return item.find("type: " + inquiry.request.resource_type) != std::string_view::npos;
    return false;
  };
  return std::ranges::any_of(wanted.items, beside);
}

// What a rule lacks.
struct Lacks {
  bool role = false, tenant = false, enforcement = false;
  bool neighbour = false;  // its target, or what is done to it, is one beside the question's
  std::size_t count = 0;
};

std::optional<Lacks> lacks(const Inquiry& inquiry, const Explanation& explanation, const decide::RuleSurvey& rule,
                           bool of_interpreter) {
  Lacks out;
  out.tenant = !rule.tenant_fits;
  out.role = !rule.in_scope && !rule.roles.empty() && std::ranges::none_of(rule.roles, [&](std::string_view role) {
    return contains(explanation.decision.roles, role);
  });
  out.enforcement = !rule.enforced;
  out.count = rule.failing.size() + out.role + out.tenant + out.enforcement;
  if (out.count == 0 || out.count > kFarthest) return std::nullopt;
  for (const auto& failing : rule.failing) {
    out.neighbour |= failing.clause == "actions";
    if (!is_target(failing.clause)) continue;
    const auto hosts = inquiry.text.of_rule(rule.place, "hosts");
    if (failing.clause == "cidrs" && hosts) continue;  // it narrows the hosts, which are the question's
    const auto wanted = inquiry.text.of_rule(rule.place, failing.clause);
    if (!wanted || !is_neighbour(inquiry, failing.clause, *wanted, of_interpreter)) return std::nullopt;
    out.neighbour = true;
  }
  if (out.neighbour && out.count > 1) return std::nullopt;  // another target and something else: another rule
  return out;
}

// The file that was opened: what a rule goes by where a link on the way could be changed.
std::string opened(const Inquiry& inquiry, bool of_interpreter) {
  const auto& exec = std::get<wire::ExecQuestion>(inquiry.request.question);
  const wire::ProgramFile& program = of_interpreter ? *exec.interpreter : exec.program;
  return program.file.value_or(program.path);
}

// The list with one more element, or the element alone; empty where the clause is no list of such.
std::string extended_clause(const Inquiry& inquiry, const decide::RuleSurvey& rule, const Gap& gap,
                            bool of_interpreter) {
  static constexpr std::array<std::string_view, 8> kLists{"hosts", "ports", "protocols", "methods",
                                                          "paths", "uses",  "models",    "users"};
  if (gap.clause == "terminal") return gap.state == decide::Clause::fails ? "terminal: true" : "";
  const bool is_list = std::ranges::find(kLists, gap.clause) != kLists.end() || gap.clause == "cwd" ||
                       gap.clause == "actions" || gap.clause == "programs";
  if (!is_list || gap.asked.empty() || gap.state != decide::Clause::fails) return {};
  std::string one = gap.asked == "connect" && gap.clause == "protocols" ? "tls" : gap.asked;
  if (gap.clause == "programs") one = opened(inquiry, of_interpreter);
  if (gap.clause != "ports") one = yaml_text(one);
  std::vector<std::string> items;
  if (const auto written = inquiry.text.of_rule(rule.place, gap.clause)) {
    items = written->items;
    if (items.empty()) items.push_back(yaml_text(written->text));
  } else if (gap.clause == "ports") {
    items.emplace_back(inquiry.text.of_rule(rule.place, "protocols") ? "" : "443");
  } else if (gap.clause == "protocols") {
    items.emplace_back("tls");
  }
  std::erase(items, "");
  items.push_back(std::move(one));
  return fmt::format("{}: {}", gap.clause, yaml_list(items));
}

std::string gap_text(const Gap& gap) {
  std::string wanted = gap.wanted.empty() ? std::string() : fmt::format(" says {}", gap.wanted);
  if (gap.clause == "when") {
    const std::string told = gap.detail.empty() ? "" : fmt::format(" ({})", gap.detail);
    return gap.wanted.empty() ? fmt::format("its condition held{}", told)
                              : fmt::format("its condition held: `{}`{}", gap.wanted, told);
  }
  if (gap.clause == "terminal") return "it granted a terminal";
  if (wanted.empty()) {
    if (gap.clause == "ports") wanted = " leaves 443 for tls, 80 for http";
    if (gap.clause == "protocols") wanted = " leaves tls";
  }
  const std::string told = wanted.empty() ? "" : fmt::format(" (the rule{})", wanted);
  if (gap.state == decide::Clause::error && gap.asked.empty()) {
    return fmt::format("the question stated what `{}` reads{}", gap.clause, told);
  }
  if (gap.state != decide::Clause::fails) return fmt::format("`{}` could be told{}", gap.clause, told);
  return fmt::format("its `{}` had {}{}", gap.clause, gap.asked, told);
}

std::string subject_text(const Inquiry& inquiry, const model::BindingSubject& subject) {
  const bool several = inquiry.snapshot.documents().identity_providers.size() > 1;
  const std::string of = several ? " of " + subject.issuer : std::string();
  if (const auto* const user = std::get_if<model::BoundUser>(&subject.who)) return "user " + user->sub + of;
  if (const auto* const group = std::get_if<model::BoundGroup>(&subject.who)) return "group " + group->group + of;
  const auto& claim = std::get<model::BoundClaim>(subject.who);
  return fmt::format("claim {} = {}{}", fmt::join(claim.path.segments, "."), to_canonical_json(claim.equals), of);
}

// `binding coders gives it to group /agents/coding`, for the first binding that does.
std::string binding_text(const Inquiry& inquiry, const std::vector<std::string>& roles, Suggestion& out) {
  std::string text;
  for (const model::RoleBinding& binding : inquiry.snapshot.documents().role_bindings) {
    std::vector<std::string> names;
    for (const model::Reference& role : binding.roles) names.push_back(role.name);
    const std::vector<std::string> given = closure(inquiry.snapshot, names);
    if (std::ranges::none_of(roles, [&](const std::string& role) { return contains(given, role); })) continue;
    out.bindings.push_back(binding.name);
    if (!text.empty()) continue;
    std::vector<std::string> whom;
    for (const model::BindingSubject& subject : binding.subjects) whom.push_back(subject_text(inquiry, subject));
    text = fmt::format(" (binding {} gives it to {})", binding.name, fmt::join(whom, ", "));
  }
  return text;
}

// A binding of the subject that would give one of the roles, and a constraint that took one of them.
const IdleBinding* idle_binding(const Explanation& explanation, const std::vector<std::string>& roles) {
  const auto gives = [&](const IdleBinding& binding) {
    return std::ranges::any_of(roles, [&](const std::string& role) { return contains(binding.roles, role); });
  };
  const auto at = std::ranges::find_if(explanation.idle_bindings, gives);
  return at == explanation.idle_bindings.end() ? nullptr : &*at;
}
const BrokenConstraint* taken_by(const Explanation& explanation, const std::vector<std::string>& roles) {
  const auto took = [&](const BrokenConstraint& constraint) {
    return std::ranges::any_of(roles, [&](const std::string& role) { return contains(constraint.roles, role); });
  };
  const auto at = std::ranges::find_if(explanation.constraints, took);
  return at == explanation.constraints.end() ? nullptr : &*at;
}

std::string idle_text(const IdleBinding& binding) {
  switch (binding.why) {
    case IdleBinding::Why::not_started:
      return fmt::format("binding {} were in force: it starts at {}", binding.binding, to_rfc3339(*binding.at));
    case IdleBinding::Why::ended:
      return fmt::format("binding {} were in force: it ended at {}", binding.binding, to_rfc3339(*binding.at));
    case IdleBinding::Why::other_tenant:
      return fmt::format("binding {} were for the subject's tenant: it is for {}", binding.binding,
                         fmt::join(binding.tenants, ", "));
  }
  return {};
}

std::string binding_yaml(const Inquiry& inquiry, const std::string& role) {
  const wire::Principal& principal = inquiry.request.principal;
  const std::string prefix = principal.provider + "/";
  const bool known = principal.type == "user" && inquiry.snapshot.directory().provider(principal.provider) != nullptr;
  if (!known || !principal.id.starts_with(prefix)) return {};
  const std::string sub = principal.id.substr(prefix.size());
  return fmt::format(
      "apiVersion: portreeve/v1\nkind: RoleBinding\nmetadata: {{ name: {} }}\nspec:\n  roles: [{}]\n  subjects: [{{ "
      "issuer: {}, user: {} }}]\n",
      name_for(role + "-" + sub), role, principal.provider, yaml_text(sub));
}

// The first deny rule that the role would bring with it, and that matches the question; empty where there is none.
std::string_view deny_of_role(const Inquiry& inquiry, const std::string& role) {
  const std::vector<std::string> given = closure(inquiry.snapshot, {role});
  const auto comes = [&](const decide::RuleSurvey& rule) {
    const bool would = rule.effect == model::Effect::deny && rule.enforced && rule.matched && rule.tenant_fits;
    return would && !rule.in_scope &&
           std::ranges::any_of(rule.roles, [&](std::string_view its) { return contains(given, its); });
  };
  for (const auto* rules : {&inquiry.rules, &inquiry.interpreter}) {
    const auto deny = std::ranges::find_if(*rules, comes);
    if (deny != rules->end()) return deny->rule;
  }
  return {};
}

// The constraint that would take the role again, with those that the subject has; empty where none would.
std::string_view constraint_on_role(const Inquiry& inquiry, const Explanation& explanation, const std::string& role) {
  std::vector<std::string> held = closure(inquiry.snapshot, {role});
  held.insert(held.end(), explanation.decision.roles.begin(), explanation.decision.roles.end());
  for (const BrokenConstraint& broken : explanation.constraints) {
    held.insert(held.end(), broken.roles.begin(), broken.roles.end());
  }
  for (const model::RoleConstraint& constraint : inquiry.snapshot.documents().role_constraints) {
    const auto of = [&](const model::Reference& member) { return contains(held, member.name); };
    const auto is_role = [&](const model::Reference& member) { return member.name == role; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(constraint.roles, of));
    if (count > constraint.at_most && std::ranges::any_of(constraint.roles, is_role)) return constraint.name;
  }
  return {};
}

// What the subject lacks of the rule's roles, as a part of the sentence; the remedy where nothing else is lacking.
std::string role_text(const Inquiry& inquiry, const Explanation& explanation, Suggestion& out) {
  if (const BrokenConstraint* const constraint = taken_by(explanation, out.roles)) {
    out.remedy = Remedy::settle_constraint;
    out.place = constraint->place;
    return fmt::format("constraint {} had not taken the role: at most {} of {} go together", constraint->constraint,
                       constraint->at_most, fmt::join(constraint->roles, ", "));
  }
  const auto inactive =
      std::ranges::find_if(out.roles, [&](const std::string& role) { return contains(explanation.inactive, role); });
  if (inactive != out.roles.end()) {
    out.remedy = Remedy::activate_role;
    return fmt::format("the session had role `{}` active, which its subject is authorised for", *inactive);
  }
  if (const IdleBinding* const binding = idle_binding(explanation, out.roles)) {
    out.remedy = Remedy::extend_binding;
    out.place = binding->place;
    out.bindings = {binding->binding};
    return idle_text(*binding);
  }
  out.remedy = Remedy::give_role;
  const std::string bindings = binding_text(inquiry, out.roles, out);
  out.yaml = binding_yaml(inquiry, out.roles.front());
  const std::string whose = explanation.subject_id.empty() ? "the subject" : explanation.subject_id;
  if (out.roles.size() == 1) return fmt::format("{} had the role `{}`{}", whose, out.roles[0], bindings);
  return fmt::format("{} had one of the roles {}{}", whose, fmt::join(out.roles, ", "), bindings);
}

std::string tenant_text(const Inquiry& inquiry, const Explanation& explanation, const decide::RuleSurvey& rule) {
  const auto tenants = inquiry.text.of_policy(rule.place, "tenants");
  return fmt::format("the policy were for the subject's tenant, {}{}",
                     explanation.decision.tenant ? *explanation.decision.tenant : std::string("which it has none of"),
                     tenants ? fmt::format(" (it is for {})", tenants->text) : std::string());
}

Suggestion suggestion(const Inquiry& inquiry, const Explanation& explanation, const decide::RuleSurvey& rule,
                      const Lacks& lacks, bool of_interpreter) {
  Suggestion out;
  out.rule = rule.rule;
  out.place = rule.place;
  out.changes = lacks.count;
  for (const std::string_view role : rule.roles) out.roles.emplace_back(role);
  std::vector<std::string> parts;
  for (const auto& failing : rule.failing) {
    out.gaps.push_back(gap_of(inquiry, rule.place, failing, of_interpreter));
    parts.push_back(gap_text(out.gaps.back()));
  }
  if (lacks.enforcement) {
    out.remedy = Remedy::enforce_rule;
    parts.emplace_back("it were enforced: it is a dry run");
  }
  if (lacks.tenant) {
    out.remedy = Remedy::give_tenant;
    parts.push_back(tenant_text(inquiry, explanation, rule));
  }
  if (lacks.role) parts.push_back(role_text(inquiry, explanation, out));
  if (!out.gaps.empty()) {
    out.remedy = Remedy::change_clause;
    out.place = rule.place;
    out.yaml = out.gaps.size() == 1 ? extended_clause(inquiry, rule, out.gaps[0], of_interpreter) : std::string();
  }
  if (!lacks.role) out.roles.clear();
  if (lacks.count > 1 && out.remedy != Remedy::change_clause) out.yaml.clear();
  const std::string_view what = inquiry.interpreter.empty() ? "it" : of_interpreter ? "the interpreter" : "the script";
  out.text = fmt::format("{} would allow {} if {}", rule.rule, what, fmt::join(parts, ", and if "));
  if (out.remedy != Remedy::give_role) return out;
  if (const auto& session = inquiry.request.principal.session; session && session->roles) {
    out.text += "; its session would have to activate that role too";
    ++out.changes;
  }
  if (const std::string_view deny = deny_of_role(inquiry, out.roles.front()); !deny.empty()) {
    out.text += fmt::format("; but that role brings {} with it, which denies", deny);
    ++out.changes;
  }
  if (const auto constraint = constraint_on_role(inquiry, explanation, out.roles.front()); !constraint.empty()) {
    out.text += fmt::format("; but constraint {} would take that role, beside those it has", constraint);
    ++out.changes;
  }
  return out;
}

}  // namespace

void near_rules(const Inquiry& inquiry, const Explanation& explanation, bool of_interpreter, bool by_service,
                std::vector<Suggestion>& out) {
  struct Near {
    Suggestion suggestion;
    bool neighbour;
  };
  std::vector<Near> found;
  for (const decide::RuleSurvey& rule : of_interpreter ? inquiry.interpreter : inquiry.rules) {
    if (rule.effect != model::Effect::allow) continue;
    if (by_service && !inquiry.text.of_rule(rule.place, "services")) continue;
    const auto missing = lacks(inquiry, explanation, rule, of_interpreter);
    if (missing)
      found.push_back({suggestion(inquiry, explanation, rule, *missing, of_interpreter), missing->neighbour});
  }
  const bool nearer =
      std::ranges::any_of(found, [](const Near& near) { return !near.neighbour && near.suggestion.changes == 1; });
  if (nearer) std::erase_if(found, [](const Near& near) { return near.neighbour; });
  std::ranges::stable_sort(found, {}, [](const Near& near) {
    return std::tuple(near.suggestion.changes, near.neighbour, near.suggestion.remedy);
  });
  for (Near& near : found) out.push_back(std::move(near.suggestion));
}

}  // namespace portreeve::analyze

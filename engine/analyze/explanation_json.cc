#include <fmt/format.h>

#include "engine/analyze/explanation.h"

namespace portreeve::analyze {
namespace {

JsonValue texts(const std::vector<std::string>& from) { return JsonValue::Array(from.begin(), from.end()); }

void set_place(JsonValue& object, const SourcePlace& place, std::string_view prefix) {
  if (place.line == 0) return;
  object.set("file", std::string(prefix) + place.file);
  object.set("line", std::int64_t{place.line});
  object.set("column", std::int64_t{place.column});
}

void set_text(JsonValue& object, std::string_view name, std::string_view value) {
  if (!value.empty()) object.set(name, value);
}

void set_gap(JsonValue& object, const Gap& gap) {
  object.set("clause", gap.clause);
  object.set("state", to_text(gap.state));
  set_text(object, "wanted", gap.wanted);
  set_text(object, "asked", gap.asked);
  set_text(object, "detail", gap.detail);
  if (gap.place.line == 0) return;
  object.set("clauseLine", std::int64_t{gap.place.line});
  object.set("clauseColumn", std::int64_t{gap.place.column});
}

std::string_view to_text(model::Effect effect) { return effect == model::Effect::allow ? "allow" : "deny"; }

JsonValue to_json(const ConsideredRule& rule, std::string_view prefix) {
  JsonValue out = JsonValue::Object{
      {"effect", to_text(rule.effect)}, {"enforced", rule.enforced}, {"matched", rule.matched}, {"rule", rule.rule}};
  set_place(out, rule.place, prefix);
  if (rule.of_interpreter) out.set("ofInterpreter", true);
  if (rule.gap) set_gap(out, *rule.gap);
  return out;
}

JsonValue to_json(const RoleOrigin& origin, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"text", to_text(origin)}};
  switch (origin.kind) {
    case RoleOrigin::Kind::binding:
      out.set("binding", origin.name);
      set_text(out, "through", origin.through);
      break;
    case RoleOrigin::Kind::claim:
      out.set("claim", origin.name);
      break;
    case RoleOrigin::Kind::inherited:
      out.set("inheritedBy", origin.name);
      break;
  }
  set_place(out, origin.place, prefix);
  if (origin.expires) out.set("expires", to_rfc3339(*origin.expires));
  return out;
}

JsonValue to_json(const IdleBinding& binding, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"binding", binding.binding}, {"roles", texts(binding.roles)}};
  switch (binding.why) {
    case IdleBinding::Why::not_started:
      out.set("why", "not-started");
      break;
    case IdleBinding::Why::ended:
      out.set("why", "ended");
      break;
    case IdleBinding::Why::other_tenant:
      out.set("why", "other-tenant");
      break;
  }
  if (binding.at) out.set("at", to_rfc3339(*binding.at));
  if (!binding.tenants.empty()) out.set("tenants", texts(binding.tenants));
  set_place(out, binding.place, prefix);
  return out;
}

std::string_view to_text(model::ConstraintKind kind) {
  return kind == model::ConstraintKind::static_separation ? "static" : "dynamic";
}

JsonValue to_json(const BrokenConstraint& constraint, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"constraint", constraint.constraint},
                                    {"kind", to_text(constraint.kind)},
                                    {"atMost", static_cast<std::int64_t>(constraint.at_most)},
                                    {"roles", texts(constraint.roles)}};
  set_place(out, constraint.place, prefix);
  return out;
}

JsonValue to_json(const GuardFinding& finding) {
  JsonValue out = JsonValue::Object{{"code", wire::code(finding.reason)},
                                    {"meaning", wire::meaning(finding.reason)},
                                    {"opened", finding.opened},
                                    {"tier", finding.hard ? "hard" : "soft"},
                                    {"value", finding.value},
                                    {"what", to_text(finding.what)}};
  if (!finding.services.empty()) out.set("services", texts(finding.services));
  return out;
}

JsonValue to_json(const DeclaredProperties& declared, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"of", declared.of == DeclaredProperties::Of::subject ? "subject" : "resource"},
                                    {"applied", declared.applied}};
  if (!declared.overruled.empty()) out.set("overruled", texts(declared.overruled));
  set_place(out, declared.place, prefix);
  return out;
}

JsonValue to_json(const ObligationOrigin& origin, std::string_view prefix) {
  JsonValue::Array sources;
  for (const ObligationOrigin::Source& source : origin.sources) {
    JsonValue one = JsonValue::Object{{"decides", source.decides}, {"rule", source.rule}};
    set_text(one, "states", source.states);
    set_place(one, source.place, prefix);
    sources.push_back(std::move(one));
  }
  return JsonValue::Object{{"name", origin.name}, {"value", origin.value}, {"sources", std::move(sources)}};
}

JsonValue to_json(const Suggestion& way, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"remedy", to_text(way.remedy)}, {"needed", way.needed}, {"text", way.text}};
  if (!way.needed) out.set("changes", static_cast<std::int64_t>(way.changes));
  set_text(out, "rule", way.rule);
  set_place(out, way.place, prefix);
  if (!way.roles.empty()) out.set("roles", texts(way.roles));
  if (!way.bindings.empty()) out.set("bindings", texts(way.bindings));
  if (!way.gaps.empty()) {
    JsonValue::Array clauses;
    for (const Gap& gap : way.gaps) {
      JsonValue one{JsonValue::Object{}};
      set_gap(one, gap);
      clauses.push_back(std::move(one));
    }
    out.set("clauses", std::move(clauses));
  }
  set_text(out, "yaml", way.yaml);
  return out;
}

template <class Part, class... More>
JsonValue list(const std::vector<Part>& parts, const More&... more) {
  JsonValue::Array out;
  for (const Part& part : parts) out.push_back(to_json(part, more...));
  return out;
}

template <class Part, class... More>
void set_list(JsonValue& object, std::string_view name, const std::vector<Part>& parts, const More&... more) {
  if (!parts.empty()) object.set(name, list(parts, more...));
}

std::string_view to_text(Basis basis) {
  switch (basis) {
    case Basis::replayed:
      return "replayed";
    case Basis::differs:
      return "differs";
    case Basis::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

}  // namespace

std::string_view to_text(GuardFinding::What what) {
  switch (what) {
    case GuardFinding::What::name:
      return "name";
    case GuardFinding::What::port:
      return "port";
    case GuardFinding::What::address:
      return "address";
    case GuardFinding::What::program:
      return "program";
  }
  return "address";
}

std::string_view to_text(decide::Clause state) {
  switch (state) {
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

JsonValue to_json(const std::vector<HeldRole>& roles, std::string_view prefix) {
  JsonValue::Array out;
  for (const HeldRole& role : roles) {
    out.push_back(JsonValue::Object{
        {"bindings", texts(role.bindings)}, {"role", role.role}, {"sources", list(role.origins, prefix)}});
  }
  return out;
}

JsonValue to_json(const Explanation* explanation, Basis basis, std::string_view note, std::string_view prefix) {
  JsonValue out = JsonValue::Object{{"basis", to_text(basis)}, {"rules", JsonValue::Array{}}};
  set_text(out, "note", note);
  if (explanation == nullptr) return out;
  JsonValue::Array reasons;
  for (const wire::Reason reason : explanation->reasons) reasons.emplace_back(wire::code(reason));
  JsonValue::Array violated;
  for (const BrokenConstraint& constraint : explanation->constraints) violated.emplace_back(constraint.constraint);
  out.set("action", explanation->action);
  out.set("resource", explanation->resource_id);
  out.set("subject", explanation->subject_id);
  if (explanation->decision.tenant) out.set("tenant", *explanation->decision.tenant);
  out.set("time", to_rfc3339(explanation->time));
  out.set("reasons", std::move(reasons));
  out.set("rules", list(explanation->rules, prefix));
  out.set("bindings", texts(explanation->bindings));
  out.set("violatedConstraints", std::move(violated));
  if (!explanation->inactive.empty()) out.set("inactiveRoles", texts(explanation->inactive));
  set_text(out, "tokenNote", explanation->token_note);
  set_list(out, "constraints", explanation->constraints, prefix);
  set_list(out, "idleBindings", explanation->idle_bindings, prefix);
  set_list(out, "guard", explanation->guard);
  if (!explanation->uncovered.empty()) out.set("uncovered", texts(explanation->uncovered));
  set_list(out, "properties", explanation->declared, prefix);
  set_list(out, "obligations", explanation->obligations, prefix);
  set_list(out, "whyNot", explanation->why_not, prefix);
  return out;
}

}  // namespace portreeve::analyze

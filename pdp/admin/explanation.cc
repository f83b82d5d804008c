#include "pdp/admin/explanation.h"

#include <algorithm>
#include <set>

#include "engine/reader/request_reader.h"
#include "pdp/admin/authorizer.h"
#include "storage/sessions/principal.h"

namespace portreeve::pdp {
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

// The question as a gate would ask it. A record keeps an interpreter's path only.
JsonValue question_body(const wire::DecisionRecord& record) {
  JsonValue resource = JsonValue::Object{{"id", record.resource.id}, {"type", record.resource.type}};
  if (record.resource.properties.as_object() != nullptr) {
    JsonValue properties = record.resource.properties;
    if (const JsonValue* const interpreter = properties.find("interpreter")) {
      properties.set("interpreter", JsonValue::Object{{"path", *interpreter}});
    }
    resource.set("properties", std::move(properties));
  }
  return JsonValue::Object{
      {"action", JsonValue::Object{{"name", record.action}}},
      {"resource", std::move(resource)},
      {"subject", JsonValue::Object{{"id", record.subject.id}, {"type", record.subject.type}}},
  };
}

Result<wire::Principal> principal_of(const wire::DecisionRecord& record, const Revocations& sessions) {
  if (!record.session.empty()) {
    const auto session = sessions.find(record.session);
    if (!session) return fail("its session is no longer stored");
    return storage::principal_of(**session, (*session)->expires);
  }
  if (record.pep == kAdminPep) return fail("the claims that this person had at that moment are not kept");
  wire::Principal principal;
  principal.assurance = wire::Assurance::asserted;
  principal.type = record.subject.type;
  principal.id = record.subject.id;
  if (principal.type == "user") principal.provider = principal.id.substr(0, principal.id.find('/'));
  return principal;
}

// Reasons that are given before any policy is looked at.
bool is_about_identity(std::string_view code) {
  const auto reason = wire::reason_from_code(code);
  return reason && *reason <= wire::Reason::tenant_mismatch;
}

// The roles that a binding gives, with all they inherit.
std::set<std::string_view> closure(const compile::Snapshot& snapshot, const model::RoleBinding& binding) {
  std::set<std::string_view> roles;
  std::vector<std::string_view> waiting;
  for (const model::Reference& role : binding.roles) waiting.push_back(role.name);
  while (!waiting.empty()) {
    const std::string_view name = waiting.back();
    waiting.pop_back();
    if (!roles.insert(name).second) continue;
    const auto role = std::ranges::find(snapshot.documents().roles, name, &model::Role::name);
    if (role == snapshot.documents().roles.end()) continue;
    for (const model::Reference& inherited : role->inherits) waiting.push_back(inherited.name);
  }
  return roles;
}

JsonValue texts(const std::vector<std::string>& from) { return JsonValue::Array(from.begin(), from.end()); }

}  // namespace

Result<Judged> judge_again(const wire::DecisionRecord& record, const PolicyRevision& revision,
                           const Revocations& sessions) {
  if (is_about_identity(record.reason)) return fail("who asks was not accepted, so that no policy was looked at");
  TRY_ASSIGN(wire::Principal principal, principal_of(record, sessions));
  auto question = reader::read_question(question_body(record));
  if (!question) return fail("the record does not hold the whole question: " + question.error().message);
  wire::Request& request = question->request;
  request.principal = std::move(principal);
  request.time = record.time;
  Judged judged;
  judged.decision = decide::decide(*revision.snapshot, request, &judged.trace);
  return judged;
}

JsonValue explanation_json(std::string_view basis, std::string_view note, const decide::Trace* trace) {
  JsonValue out = JsonValue::Object{{"basis", basis}, {"rules", JsonValue::Array{}}};
  if (!note.empty()) out.set("note", note);
  if (trace == nullptr) return out;
  JsonValue::Array rules;
  for (const decide::RuleTrace& rule : trace->rules) {
    JsonValue row = JsonValue::Object{{"effect", rule.effect == model::Effect::allow ? "allow" : "deny"},
                                      {"enforced", rule.enforced},
                                      {"matched", rule.matched},
                                      {"rule", rule.rule}};
    if (!rule.clause.empty()) {
      row.set("clause", rule.clause);
      row.set("state", to_text(rule.state));
    }
    if (!rule.detail.empty()) row.set("detail", rule.detail);
    rules.push_back(std::move(row));
  }
  out.set("rules", std::move(rules));
  out.set("bindings", texts(trace->bindings));
  out.set("violatedConstraints", texts(trace->violated_constraints));
  return out;
}

JsonValue role_sources(const std::vector<std::string>& roles, const compile::Snapshot& snapshot,
                       const std::vector<std::string>& bindings) {
  std::vector<std::pair<std::string_view, std::set<std::string_view>>> given;
  for (const model::RoleBinding& binding : snapshot.documents().role_bindings) {
    if (std::ranges::find(bindings, binding.name) == bindings.end()) continue;
    given.emplace_back(binding.name, closure(snapshot, binding));
  }
  JsonValue::Array out;
  for (const std::string& role : roles) {
    JsonValue::Array sources;
    for (const auto& [binding, closed] : given) {
      if (closed.contains(role)) sources.emplace_back(binding);
    }
    out.push_back(JsonValue::Object{{"bindings", std::move(sources)}, {"role", role}});
  }
  return out;
}

JsonValue to_json(const std::vector<PolicyExcerpt>& excerpts) {
  JsonValue::Array out;
  for (const PolicyExcerpt& excerpt : excerpts) {
    out.push_back(JsonValue::Object{{"file", excerpt.file},
                                    {"firstLine", static_cast<std::int64_t>(excerpt.first_line)},
                                    {"lastLine", static_cast<std::int64_t>(excerpt.last_line)},
                                    {"line", static_cast<std::int64_t>(excerpt.line)},
                                    {"rule", excerpt.rule},
                                    {"text", excerpt.text}});
  }
  return out;
}

}  // namespace portreeve::pdp

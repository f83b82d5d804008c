// What a rule's `when` sees of the request.
#include <algorithm>
#include <optional>

#include "engine/cel/cel.h"
#include "engine/cel/policy_environment.h"
#include "engine/reference/judgement.h"

namespace portreeve::reference {
namespace {

using cel::Value;

// Properties that Entities declare, under those that the request gives (a given null stands, too), less what cannot be
// said yet.
class Properties final : public cel::HostMap {
 public:
  Properties(const JsonValue& declared, const JsonValue& given, std::vector<std::string> unsaid)
      : unsaid_(std::move(unsaid)) {
    for (const JsonValue* layer : {&declared, &given}) {
      const auto* members = layer->as_object();
      if (!members) continue;
      for (const auto& [key, value] : *members) {
        if (!holds(unsaid_, key)) merged_.set(key, value);
      }
    }
  }

  std::optional<Value> find(std::string_view key) const override {
    if (holds(unsaid_, key)) return Value::unknown(cel::policy::kResourceProperties);
    const JsonValue* value = merged_.find(key);
    return value ? std::optional(Value::of(*value)) : std::nullopt;
  }
  std::size_t size() const override { return merged_.as_object()->size(); }
  cel::MapEntry entry(std::size_t i) const override {
    const auto& [key, value] = (*merged_.as_object())[i];
    return {Value::of(std::string_view(key)), Value::of(value)};
  }
  bool partly_unknown() const override { return !unsaid_.empty(); }

 private:
  JsonValue merged_{JsonValue::Object{}};
  std::vector<std::string> unsaid_;
};

JsonValue declared(const std::vector<model::Entities>& documents, std::vector<model::Entity> model::Entities::*kind,
                   std::string_view type, std::string_view id) {
  for (const model::Entities& document : documents) {
    for (const model::Entity& entity : document.*kind) {
      if (entity.type == type && entity.id == id) return entity.properties;
    }
  }
  return {};
}

// Only at egress.resolve is anything unknown; the address of an address target is known even there (§2).
std::vector<std::string> unsaid(const wire::Request& request) {
  const auto* egress = std::get_if<wire::EgressQuestion>(&request.question);
  if (!egress || egress->stage != wire::EgressStage::resolve) return {};
  std::vector<std::string> keys = {"sni", "method", "path"};
  if (std::holds_alternative<net::HostName>(egress->host)) keys.push_back("addresses");
  return keys;
}

JsonValue stated_properties(const wire::Principal& principal) {
  return principal.assurance == wire::Assurance::asserted ? principal.properties : JsonValue();
}

class Facts final : public cel::Activation {
 public:
  explicit Facts(const Asked& asked)
      : request_(asked.request),
        subject_(asked.subject),
        subject_properties_(
            declared(asked.set.entities, &model::Entities::subjects, request_.principal.type, request_.principal.id),
            stated_properties(request_.principal), {}),
        resource_properties_(
            declared(asked.set.entities, &model::Entities::resources, request_.resource_type, request_.resource_id),
            request_.resource_properties, unsaid(request_)) {}

  Value attribute(cel::AttributeId id) const override {
    using namespace cel::policy;
    const wire::Principal& principal = request_.principal;
    if (id == kSubjectType) return Value::of(std::string_view(principal.type));
    if (id == kSubjectId) return Value::of(std::string_view(principal.id));
    if (id == kSubjectGroups) return Value::list(std::span<const std::string>(subject_.groups));
    if (id == kSubjectRoles) return Value::list(std::span<const std::string>(subject_.roles));
    if (id == kSubjectTenant) return text(subject_.tenant);
    if (id == kSubjectClaims) return members(principal.claims);
    if (id == kSubjectProperties) return Value::map(subject_properties_);
    if (id == kSessionId) return principal.session ? text(principal.session->id) : Value::absent();
    if (id == kSessionAge) return age();
    if (id == kSessionTrust) return trust();
    if (id == kSessionLabels)
      return principal.session ? Value::map(std::span(principal.session->labels)) : Value::absent();
    if (id == kActionName) return Value::of(std::string_view(request_.action));
    if (id == kActionProperties) return members(request_.action_properties);
    if (id == kResourceType) return Value::of(std::string_view(request_.resource_type));
    if (id == kResourceId) return Value::of(std::string_view(request_.resource_id));
    if (id == kResourceProperties) return Value::map(resource_properties_);
    if (id == kRequestTime) return Value::of(request_.time);
    if (id == kRequestSource) return text(request_.source);
    if (id == kContext) return members(request_.context);
    return Value::absent();
  }

 private:
  // Borrows, as every Value does; so nothing is made into an optional on the way.
  static Value text(const std::string& given) { return Value::of(std::string_view(given)); }
  static Value text(const std::optional<std::string>& given) { return given ? text(*given) : Value::absent(); }
  Value members(const JsonValue& object) const {
    return Value::map(object.as_object() ? *object.as_object() : nothing_);
  }
  Value age() const {
    const auto& session = request_.principal.session;
    if (!session) return Value::absent();
    if (session->stated_age) return Value::of(*session->stated_age);
    const std::int64_t seconds = request_.time.unix_seconds() - session->started.unix_seconds();
    return Value::duration_nanos(seconds * 1'000'000'000 + request_.time.nanos() - session->started.nanos());
  }
  // Of a subject without a session it is what its issuer's document and its bindings say.
  Value trust() const {
    const auto& session = request_.principal.session;
    if (session && session->stated_trust) return Value::of(std::string_view(*session->stated_trust));
    return Value::of(model::to_text(subject_.trust));
  }

  const wire::Request& request_;
  const Subject& subject_;
  const Properties subject_properties_;
  const Properties resource_properties_;
  const JsonValue::Object nothing_;
};

}  // namespace

void add_condition(Clauses& clauses, const Asked& asked, const model::RuleHeader& rule) {
  if (!rule.when) return;
  switch (rule.when->program->run_condition(Facts(asked))) {
    case cel::Truth::true_:
      return clauses.add("when", Clause::yes);
    case cel::Truth::false_:
      return clauses.add("when", Clause::no);
    case cel::Truth::unknown:
      return clauses.add("when", Clause::unknown);
    case cel::Truth::error:
      return clauses.add("when", Clause::error);
  }
}

}  // namespace portreeve::reference

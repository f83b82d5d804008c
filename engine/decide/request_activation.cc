#include "engine/decide/request_activation.h"

#include <algorithm>
#include <array>

#include "engine/cel/policy_environment.h"

namespace portreeve::decide {
namespace {

namespace id = cel::policy;

constexpr std::array<std::string_view, 4> kUnsaidAtResolve{"addresses", "sni", "method", "path"};
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

bool is_unsaid(const wire::Request& request) {
  const auto* egress = std::get_if<wire::EgressQuestion>(&request.question);
  return egress != nullptr && egress->stage == wire::EgressStage::resolve;
}

cel::Value object(const JsonValue& value) {
  static const JsonValue::Object kEmpty;
  const JsonValue::Object* members = value.as_object();
  return cel::Value::map(members == nullptr ? kEmpty : *members);
}

cel::Value text(std::string_view value) { return cel::Value::of(value); }

cel::Value age(const wire::SessionFacts& session, Timestamp now) {
  if (session.stated_age) return cel::Value::of(*session.stated_age);
  std::int64_t nanos = 0;
  const std::int64_t seconds = now.unix_seconds() - session.started.unix_seconds();
  if (__builtin_mul_overflow(seconds, kNanosPerSecond, &nanos)) return cel::Value::absent();
  if (__builtin_add_overflow(nanos, std::int64_t{now.nanos()} - session.started.nanos(), &nanos))
    return cel::Value::absent();
  return cel::Value::duration_nanos(nanos);
}

}  // namespace

std::optional<cel::Value> LayeredProperties::find(std::string_view key) const {
  if (stated_ != nullptr) {
    if (const JsonValue* value = stated_->find(key)) return cel::Value::of(*value);
  }
  if (unsaid_ && std::ranges::find(kUnsaidAtResolve, key) != kUnsaidAtResolve.end())
    return cel::Value::unknown(id::kResourceProperties, key);
  if (declared_ != nullptr) {
    if (const JsonValue* value = declared_->find(key)) return cel::Value::of(*value);
  }
  return std::nullopt;
}

const JsonValue::Member* LayeredProperties::member(std::size_t i) const {
  const JsonValue::Object* stated = stated_ == nullptr ? nullptr : stated_->as_object();
  if (stated != nullptr) {
    if (i < stated->size()) return &(*stated)[i];
    i -= stated->size();
  }
  const JsonValue::Object* declared = declared_ == nullptr ? nullptr : declared_->as_object();
  if (declared == nullptr) return nullptr;
  for (const JsonValue::Member& candidate : *declared) {
    if (stated_ != nullptr && stated_->find(candidate.first) != nullptr) continue;
    if (i-- == 0) return &candidate;
  }
  return nullptr;
}

std::size_t LayeredProperties::size() const {
  std::size_t count = 0;
  while (member(count) != nullptr) ++count;
  return count;
}

cel::MapEntry LayeredProperties::entry(std::size_t i) const {
  const JsonValue::Member* at = member(i);
  return {cel::Value::of(std::string_view(at->first)), cel::Value::of(at->second)};
}

RequestActivation::RequestActivation(const compile::Snapshot& snapshot, const wire::Request& request, Scratch& scratch)
    : snapshot_(snapshot),
      request_(request),
      subject_(scratch.subject),
      groups_(scratch.groups),
      roles_(scratch.roles) {
  groups_.clear();
  roles_.clear();
}

const LayeredProperties& RequestActivation::subject_properties() const {
  if (!subject_properties_) {
    // Of subjects of the gates' own domains only Entities count (SEMANTICS §8).
    const bool stated = std::holds_alternative<wire::AccessQuestion>(request_.question);
    subject_properties_.emplace(stated ? &request_.principal.properties : nullptr,
                                snapshot_.subject_properties(request_.principal.type, request_.principal.id));
  }
  return *subject_properties_;
}

const LayeredProperties& RequestActivation::resource_properties() const {
  if (!resource_properties_) {
    resource_properties_.emplace(&request_.resource_properties,
                                 snapshot_.resource_properties(request_.resource_type, request_.resource_id),
                                 is_unsaid(request_));
  }
  return *resource_properties_;
}

const std::vector<std::string_view>& RequestActivation::sorted_groups() const {
  if (!groups_.empty()) return groups_;
  groups_.assign(subject_.groups.begin(), subject_.groups.end());
  std::ranges::sort(groups_);
  const auto repeated = std::ranges::unique(groups_);
  groups_.erase(repeated.begin(), repeated.end());
  return groups_;
}

const std::vector<std::string_view>& RequestActivation::role_names() const {
  if (roles_.empty())
    subject_.roles.for_each([&](rbac::RoleId id) { roles_.push_back(snapshot_.directory().role_name(id)); });
  return roles_;
}

cel::Value RequestActivation::subject(std::uint16_t field) const {
  const wire::Principal& principal = request_.principal;
  switch (field) {
    case id::kSubjectType.field:
      return text(principal.type);
    case id::kSubjectId.field:
      return text(principal.id);
    case id::kSubjectGroups.field:
      return cel::Value::list(std::span<const std::string_view>(sorted_groups()));
    case id::kSubjectRoles.field:
      return cel::Value::list(std::span<const std::string_view>(role_names()));
    case id::kSubjectTenant.field:
      return subject_.tenant ? text(*subject_.tenant) : cel::Value::absent();
    case id::kSubjectClaims.field:
      return object(principal.claims);
    case id::kSubjectProperties.field:
      return cel::Value::map(subject_properties());
    default:
      return cel::Value::absent();
  }
}

cel::Value RequestActivation::session(std::uint16_t field) const {
  const auto& session = request_.principal.session;
  if (field == id::kSessionTrust.field) {  // of the subject, so that it is there without a session as well
    return text(session && session->stated_trust ? std::string_view(*session->stated_trust)
                                                 : model::to_text(subject_.trust));
  }
  if (!session) return cel::Value::absent();
  switch (field) {
    case id::kSessionId.field:
      return text(session->id);
    case id::kSessionAge.field:
      return age(*session, request_.time);
    case id::kSessionLabels.field:
      return cel::Value::map(std::span<const std::pair<std::string, std::string>>(session->labels));
    default:
      return cel::Value::absent();
  }
}

cel::Value RequestActivation::attribute(cel::AttributeId attribute) const {
  switch (attribute.variable) {
    case id::kSubjectId.variable:
      return subject(attribute.field);
    case id::kSessionId.variable:
      return session(attribute.field);
    case id::kActionName.variable:
      return attribute == id::kActionName ? text(request_.action) : object(request_.action_properties);
    case id::kResourceId.variable:
      if (attribute == id::kResourceType) return text(request_.resource_type);
      if (attribute == id::kResourceId) return text(request_.resource_id);
      return cel::Value::map(resource_properties());
    case id::kRequestTime.variable:
      if (attribute == id::kRequestTime) return cel::Value::of(request_.time);
      return request_.source ? text(*request_.source) : cel::Value::absent();
    case id::kContext.variable:
      return object(request_.context);
    default:
      return cel::Value::absent();
  }
}

}  // namespace portreeve::decide

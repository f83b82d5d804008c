#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/load/rules.h"

namespace portreeve::load {
namespace {

// The provider that a subject names; the only one where it names none.
std::string read_issuer(const Fields& subject, Context& context) {
  if (const Node* node = subject.find("issuer")) {
    context.names.check(Kind::identity_provider, node->text, node->at, context.report);
    return std::string(node->text);
  }
  if (subject.has("issuer")) return "";
  const std::size_t providers = context.names.count(Kind::identity_provider);
  if (providers == 1) return std::string(context.names.only(Kind::identity_provider));
  context.report.error(subject.at(), "`issuer` is missing",
                       providers == 0 ? "no IdentityProvider is declared" : "several are declared: name one");
  return "";
}

std::optional<model::BindingSubject> read_binding_subject(const Node& node, const Object& object, Context& context) {
  const Fields fields(node, object, context.report);
  model::BindingSubject out{read_issuer(fields, context), {}, context.report.place(node.at)};
  if (auto user = fields.text("user")) {
    out.who = model::BoundUser{*std::move(user)};
  } else if (auto group = fields.text("group")) {
    out.who = model::BoundGroup{*std::move(group)};
  } else if (const auto claim = fields.nested("claim")) {
    out.who = model::BoundClaim{claim->claim_path("path").value_or(model::ClaimPath{}), claim->json("equals")};
  } else {
    return std::nullopt;
  }
  return out;
}

void check_window(const Fields& fields, const model::RoleBinding& binding, Report& report) {
  if (!binding.starts || !binding.expires || *binding.starts < *binding.expires) return;
  report.error(fields.at("expires"), "`expires` is not after `starts`: the binding is never in force",
               "in force is `starts <= t < expires`");
}

}  // namespace

void read_role(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::role).spec, context.report);
  model::Role role;
  static_cast<model::Document&>(role) = document_of(draft, context);
  role.inherits = read_references(fields, "inherits", Kind::role, context);
  role.description = fields.text("description").value_or("");
  context.set.roles.push_back(std::move(role));
}

void read_role_binding(const Draft& draft, Context& context) {
  const Object& object = spec_of(Kind::role_binding).spec;
  const Fields fields(*draft.spec, object, context.report);
  model::RoleBinding binding;
  static_cast<model::Document&>(binding) = document_of(draft, context);
  binding.roles = read_references(fields, "roles", Kind::role, context);
  const auto subjects = std::ranges::find(object.fields, "subjects", &Field::key);
  for (const Node* node : fields.list("subjects")) {
    if (auto subject = read_binding_subject(*node, *subjects->object, context))
      binding.subjects.push_back(*std::move(subject));
  }
  binding.tenants = fields.optional_texts("tenants");
  binding.starts = fields.time("starts");
  binding.expires = fields.time("expires");
  check_window(fields, binding, context.report);
  if (const auto trust = fields.choice("trust")) binding.trust = static_cast<model::Trust>(*trust);
  context.set.role_bindings.push_back(std::move(binding));
}

void read_role_constraint(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::role_constraint).spec, context.report);
  model::RoleConstraint constraint;
  static_cast<model::Document&>(constraint) = document_of(draft, context);
  constraint.kind = fields.choice("kind").value_or(0) == 0 ? model::ConstraintKind::static_separation
                                                           : model::ConstraintKind::dynamic_separation;
  constraint.roles = read_references(fields, "roles", Kind::role, context);
  std::set<std::string_view> distinct;
  const std::vector<const Node*> written = fields.list("roles");
  for (const Node* node : written) {
    if (!distinct.insert(node->text).second) {
      context.report.error(node->at, fmt::format("role `{}` stands twice", node->text), "keep one of them");
    }
  }
  if (const auto at_most = fields.integer("atMost")) {
    constraint.at_most = static_cast<std::size_t>(*at_most);
    if (!written.empty() && constraint.at_most >= distinct.size()) {
      context.report.error(fields.at("atMost"),
                           fmt::format("`atMost: {}` of {} roles constrains nothing", *at_most, distinct.size()),
                           "fewer than the number of roles");
    }
  }
  context.set.role_constraints.push_back(std::move(constraint));
}

void read_entities(const Draft& draft, Context& context) {
  const Object& object = spec_of(Kind::entities).spec;
  const Fields fields(*draft.spec, object, context.report);
  model::Entities entities;
  static_cast<model::Document&>(entities) = document_of(draft, context);
  const auto read = [&](std::string_view key, std::vector<model::Entity>& out) {
    const auto field = std::ranges::find(object.fields, key, &Field::key);
    for (const Node* node : fields.list(key)) {
      const Fields entity(*node, *field->object, context.report);
      out.push_back({entity.text("type").value_or(""), entity.text("id").value_or(""), entity.json("properties"),
                     context.report.place(node->at)});
    }
  };
  read("subjects", entities.subjects);
  read("resources", entities.resources);
  context.set.entities.push_back(std::move(entities));
}

}  // namespace portreeve::load

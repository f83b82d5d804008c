#include "engine/cel/types.h"

#include <fmt/format.h>

#include "engine/base/check.h"
#include "engine/base/diagnostic.h"

namespace portreeve::cel {

struct Type::Parts {
  Type key;
  Type element;
  std::string name;
};

Type Type::open() {
  Type type;
  type.open_ = true;
  return type;
}

namespace {
// True for what a list, map or optional without parts says already.
bool is_plain(const Type& type) { return type.is_dyn() && !type.is_open(); }
}  // namespace

Type Type::list(Type element) {
  Type type(TypeKind::list);
  if (!is_plain(element)) type.parts_ = std::make_shared<const Parts>(Parts{{}, std::move(element), {}});
  return type;
}

Type Type::map(Type key, Type value) {
  Type type(TypeKind::map);
  if (!is_plain(key) || !is_plain(value)) {
    type.parts_ = std::make_shared<const Parts>(Parts{std::move(key), std::move(value), {}});
  }
  return type;
}

Type Type::optional(Type inner) {
  Type type(TypeKind::optional);
  if (!is_plain(inner)) type.parts_ = std::make_shared<const Parts>(Parts{{}, std::move(inner), {}});
  return type;
}

Type Type::object(std::string name) {
  Type type(TypeKind::object);
  type.parts_ = std::make_shared<const Parts>(Parts{{}, {}, std::move(name)});
  return type;
}

namespace {
constexpr const char* kNames[] = {"dyn",    "null",  "bool",      "int",      "uint", "double",
                                  "string", "bytes", "timestamp", "duration", "list", "map",
                                  "object", "type",  "optional",  "ip",       "cidr"};
}  // namespace

Type Type::element() const { return parts_ ? parts_->element : Type(); }

Type Type::key() const { return parts_ ? parts_->key : Type(); }

const std::string& Type::object_name() const {
  CHECK(parts_ != nullptr);
  return parts_->name;
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.parts_ == b.parts_) return true;
  if (a.kind_ == TypeKind::object) return a.object_name() == b.object_name();
  return a.key() == b.key() && a.element() == b.element();
}

std::string to_text(const Type& type) {
  switch (type.kind()) {
    case TypeKind::list:
      return fmt::format("list({})", to_text(type.element()));
    case TypeKind::map:
      return fmt::format("map({}, {})", to_text(type.key()), to_text(type.element()));
    case TypeKind::optional:
      return fmt::format("optional({})", to_text(type.element()));
    case TypeKind::object:
      return type.object_name();
    case TypeKind::dyn:
    case TypeKind::null:
    case TypeKind::bool_:
    case TypeKind::int_:
    case TypeKind::uint:
    case TypeKind::double_:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::type:
    case TypeKind::ip:
    case TypeKind::cidr:
      break;
  }
  return kNames[static_cast<std::size_t>(type.kind())];
}

void TypeEnv::declare_object(std::string name, std::vector<Field> fields) {
  CHECK(object(name) == nullptr);
  CHECK(fields.size() < AttributeId::kWhole);
  objects_.push_back({std::move(name), std::move(fields)});
}

AttributeId TypeEnv::declare(std::string name, Type type) {
  CHECK(!find_variable(name) && variables_.size() < AttributeId::kWhole);
  CHECK(type.kind() != TypeKind::object || object(type.object_name()) != nullptr);
  variables_.push_back({std::move(name), std::move(type)});
  return {static_cast<std::uint16_t>(variables_.size() - 1), AttributeId::kWhole};
}

const TypeEnv::Object* TypeEnv::object(std::string_view name) const {
  for (const Object& candidate : objects_) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

std::optional<std::uint16_t> TypeEnv::find_variable(std::string_view name) const {
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].name == name) return static_cast<std::uint16_t>(i);
  }
  return std::nullopt;
}

Result<AttributeId> TypeEnv::attribute(std::string_view variable, std::string_view field) const {
  const auto slot = find_variable(variable);
  std::vector<std::string_view> names;
  if (!slot) {
    for (const Variable& known : variables_) names.push_back(known.name);
  } else if (field.empty()) {
    return AttributeId{*slot, AttributeId::kWhole};
  } else if (const Type& type = variables_[*slot].type; type.kind() == TypeKind::object) {
    const Object& of = *object(type.object_name());
    for (std::size_t i = 0; i < of.fields.size(); ++i) {
      if (of.fields[i].name == field) return AttributeId{*slot, static_cast<std::uint16_t>(i)};
      names.push_back(of.fields[i].name);
    }
  }
  const std::string_view near = closest(slot ? field : variable, names);
  std::string message =
      slot ? fmt::format("`{}` has no field `{}`", variable, field) : fmt::format("unknown variable `{}`", variable);
  if (!near.empty()) message += fmt::format(" (did you mean `{}`?)", near);
  return fail(std::move(message));
}

const Type& TypeEnv::type_of(AttributeId attribute) const {
  const Type& whole = variables_.at(attribute.variable).type;
  if (attribute.field == AttributeId::kWhole) return whole;
  return object(whole.object_name())->fields.at(attribute.field).type;
}

std::string TypeEnv::name_of(AttributeId attribute) const {
  const Variable& variable = variables_.at(attribute.variable);
  if (attribute.field == AttributeId::kWhole) return variable.name;
  return fmt::format("{}.{}", variable.name, object(variable.type.object_name())->fields.at(attribute.field).name);
}

}  // namespace portreeve::cel

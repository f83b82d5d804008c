// Types at check time, and the environment an expression is checked against.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/cel/value.h"

namespace portreeve::cel {

enum class TypeKind : std::uint8_t {
  dyn,
  null,
  bool_,
  int_,
  uint,
  double_,
  string,
  bytes,
  timestamp,
  duration,
  list,
  map,
  object,
  type,
  optional,
  ip,
  cidr,
};

// A CEL type. A value, cheap to copy; immutable.
class Type {
 public:
  Type() = default;  // dyn
  Type(TypeKind kind) : kind_(kind) {}

  static Type dyn() { return {}; }
  // A dyn that nothing has settled yet, as the element of `[]`: joined with a type it becomes that type.
  static Type open();
  static Type boolean() { return TypeKind::bool_; }
  static Type integer() { return TypeKind::int_; }
  static Type unsigned_integer() { return TypeKind::uint; }
  static Type real() { return TypeKind::double_; }
  static Type string() { return TypeKind::string; }
  static Type bytes() { return TypeKind::bytes; }
  static Type timestamp() { return TypeKind::timestamp; }
  static Type duration() { return TypeKind::duration; }
  static Type list(Type element);
  static Type map(Type key, Type value);
  static Type optional(Type inner);
  // An object type declared in a TypeEnv under that name.
  static Type object(std::string name);

  TypeKind kind() const { return kind_; }
  bool is_dyn() const { return kind_ == TypeKind::dyn; }
  bool is_open() const { return open_; }
  // Of a list its element, of a map its value, of an optional what it may hold; dyn for anything else.
  Type element() const;
  // Of a map its key; dyn for anything else.
  Type key() const;
  const std::string& object_name() const;

  // An open dyn equals any other.
  friend bool operator==(const Type& a, const Type& b);

 private:
  struct Parts;
  TypeKind kind_ = TypeKind::dyn;
  bool open_ = false;
  std::shared_ptr<const Parts> parts_;  // of lists, maps and objects
};

// `list(string)`, `map(string, dyn)`.
std::string to_text(const Type& type);

// What an expression may name: variables with their types, and object types with their fields. Built once, then const
// and thread-safe. Slot numbers are the order of declaration, so a host may keep AttributeIds as constants.
class TypeEnv {
 public:
  struct Field {
    std::string name;
    Type type;
  };
  struct Object {
    std::string name;
    std::vector<Field> fields;
  };
  struct Variable {
    std::string name;
    Type type;
  };

  // Requires: no such object yet.
  void declare_object(std::string name, std::vector<Field> fields);
  // Declares a variable and returns its id (of the whole). Requires: no such variable yet; an object type is declared.
  AttributeId declare(std::string name, Type type);

  const std::vector<Variable>& variables() const { return variables_; }
  // nullptr where there is none.
  const Object* object(std::string_view name) const;
  std::optional<std::uint16_t> find_variable(std::string_view name) const;
  // The slot of `variable.field`. Fails with the nearest name where there is none.
  Result<AttributeId> attribute(std::string_view variable, std::string_view field = {}) const;
  // The type of an attribute. Requires: it is of this environment.
  const Type& type_of(AttributeId attribute) const;
  // `session.trust`. Requires: it is of this environment.
  std::string name_of(AttributeId attribute) const;

 private:
  std::vector<Variable> variables_;
  std::vector<Object> objects_;
};

}  // namespace portreeve::cel

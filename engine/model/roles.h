// Roles, who has them, and which may not meet in one subject (ANSI INCITS 359).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/model/identity_provider.h"
#include "engine/model/source.h"

namespace portreeve::model {

struct Role : Document {
  std::vector<Reference> inherits;  // who has this role has those too
  std::string description;
};

struct BoundUser {
  std::string sub;
};  // the bare `sub`
struct BoundGroup {
  std::string group;
};
struct BoundClaim {
  ClaimPath path;
  JsonValue equals;  // types agree; an array holds the value
};

struct BindingSubject {
  std::string issuer;  // name of the provider; filled in by load where only one is declared
  std::variant<BoundUser, BoundGroup, BoundClaim> who;
  SourcePlace place;
};

// In force while starts <= t < expires.
struct RoleBinding : Document {
  std::vector<Reference> roles;
  std::vector<BindingSubject> subjects;
  std::optional<std::vector<std::string>> tenants;
  std::optional<Timestamp> starts;
  std::optional<Timestamp> expires;
  std::optional<Trust> trust;  // replaces the provider's while in force (the least, of several)
};

enum class ConstraintKind : std::uint8_t { static_separation, dynamic_separation };

// A subject has at most `at_most` of `roles`, the closure counted.
struct RoleConstraint : Document {
  ConstraintKind kind = ConstraintKind::static_separation;
  std::vector<Reference> roles;
  std::size_t at_most = 1;
};

// One subject or resource of an Entities document.
struct Entity {
  std::string type;
  std::string id;
  JsonValue properties;  // object or null
  SourcePlace place;
};

struct Entities : Document {
  std::vector<Entity> subjects;
  std::vector<Entity> resources;
};

}  // namespace portreeve::model

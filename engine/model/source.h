// What every part of a policy set carries: its name and where it stands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/diagnostic.h"

namespace portreeve::cel {
class Program;
}

namespace portreeve::model {

// A name used somewhere, with the place of use.
struct Reference {
  std::string name;
  SourcePlace place;
};

struct Document {
  std::string name;   // metadata.name
  SourcePlace place;  // of metadata.name
};

// `when:`, type-checked and compiled when it was loaded.
struct Condition {
  std::string text;
  SourcePlace place;
  std::shared_ptr<const cel::Program> program;
};

enum class Effect : std::uint8_t { allow, deny };

// What rules of all domains share.
struct RuleHeader {
  std::string id;
  SourcePlace place;
  Effect effect = Effect::deny;
  std::string reason;  // the rule's own words; empty if it has none
  std::optional<Condition> when;
  bool enforce = true;  // false: a dry run, be it the rule's own or its policy's
};

// What policies of all domains share. Absent `roles`: every subject; absent `tenants`: every tenant and none.
struct PolicyHeader : Document {
  std::optional<std::vector<Reference>> roles;
  std::optional<std::vector<std::string>> tenants;
};

}  // namespace portreeve::model

// Generic access: any other action on any other resource.
#pragma once

#include <string>
#include <vector>

#include "engine/model/source.h"
#include "engine/pattern/pattern.h"

namespace portreeve::model {

struct ResourceMatch {
  std::string type;
  std::optional<pattern::Pattern> id;  // absent: every resource of the type
};

struct AccessRule : RuleHeader {
  std::optional<std::vector<std::string>> actions;
  std::optional<std::vector<ResourceMatch>> resources;  // absent only on a deny rule
};

struct AccessPolicy : PolicyHeader {
  std::vector<AccessRule> rules;
};

}  // namespace portreeve::model

// Policy sets as text in parts, so that a failing case can be pasted and cut down.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/model/policy_set.h"

namespace portreeve::differential {

struct DocumentText {
  std::string kind;
  std::string name;
  std::vector<std::string> lines;  // of `spec`, without `rules`
  std::vector<std::string> rules;  // in flow style
};

using PolicySetText = std::vector<DocumentText>;

std::string to_yaml(const PolicySetText& set);

// The set as load makes it; null where it refuses, with its errors in `errors` if given.
std::shared_ptr<const model::CheckedPolicySet> load_text(const PolicySetText& set, std::string* errors = nullptr);

// `[a, b]`, each in double quotes.
std::string flow_list(const std::vector<std::string>& items);

}  // namespace portreeve::differential

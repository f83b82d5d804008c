// What of the language the examples that ran have shown.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/policy_set.h"
#include "engine/wire/decision.h"
#include "engine/wire/policy_file.h"

namespace portreeve::docs {

class Coverage {
 public:
  // A set that loaded, with the files that it was read from.
  void add_set(const std::vector<wire::PolicyFile>& files, const model::PolicySet& set);
  // A case that passed.
  void add_case(const model::TestCase& test_case, const wire::Decision& decision);

  // What is nowhere: fields and their words (`EgressPolicy.rules[].limits.idle`, `… = tls`) that no document states,
  // and optional ones that every document states.
  std::vector<std::string> missing_fields() const;
  // Keys of obligations that no case expects.
  std::vector<std::string> missing_obligations() const;
  // Attributes that no condition reads.
  std::vector<std::string> missing_variables() const;
  // Codes that are among `codes` and that no case gets by stating it.
  std::vector<std::string> missing_reasons(const std::vector<std::string>& codes) const;

 private:
  std::set<std::string> stated_, left_out_;
  std::set<std::string> obligations_;
  std::set<std::string> variables_;
  std::set<std::string, std::less<>> reasons_;
};

}  // namespace portreeve::docs

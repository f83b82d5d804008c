// Policy sets as the commands take them: folders and files named on the command line, and what the checker says of
// them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/load/load.h"
#include "engine/model/policy_set.h"
#include "engine/wire/policy_file.h"
#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

struct LoadedPolicies {
  std::string prefix;  // put before a file's path to show where it is: `policies/`
  std::vector<wire::PolicyFile> files;
  load::LoadResult result;

  std::size_t count(Severity severity) const;
  // The place as a person finds it from here.
  SourcePlace shown(const SourcePlace& place) const;
};

// Reads and checks one folder, as the PDP would; or folders and files together, as one set. Fails where something
// cannot be read; what is wrong with the policies stands in the result.
Result<LoadedPolicies> load_policies(const std::vector<std::string>& paths);

// `3 errors, 1 warning`; empty where there is nothing.
std::string problems(const LoadedPolicies& policies);

// Each diagnostic on a line; on a terminal the line of the policy under it, and a caret where it is wrong.
void print_diagnostics(const LoadedPolicies& policies, Stream& stream);
JsonValue diagnostics_to_json(const LoadedPolicies& policies);

std::size_t document_count(const model::PolicySet& set);
// Where each rule stands, by `policy/rule`.
std::map<std::string, SourcePlace, std::less<>> rule_places(const model::PolicySet& set);

}  // namespace portreeve::cli

// One policy set of the page, loaded and asked.
#pragma once

#include <string>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/wire/policy_file.h"
#include "tests/docs/coverage.h"

namespace portreeve::docs {

// A set and where on the page it stands.
struct ExampleSet {
  std::string title;
  std::vector<wire::PolicyFile> files;
};

// What the checker says of the set, errors and warnings.
std::vector<Diagnostic> diagnose(const ExampleSet& example);

enum class Standard {
  exemplary,  // the checker has nothing to say, and every rule decides a case
  passing,    // it loads
};

// Loads the set and decides its cases by every implementation there is. Fails the test where a case fails, or the set
// is not up to the standard. Adds what it saw to the coverage.
void run(const ExampleSet& example, Standard standard, Coverage& coverage);

}  // namespace portreeve::docs

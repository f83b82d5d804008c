// Runs the PolicyTest tables of a policy set (SEMANTICS §14).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/base/time.h"
#include "engine/model/policy_set.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

using Decider = std::function<wire::Decision(const wire::Request&)>;

// One case, run. Borrows from the policy set.
struct CaseResult {
  const model::PolicyTest* table = nullptr;
  const model::TestCase* test_case = nullptr;
  wire::Decision decision;  // of the first stage that denied, else of the last
  bool passed = false;
  // Where it failed: the case, what was expected and what came, each a row that can be pasted into the table.
  std::string message;
};

// A rule, and whether it was among the determining rules of some case.
struct RuleCoverage {
  std::string rule;  // `policy/rule`
  SourcePlace place;
  bool decided = false;
};

struct TestRun {
  std::vector<CaseResult> cases;       // in the order of the documents
  std::vector<RuleCoverage> coverage;  // every rule of the set, dry runs included, sorted by name
  std::size_t failed = 0;
};

// Runs every case of every table: as the wire would, through the reader of requests (a question that it refuses is a
// deny with reason invalid-request), with the table's subjects in place of tokens. `now` is the time of cases that
// state none. Cost: two decisions a case at most. `set` outlives the result.
TestRun run_policy_tests(const model::PolicySet& set, const Decider& decide, Timestamp now);

// One case alone. Requires: the table is of the set and the case of the table.
CaseResult run_case(const model::PolicySet& set, const model::PolicyTest& table, const model::TestCase& test_case,
                    const Decider& decide, Timestamp now);

}  // namespace portreeve::analyze

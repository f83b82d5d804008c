#include "tests/docs/example_set.h"

#include <gtest/gtest.h>

#include "engine/analyze/policy_test_runner.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "engine/reference/reference.h"

namespace portreeve::docs {
namespace {

constexpr Timestamp kNow = Timestamp::from_unix(1'795'521'600);  // 2026-11-24T12:00:00Z

std::string place_of(const analyze::CaseResult& result) {
  return result.test_case->place.file + ":" + std::to_string(result.test_case->place.line);
}

void expect_all_pass(const ExampleSet& example, const analyze::TestRun& run, std::string_view implementation) {
  for (const analyze::CaseResult& result : run.cases) {
    EXPECT_TRUE(result.passed) << example.title << ", " << implementation << ", " << place_of(result) << "\n"
                               << result.message;
  }
}

}  // namespace

std::vector<Diagnostic> diagnose(const ExampleSet& example) { return load::load(example.files).diagnostics; }

void run(const ExampleSet& example, Standard standard, Coverage& coverage) {
  const load::LoadResult loaded = load::load(example.files);
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (standard == Standard::exemplary || diagnostic.severity == Severity::error)
      ADD_FAILURE() << example.title << "\n" << to_text(diagnostic);
  }
  if (loaded.set == nullptr) return;
  const model::PolicySet& set = loaded.set->documents();
  coverage.add_set(example.files, set);

  const auto by_reference = [&](const wire::Request& request) { return reference::reference_decide(set, request); };
  expect_all_pass(example, analyze::run_policy_tests(set, by_reference, kNow), "reference");

  const auto snapshot = compile::compile(loaded.set);
  const auto by_production = [&](const wire::Request& request) { return decide::decide(*snapshot, request); };
  const analyze::TestRun production = analyze::run_policy_tests(set, by_production, kNow);
  expect_all_pass(example, production, "production");
  for (const analyze::CaseResult& result : production.cases) {
    if (result.passed) coverage.add_case(*result.test_case, result.decision);
  }
  if (standard == Standard::passing) return;
  EXPECT_FALSE(production.cases.empty()) << example.title << " asks nothing";
  for (const analyze::RuleCoverage& rule : production.coverage) {
    EXPECT_TRUE(rule.decided) << example.title << ": no case is decided by `" << rule.rule << "`";
  }
}

}  // namespace portreeve::docs

#include "engine/analyze/policy_test_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/analyze/policy_test_case.h"
#include "engine/base/check.h"
#include "engine/reader/request_reader.h"

namespace portreeve::analyze {
namespace {

wire::Decision invalid_request() {
  wire::Decision decision;
  decision.reason = wire::Reason::invalid_request;
  return decision;
}

JsonValue strings(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

// As load keeps what a table says; null where no dry run matched.
JsonValue dry_run_of(const wire::Decision& decision) {
  if (!decision.dry_run) return {};
  JsonValue out;
  out.set("decision", decision.dry_run->allowed);
  out.set("rules", strings(decision.dry_run->rules));
  return out;
}

// Everything that is expected stands in what came; more may stand there.
bool is_within(const JsonValue& expected, const JsonValue& actual) {
  const JsonValue::Object* members = expected.as_object();
  if (members == nullptr) return expected == actual;
  return std::all_of(members->begin(), members->end(), [&](const JsonValue::Member& member) {
    const JsonValue* value = actual.find(member.first);
    return value != nullptr && is_within(member.second, *value);
  });
}

bool is_as_expected(const model::TestCase& test_case, const wire::Decision& decision) {
  if (decision.allowed != (test_case.expect == model::Effect::allow)) return false;
  if (test_case.reason && decision.reason != *test_case.reason) return false;
  if (test_case.rule_reason && decision.rule_reason != *test_case.rule_reason) return false;
  for (const model::Reference& rule : test_case.by) {
    if (std::find(decision.rules.begin(), decision.rules.end(), rule.name) == decision.rules.end()) return false;
  }
  if (!is_within(test_case.obligations, wire::obligations_to_json(decision.obligations)) &&
      !test_case.obligations.is_null()) {
    return false;
  }
  return !test_case.dry_run || is_within(*test_case.dry_run, dry_run_of(decision));
}

// What came, as the expectations of a row that would pass.
std::string outcome_of(const wire::Decision& decision) {
  std::string out =
      fmt::format("expect: {}, reason: \"{}\"", decision.allowed ? "allow" : "deny", wire::code(decision.reason));
  const auto add = [&](std::string_view key, const JsonValue& value) {
    out += fmt::format(", {}: {}", key, to_canonical_json(value));
  };
  if (!decision.rule_reason.empty()) add("ruleReason", decision.rule_reason);
  if (!decision.rules.empty()) add("by", strings(decision.rules));
  const JsonValue obligations = wire::obligations_to_json(decision.obligations);
  if (obligations.as_object() != nullptr && !obligations.as_object()->empty()) add("obligations", obligations);
  if (decision.dry_run) add("dryRun", dry_run_in_table(dry_run_of(decision)));
  return out;
}

wire::Decision decide_case(const model::PolicySet& set, const model::TestSubject& subject,
                           const model::TestCase& test_case, const Decider& decide, Timestamp now) {
  wire::Decision decision;
  for (const JsonValue& body : evaluation_bodies(set, subject, test_case)) {
    auto question = reader::read_question(body);
    if (!question) return invalid_request();
    simulate_subject(set, subject, test_case, now, question->request);
    decision = decide(question->request);
    if (!decision.allowed) return decision;
  }
  return decision;
}

template <class Policies>
void add_rules(std::vector<RuleCoverage>& coverage, const Policies& policies) {
  for (const auto& policy : policies) {
    for (const auto& rule : policy.rules) coverage.push_back({policy.name + "/" + rule.id, rule.place, false});
  }
}

std::vector<RuleCoverage> all_rules(const model::PolicySet& set) {
  std::vector<RuleCoverage> coverage;
  add_rules(coverage, set.egress_policies);
  add_rules(coverage, set.secret_policies);
  add_rules(coverage, set.execution_policies);
  add_rules(coverage, set.access_policies);
  std::ranges::sort(coverage, {}, &RuleCoverage::rule);
  return coverage;
}

void mark(std::vector<RuleCoverage>& coverage, const std::vector<std::string>& rules) {
  for (const std::string& rule : rules) {
    const auto found = std::ranges::lower_bound(coverage, rule, {}, &RuleCoverage::rule);
    if (found != coverage.end() && found->rule == rule) found->decided = true;
  }
}

}  // namespace

CaseResult run_case(const model::PolicySet& set, const model::PolicyTest& table, const model::TestCase& test_case,
                    const Decider& decide, Timestamp now) {
  CaseResult result{&table, &test_case, {}, false, {}};
  const auto subject = table.subjects.find(test_case.as);
  CHECK(subject != table.subjects.end());
  result.decision = decide_case(set, subject->second, test_case, decide, now);
  result.passed = is_as_expected(test_case, result.decision);
  if (!result.passed) {
    result.message = fmt::format("expected: {}\n  actual: {}", to_row(test_case, expectations_of(test_case)),
                                 to_row(test_case, outcome_of(result.decision)));
  }
  return result;
}

TestRun run_policy_tests(const model::PolicySet& set, const Decider& decide, Timestamp now) {
  TestRun run;
  run.coverage = all_rules(set);
  for (const model::PolicyTest& table : set.policy_tests) {
    for (const model::TestCase& test_case : table.cases) {
      run.cases.push_back(run_case(set, table, test_case, decide, now));
      const CaseResult& result = run.cases.back();
      run.failed += result.passed ? 0 : 1;
      mark(run.coverage, result.decision.rules);
      // A dry run decides nothing; a case that says what it would do exercises it all the same.
      if (test_case.dry_run && result.decision.dry_run) mark(run.coverage, result.decision.dry_run->rules);
    }
  }
  return run;
}

}  // namespace portreeve::analyze

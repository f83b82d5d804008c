// `portreeve test`: the PolicyTest tables of a policy set, run through the evaluator that the PDP runs.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>

#include "engine/analyze/policy_test_case.h"
#include "engine/analyze/policy_test_runner.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/policy_folder.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string folder = "policies";
  std::string filter;
  bool coverage = false;
  bool require_coverage = false;
  bool json = false;
};

struct Tested {
  LoadedPolicies policies;
  analyze::TestRun run;
  std::vector<const analyze::CaseResult*> cases;     // those asked for
  std::vector<const analyze::CaseResult*> failures;  // of them
  std::vector<const analyze::RuleCoverage*> undecided;
};

bool is_asked_for(const analyze::CaseResult& result, const std::string& filter) {
  return filter.empty() || result.table->name.find(filter) != std::string::npos ||
         analyze::to_row(*result.test_case, analyze::expectations_of(*result.test_case)).find(filter) !=
             std::string::npos;
}

void run_tables(Tested& tested, const std::string& filter) {
  const auto snapshot = compile::compile(tested.policies.result.set);
  tested.run = analyze::run_policy_tests(
      tested.policies.result.set->documents(),
      [&](const wire::Request& request) { return decide::decide(*snapshot, request); }, now());
  for (const analyze::CaseResult& result : tested.run.cases) {
    if (!is_asked_for(result, filter)) continue;
    tested.cases.push_back(&result);
    if (!result.passed) tested.failures.push_back(&result);
  }
  for (const analyze::RuleCoverage& rule : tested.run.coverage) {
    if (!rule.decided) tested.undecided.push_back(&rule);
  }
}

std::string to_text(const SourcePlace& place) { return fmt::format("{}:{}:{}", place.file, place.line, place.column); }

JsonValue to_json(const Tested& tested, const SourcePlace& place) {
  const SourcePlace shown = tested.policies.shown(place);
  return JsonValue(JsonValue::Object{
      {"file", shown.file}, {"line", std::int64_t{shown.line}}, {"column", std::int64_t{shown.column}}});
}

JsonValue report(const Tested& tested, ExitCode code) {
  JsonValue::Array failures;
  for (const analyze::CaseResult* result : tested.failures) {
    failures.push_back(JsonValue::Object{{"table", result->table->name},
                                         {"place", to_json(tested, result->test_case->place)},
                                         {"message", result->message}});
  }
  JsonValue::Array undecided;
  for (const analyze::RuleCoverage* rule : tested.undecided) {
    undecided.push_back(JsonValue::Object{{"rule", rule->rule}, {"place", to_json(tested, rule->place)}});
  }
  return JsonValue(JsonValue::Object{{"ok", code == ExitCode::ok},
                                     {"revision", tested.policies.result.revision},
                                     {"cases", static_cast<std::int64_t>(tested.cases.size())},
                                     {"failures", std::move(failures)},
                                     {"rules", static_cast<std::int64_t>(tested.run.coverage.size())},
                                     {"undecided", std::move(undecided)}});
}

void print(const Tested& tested, const Options& options, Terminal& terminal) {
  for (const analyze::CaseResult* result : tested.failures) {
    terminal.err.write(fmt::format("{}: {} of table `{}`\n{}\n",
                                   to_text(tested.policies.shown(result->test_case->place)),
                                   terminal.err.coloured(Colour::red, "failed"), result->table->name, result->message));
  }
  if (options.coverage || options.require_coverage) {
    for (const analyze::RuleCoverage* rule : tested.undecided) {
      terminal.err.write(
          fmt::format("{}: rule `{}` decided no case\n", to_text(tested.policies.shown(rule->place)), rule->rule));
    }
  }
  terminal.out.write(fmt::format("{} passed, {} failed; {} of {} decided a case\n",
                                 count_of(tested.cases.size() - tested.failures.size(), "case"), tested.failures.size(),
                                 tested.run.coverage.size() - tested.undecided.size(),
                                 count_of(tested.run.coverage.size(), "rule")));
}

ExitCode test(const Options& options, Terminal& terminal) {
  auto policies = load_policies({options.folder});
  if (!policies) return failed(terminal, policies.error().message);
  if (policies->result.set == nullptr) {
    print_diagnostics(*policies, terminal.err);
    return failed(terminal, fmt::format("{}: nothing was tested", problems(*policies)));
  }
  Tested tested{std::move(*policies), {}, {}, {}, {}};
  run_tables(tested, options.filter);
  if (tested.cases.empty()) {
    return failed(terminal, options.filter.empty() ? "the policy set holds no PolicyTest" : "no case matches --filter");
  }
  const bool passed = tested.failures.empty() && !(options.require_coverage && !tested.undecided.empty());
  const ExitCode code = passed ? ExitCode::ok : ExitCode::failed;
  if (options.json)
    write_json(terminal.out, report(tested, code));
  else
    print(tested, options, terminal);
  return code;
}

}  // namespace

Run declare_test(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "test", "Run the PolicyTest tables of a policy set.",
                                 "portreeve test policies --coverage");
  const auto options = std::make_shared<Options>();
  app.add_option("folder", options->folder, "The policy folder (default: policies)");
  app.add_option("--filter", options->filter, "Only cases whose table or row holds this text")->type_name("TEXT");
  app.add_flag("--coverage", options->coverage, "Name each rule that decided no case");
  app.add_flag("--require-coverage", options->require_coverage, "As --coverage, and fail if there is one");
  app.add_flag("--json", options->json, "One JSON object on standard output");
  return [options](Terminal& terminal) { return test(*options, terminal); };
}

}  // namespace portreeve::cli

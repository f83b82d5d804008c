// `portreeve eval` and `portreeve explain`: one question, judged in process by the evaluator that the PDP runs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <functional>
#include <memory>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/eval_question.h"
#include "tools/portreeve/eval_report.h"
#include "tools/portreeve/explanation_tree.h"
#include "tools/portreeve/policy_folder.h"
#include "tools/portreeve/recorded_decision.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string policies = "policies";
  std::string data = "data";
  QuestionOptions question;
  bool explain = false;
  bool json = false;
};

using Report = std::function<ExitCode(const Options&, const Explained&, Terminal&)>;

ExitCode explain(const Options& options, const Explained& explained, Terminal& terminal) {
  if (options.json)
    write_json(terminal.out, to_json(explained));
  else
    print_tree(explained, terminal.out);
  return ExitCode::ok;
}

ExitCode report(const Options& options, const Explained& explained, Terminal& terminal) {
  if (options.json) {
    write_json(terminal.out, to_json(explained));
  } else {
    print(explained, options.explain ? Detail::every_rule : Detail::answer, terminal.out);
  }
  return explained.why.decision.allowed ? ExitCode::ok : ExitCode::denied;
}

// What the gate's second question would meet, were the first allowed: the addresses are looked at then.
std::string next_stage(const compile::Snapshot& snapshot, const wire::Request& request,
                       const analyze::Explanation& first) {
  const analyze::Explanation why = analyze::explain(snapshot, request);
  std::vector<std::string_view> codes;
  for (const wire::Reason reason : why.reasons) {
    const bool told = std::ranges::find(first.reasons, reason) != first.reasons.end();
    if (!told && reason != wire::Reason::default_deny) codes.push_back(wire::code(reason));
  }
  if (why.decision.allowed || codes.empty()) return {};
  return fmt::format("{} would then be denied too: {}", why.action, fmt::join(codes, ", "));
}

ExitCode judge(const Options& options, const Report& report, Terminal& terminal) {
  if (const std::string misuse = options.question.misuse(); !misuse.empty()) return wrong_usage(terminal, misuse);
  const auto policies = load_policies({options.policies});
  if (!policies) return failed(terminal, policies.error().message);
  if (policies->result.set == nullptr) {
    print_diagnostics(*policies, terminal.err);
    return failed(terminal, fmt::format("{}: nothing was judged", problems(*policies)));
  }
  const auto snapshot = compile::compile(policies->result.set);
  const auto questions = read_questions(options.question, snapshot->documents());
  if (!questions) return failed(terminal, questions.error().message);
  // As a gate does: the first question that is denied is the answer, else the last is.
  for (std::size_t i = 0; i < questions->requests.size(); ++i) {
    const wire::Request& request = questions->requests[i];
    const wire::Decision decision = decide::decide(*snapshot, request);
    if (decision.allowed && i + 1 < questions->requests.size()) continue;
    if (questions->subject_is_asserted && decision.reason == wire::Reason::token_missing) {
      terminal.err.write("No token is verified here; `--as ISSUER/SUB` with --claims says whose it would be.\n");
    }
    Explained explained{*policies, analyze::explain(*snapshot, request, &policies->files), {}, {}, {}};
    if (i + 1 < questions->requests.size())
      explained.note = next_stage(*snapshot, questions->requests[i + 1], explained.why);
    return report(options, explained, terminal);
  }
  return ExitCode::failed;
}

bool names_a_decision(const Options& options) {
  const auto& given = options.question.positional;
  return !options.question.asks_by_flags() && given.size() == 1 && given[0].starts_with("dec_");
}

ExitCode explain_recorded(const Options& options, Terminal& terminal) {
  const auto recorded = find_recorded(options.data, options.question.positional[0]);
  if (!recorded) return failed(terminal, recorded.error().message);
  const auto why = explain_recorded(*recorded);
  if (!why) return failed(terminal, why.error().message);
  return explain(options, *why, terminal);
}

}  // namespace

Run declare_eval(CLI::App& program) {
  CLI::App& app = add_subcommand(
      program, "eval", "Judge one question against a policy folder, and say why.",
      "portreeve eval --as keycloak/rita --group /agents/research --tenant acme --egress https://packages.example.org\n"
      "portreeve eval --as keycloak/carl --group /agents/coding --tenant acme --exec /usr/bin/make --cwd /workspace "
      "--user sandbox -- all\n"
      "portreeve eval --policies policies --as keycloak/rita --claims '{\"org_id\": \"acme\"}' question.json "
      "--explain");
  const auto options = std::make_shared<Options>();
  app.add_option("--policies", options->policies, "The policy folder (default: policies)")->type_name("DIR");
  options->question.declare(app);
  app.add_flag("--explain", options->explain, "Every rule considered, and the clause that kept it from matching");
  app.add_flag("--json", options->json, "The AuthZEN answer with its explanation");
  return [options](Terminal& terminal) { return judge(*options, report, terminal); };
}

Run declare_explain(CLI::App& program) {
  CLI::App& app = add_subcommand(
      program, "explain", "Say why a question is answered as it is, and what would change a denial.",
      "portreeve explain --as keycloak/rita --group /agents/research --tenant acme --egress "
      "https://elsewhere.example.com\n"
      "portreeve explain dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY --data data\n"
      "portreeve explain --as keycloak/carl --group /agents/coding --exec /usr/bin/make --cwd / --user sandbox --json");
  const auto options = std::make_shared<Options>();
  app.add_option("--policies", options->policies, "The policy folder (default: policies)")->type_name("DIR");
  app.add_option("--data", options->data, "Of a decision named by its id: the PDP's data folder (default: data)")
      ->type_name("DIR");
  options->question.declare(app);
  app.get_option("file")->description(
      "A decision's id, `dec_…`, or an AuthZEN evaluation as JSON, `-` for standard "
      "input; after --exec its arguments");
  app.add_flag("--json", options->json, "The answer with its explanation, as the admin API gives it");
  return [options](Terminal& terminal) {
    return names_a_decision(*options) ? explain_recorded(*options, terminal) : judge(*options, explain, terminal);
  };
}

}  // namespace portreeve::cli

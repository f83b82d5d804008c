// `portreeve eval` and `portreeve explain`: one question, judged in process by the evaluator that the PDP runs.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <functional>
#include <memory>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/eval_question.h"
#include "tools/portreeve/eval_report.h"
#include "tools/portreeve/explain_report.h"
#include "tools/portreeve/policy_folder.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string policies = "policies";
  QuestionOptions question;
  bool explain = false;
  bool json = false;
};

using Report = std::function<ExitCode(const Options&, const Explained&, Terminal&)>;

ExitCode explain(const Options& options, const Explained& explained, Terminal& terminal) {
  if (options.json)
    write_json(terminal.out, explanation_to_json(explained));
  else
    print_explanation(explained, terminal.out);
  return ExitCode::ok;
}

ExitCode report(const Options& options, const Explained& explained, Terminal& terminal) {
  if (options.json) {
    write_json(terminal.out, to_json(explained));
  } else {
    print(explained, options.explain ? Detail::every_rule : Detail::answer, terminal.out);
  }
  return explained.decision.allowed ? ExitCode::ok : ExitCode::denied;
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
    decide::Trace trace;
    wire::Decision decision = decide::decide(*snapshot, request, &trace);
    if (decision.allowed && i + 1 < questions->requests.size()) continue;
    if (questions->subject_is_asserted && decision.reason == wire::Reason::token_missing) {
      terminal.err.write("No token is verified here; `--as ISSUER/SUB` with --claims says whose it would be.\n");
    }
    return report(options, {*policies, *snapshot, request, trace, std::move(decision)}, terminal);
  }
  return ExitCode::failed;
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
  CLI::App& app =
      add_subcommand(program, "explain", "Say why one question is answered as it is, and what would change a denial.",
                     "portreeve explain --as keycloak/rita --group /agents/research --tenant acme --egress "
                     "https://elsewhere.example.com");
  const auto options = std::make_shared<Options>();
  app.add_option("--policies", options->policies, "The policy folder (default: policies)")->type_name("DIR");
  options->question.declare(app);
  app.add_flag("--json", options->json, "As eval's, with `whyNot`");
  return [options](Terminal& terminal) { return judge(*options, explain, terminal); };
}

}  // namespace portreeve::cli

// `portreeve check`: is this policy set one that a PDP would take?
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "tools/portreeve/command.h"
#include "tools/portreeve/policy_folder.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::vector<std::string> paths{"policies"};
  bool json = false;
  bool strict = false;
};

JsonValue report(const LoadedPolicies& policies, bool accepted) {
  JsonValue out{JsonValue::Object{}};
  out.set("ok", accepted);
  out.set("files", static_cast<std::int64_t>(policies.files.size()));
  out.set("revision", policies.result.revision);
  out.set("diagnostics", diagnostics_to_json(policies));
  if (policies.result.set == nullptr) return out;
  out.set("documents", static_cast<std::int64_t>(document_count(policies.result.set->documents())));
  out.set("rules", static_cast<std::int64_t>(rule_places(policies.result.set->documents()).size()));
  return out;
}

ExitCode check(const Options& options, Terminal& terminal) {
  const auto policies = load_policies(options.paths);
  if (!policies) return failed(terminal, policies.error().message);
  const auto& set = policies->result.set;
  const bool accepted = set != nullptr && !(options.strict && policies->count(Severity::warning) != 0);
  const ExitCode code = accepted ? ExitCode::ok : ExitCode::failed;
  if (options.json) {
    write_json(terminal.out, report(*policies, accepted));
    return code;
  }
  print_diagnostics(*policies, terminal.err);
  const std::string found = problems(*policies);
  if (set == nullptr) {
    terminal.err.write(fmt::format("{} in {}\n", found, count_of(policies->files.size(), "file")));
    return code;
  }
  terminal.out.write(fmt::format("{}, {}, revision {}{}{}\n", count_of(document_count(set->documents()), "document"),
                                 count_of(rule_places(set->documents()).size(), "rule"), policies->result.revision,
                                 found.empty() ? "" : ", ", found));
  return code;
}

}  // namespace

Run declare_check(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "check", "Check a policy set whole and say what is wrong with it.",
                                 "portreeve check policies");
  const auto options = std::make_shared<Options>();
  app.add_option("path", options->paths, "Folders and files, checked as one set (default: policies)");
  app.add_flag("--strict", options->strict, "Warnings fail, too");
  app.add_flag("--json", options->json, "One JSON object on standard output");
  return [options](Terminal& terminal) { return check(*options, terminal); };
}

}  // namespace portreeve::cli

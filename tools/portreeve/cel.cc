// `portreeve cel`: evaluates expressions of the language that conditions are written in.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <map>
#include <memory>

#include "engine/base/text.h"
#include "engine/cel/evaluation.h"
#include "engine/cel/typed_json.h"
#include "engine/load/load.h"
#include "engine/load/zones.h"
#include "engine/reader/json_reader.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kMostCasesBytes = 256u << 20;

struct Options {
  std::string expression;
  std::vector<std::string> variables;  // NAME=EXPR
  std::string cases;
  std::string container;
  bool json = false;
  bool check = false;
};

using Variables = std::map<std::string, std::string>;  // name → expression

Result<std::shared_ptr<const cel::Zone>> zone(std::string_view name) {
  TRY_ASSIGN(load::ReadZone read, load::read_zone(load::LoadOptions().zoneinfo, name));
  return std::move(read.zone);
}

cel::CompileOptions compile_options(const Options& options) {
  return {zone, cel::Want::any_value, options.check ? cel::Typing::checked : cel::Typing::dynamic, options.container};
}

std::string error_to_json(std::string_view message) {
  return to_canonical_json(JsonValue(JsonValue::Object{{"error", message}}));
}

// The value or error of a question as one JSON object.
Result<std::string> answer(const cel::Question& question, const cel::CompileOptions& options) {
  TRY_ASSIGN(const cel::Evaluated evaluated, cel::evaluate(question, options));
  return cel::to_typed_json(evaluated.value());
}

Result<Variables> variables_of(const JsonValue* given) {
  Variables variables;
  if (given == nullptr) return variables;
  if (given->as_object() == nullptr) return fail("`vars` is an object of names and expressions");
  for (const auto& [name, text] : *given->as_object()) {
    if (text.as_string() == nullptr) return fail(fmt::format("variable `{}` is no expression", printable(name)));
    variables[name] = *text.as_string();
  }
  return variables;
}

// What one line of --cases comes to.
Result<std::string> answer_case(reader::JsonReader& reader, std::string_view line, cel::CompileOptions options) {
  TRY_ASSIGN(const JsonValue given, reader.parse(line));
  const JsonValue* const expression = given.find("expr");
  if (expression == nullptr || expression->as_string() == nullptr) return fail("a case has an `expr`");
  if (const JsonValue* const container = given.find("container"); container != nullptr) {
    if (container->as_string() == nullptr) return fail("`container` is a name");
    options.container = *container->as_string();
  }
  TRY_ASSIGN(Variables variables, variables_of(given.find("vars")));
  return answer({*expression->as_string(), std::move(variables)}, options);
}

ExitCode answer_cases(const Options& options, Terminal& terminal) {
  const auto text = read_input(options.cases, kMostCasesBytes);
  if (!text) return failed(terminal, text.error().message);
  reader::JsonLimits limits;
  limits.nul = reader::Nul::accepted;
  reader::JsonReader reader(limits);
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto answered = answer_case(reader, line, compile_options(options));
    terminal.out.write((answered ? *answered : error_to_json(answered.error().message)) + "\n");
  }
  return ExitCode::ok;
}

Result<Variables> variables_of(const std::vector<std::string>& given) {
  Variables variables;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(fmt::format("--var: `{}` is not written as NAME=EXPR", printable(text)));
    }
    if (!variables.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return fail(fmt::format("--var: `{}` is given twice", printable(text.substr(0, equals))));
    }
  }
  return variables;
}

ExitCode cel_command(const Options& options, Terminal& terminal) {
  if (options.cases.empty() == options.expression.empty()) {
    return wrong_usage(terminal, "give either an expression or --cases; see `portreeve cel --help`");
  }
  if (!options.cases.empty()) return answer_cases(options, terminal);
  auto variables = variables_of(options.variables);
  if (!variables) return wrong_usage(terminal, variables.error().message);
  const auto evaluated = cel::evaluate({options.expression, std::move(*variables)}, compile_options(options));
  const Result<std::string> shown = !evaluated     ? fail(evaluated.error())
                                    : options.json ? cel::to_typed_json(evaluated->value())
                                                   : cel::to_literal(evaluated->value());
  if (!shown) {
    if (options.json) terminal.out.write(error_to_json(shown.error().message) + "\n");
    return failed(terminal, shown.error().message);
  }
  terminal.out.write(*shown + "\n");
  return ExitCode::ok;
}

}  // namespace

Run declare_cel(CLI::App& program) {
  CLI::App& app =
      add_subcommand(program, "cel", "Evaluate an expression of the language that conditions are written in.",
                     "portreeve cel '\"git.example.org\".under(\"example.org\")'\n"
                     "portreeve cel --var 'groups=[\"dev\", \"ops\"]' 'groups.exists(g, g == \"ops\")'\n"
                     "portreeve cel --cases cases.jsonl");
  const auto options = std::make_shared<Options>();
  app.add_option("expression", options->expression, "The expression")->type_name("EXPR");
  app.add_option("--var", options->variables, "A variable, its value an expression as well; repeatable")
      ->type_name("NAME=EXPR")
      ->allow_extra_args(false);
  app.add_option(
         "--cases", options->cases,
         "Answer one line for each line {\"expr\": …, \"vars\": {name: expression}} of this file (- for standard "
         "input)")
      ->type_name("FILE");
  app.add_option("--container", options->container, "Where names are looked up first, such as google.protobuf")
      ->type_name("NAME");
  app.add_flag("--check", options->check, "Check types first, as policies are checked when they are loaded");
  app.add_flag("--json", options->json, "The value with its type, as one JSON object");
  // An expression may begin with a minus, as `-1` does.
  app.allow_extras();
  return [options, &app](Terminal& terminal) {
    for (const std::string& rest : app.remaining()) {
      if (rest == "--") continue;  // which CLI11 leaves among them
      if (!options->expression.empty() || !rest.starts_with('-') || rest.starts_with("--")) {
        return wrong_usage(terminal,
                           fmt::format("`{}` is not expected here; see `portreeve cel --help`", printable(rest)));
      }
      options->expression = rest;
    }
    return cel_command(*options, terminal);
  };
}

}  // namespace portreeve::cli

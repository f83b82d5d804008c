// `portreeve cel`: evaluates expressions of the language that conditions are written in.
#include "engine/cel/cel.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <sstream>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/text_forms.h"
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
  bool json = false;
  bool check = false;
};

using Variables = std::map<std::string, std::string>;  // name → expression

// A value, with the program and arena that it borrows from.
struct Evaluated {
  std::shared_ptr<const cel::Program> program;
  cel::Outcome outcome;
};

class Values : public cel::Activation {
 public:
  void add(cel::Value value) { values_.push_back(value); }
  cel::Value attribute(cel::AttributeId id) const override { return values_[id.variable]; }

 private:
  std::vector<cel::Value> values_;  // in order of declaration
};

Result<std::shared_ptr<const cel::Zone>> zone(std::string_view name) {
  TRY_ASSIGN(load::ReadZone read, load::read_zone(load::LoadOptions().zoneinfo, name));
  return std::move(read.zone);
}

Result<Evaluated> run(const std::string& expression, const cel::TypeEnv& environment, const Values& values,
                      cel::Typing typing) {
  cel::Compiled compiled = cel::compile(expression, environment, {zone, cel::Want::any_value, typing});
  if (compiled.program == nullptr) {
    std::string all;
    for (const cel::CompileError& error : compiled.errors) {
      all += fmt::format("{}column {}: {}", all.empty() ? "" : "\n", error.offset + 1, error.message);
      if (!error.help.empty()) all += fmt::format(" ({})", error.help);
    }
    return fail(std::move(all));
  }
  Evaluated evaluated{compiled.program, compiled.program->run(values)};
  if (!evaluated.outcome.value.is_value()) return fail(compiled.program->explain(evaluated.outcome.value));
  return evaluated;
}

// The value of the expression, its variables being expressions themselves.
Result<Evaluated> evaluate(const std::string& expression, const Variables& variables, cel::Typing typing,
                           std::vector<Evaluated>& kept) {
  cel::TypeEnv environment;
  Values values;
  for (const auto& [name, text] : variables) {
    auto value = run(text, {}, {}, typing);
    if (!value) return fail(fmt::format("variable `{}`: {}", printable(name), value.error().message));
    kept.push_back(std::move(*value));
    environment.declare(name, kept.back().program->type());
    values.add(kept.back().outcome.value);
  }
  return run(expression, environment, values, typing);
}

JsonValue typed(const char* type, JsonValue value) {
  return JsonValue(JsonValue::Object{{"type", type}, {"value", std::move(value)}});
}

JsonValue real_to_json(double value) {
  if (!std::isfinite(value)) return {cel::double_text(value)};
  return {value};
}

// {"type", "value"}, as docs/command-line.md has it.
JsonValue to_json(const cel::Value& value) {
  switch (value.kind()) {
    case cel::Kind::null:
      return typed("null", nullptr);
    case cel::Kind::bool_:
      return typed("bool", value.boolean());
    case cel::Kind::int_:
      return typed("int", fmt::format("{}", value.integer()));
    case cel::Kind::uint:
      return typed("uint", fmt::format("{}", value.unsigned_integer()));
    case cel::Kind::double_:
      return typed("double", real_to_json(value.real()));
    case cel::Kind::string:
      return typed("string", value.text());
    case cel::Kind::bytes:
      return typed("bytes", base64_encode(value.text()));
    case cel::Kind::timestamp:
      return typed("timestamp", to_rfc3339(value.timestamp()));
    case cel::Kind::duration:
      return typed("duration", cel::duration_text(value.nanos()));
    case cel::Kind::type:
      return typed("type", value.text());
    case cel::Kind::ip:
      return typed("ip", value.address().to_string());
    case cel::Kind::cidr:
      return typed("cidr", fmt::format("{}/{}", value.address().to_string(), value.prefix_length()));
    case cel::Kind::optional:
      return typed("optional", value.inner() ? to_json(*value.inner()) : JsonValue());
    case cel::Kind::list: {
      JsonValue::Array elements;
      for (std::size_t i = 0; i < value.size(); ++i) elements.push_back(to_json(value.element(i)));
      return typed("list", std::move(elements));
    }
    case cel::Kind::map: {
      JsonValue::Array pairs;
      for (std::size_t i = 0; i < value.size(); ++i) {
        pairs.push_back(JsonValue::Array{to_json(value.key(i)), to_json(value.value(i))});
      }
      return typed("map", std::move(pairs));
    }
    case cel::Kind::unknown:
    case cel::Kind::error:
      break;
  }
  return JsonValue(JsonValue::Object{{"error", cel::to_text(value)}});
}

JsonValue error_to_json(std::string_view message) { return JsonValue(JsonValue::Object{{"error", message}}); }

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
JsonValue answer_case(std::string_view line, cel::Typing typing) {
  const auto parsed = reader::parse_json(line);
  if (!parsed) return error_to_json(parsed.error().message);
  const JsonValue* const expression = parsed->find("expr");
  if (expression == nullptr || expression->as_string() == nullptr) return error_to_json("a case has an `expr`");
  const auto variables = variables_of(parsed->find("vars"));
  if (!variables) return error_to_json(variables.error().message);
  std::vector<Evaluated> kept;
  const auto evaluated = evaluate(*expression->as_string(), *variables, typing, kept);
  return evaluated ? to_json(evaluated->outcome.value) : error_to_json(evaluated.error().message);
}

ExitCode answer_cases(const Options& options, cel::Typing typing, Terminal& terminal) {
  const auto text = read_input(options.cases, kMostCasesBytes);
  if (!text) return failed(terminal, text.error().message);
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) write_json(terminal.out, answer_case(line, typing));
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
  const cel::Typing typing = options.check ? cel::Typing::checked : cel::Typing::dynamic;
  if (options.cases.empty() == options.expression.empty()) {
    return wrong_usage(terminal, "give either an expression or --cases; see `portreeve cel --help`");
  }
  if (!options.cases.empty()) return answer_cases(options, typing, terminal);
  const auto variables = variables_of(options.variables);
  if (!variables) return wrong_usage(terminal, variables.error().message);
  std::vector<Evaluated> kept;
  const auto evaluated = evaluate(options.expression, *variables, typing, kept);
  if (!evaluated) {
    if (options.json) write_json(terminal.out, error_to_json(evaluated.error().message));
    return failed(terminal, evaluated.error().message);
  }
  if (options.json)
    write_json(terminal.out, to_json(evaluated->outcome.value));
  else
    terminal.out.write(cel::to_text(evaluated->outcome.value) + "\n");
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
  app.add_flag("--check", options->check, "Check types first, as policies are checked when they are loaded");
  app.add_flag("--json", options->json, "The value with its type, as one JSON object");
  return [options](Terminal& terminal) { return cel_command(*options, terminal); };
}

}  // namespace portreeve::cli

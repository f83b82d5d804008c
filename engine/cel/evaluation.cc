#include "engine/cel/evaluation.h"

#include <fmt/format.h>

#include "engine/base/text.h"

namespace portreeve::cel {
namespace {

class Given : public Activation {
 public:
  explicit Given(const std::vector<Evaluated>& values) : values_(values) {}
  Value attribute(AttributeId id) const override { return values_[id.variable].value(); }

 private:
  const std::vector<Evaluated>& values_;  // in order of declaration
};

// True for `name` and `a.b.name`.
bool is_name(std::string_view text) {
  bool begins = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (begins ? !letter : !letter && !digit && c != '.') return false;
    begins = c == '.';
  }
  return !begins;
}

Result<Evaluated> run(const std::string& expression, const TypeEnv& environment, std::vector<Evaluated> variables,
                      const CompileOptions& options) {
  Compiled compiled = compile(expression, environment, options);
  if (compiled.program == nullptr) {
    std::string all;
    for (const CompileError& error : compiled.errors) {
      all += fmt::format("{}column {}: {}", all.empty() ? "" : "\n", error.offset + 1, error.message);
      if (!error.help.empty()) all += fmt::format(" ({})", error.help);
    }
    return fail(std::move(all));
  }
  Outcome outcome = compiled.program->run(Given(variables));
  if (!outcome.value.is_value()) return fail(compiled.program->explain(outcome.value));
  return Evaluated{std::move(compiled.program), std::move(outcome), std::move(variables)};
}

}  // namespace

Result<Evaluated> evaluate(const Question& question, const CompileOptions& options) {
  TypeEnv environment;
  std::vector<Evaluated> variables;
  if (question.variables.size() >= AttributeId::kWhole) {
    return fail(fmt::format("{} variables; at most {}", question.variables.size(), AttributeId::kWhole - 1));
  }
  CompileOptions any = options;
  any.want = Want::any_value;
  for (const auto& [name, expression] : question.variables) {
    if (!is_name(name)) return fail(fmt::format("`{}` is no variable's name", printable(name)));
    auto value = run(expression, {}, {}, any);
    if (!value) return fail(fmt::format("variable `{}`: {}", name, value.error().message));
    environment.declare(name, value->program->type());
    variables.push_back(std::move(*value));
  }
  return run(question.expression, environment, std::move(variables), any);
}

}  // namespace portreeve::cel

#include <fmt/format.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/checker.h"
#include "engine/cel/machine.h"
#include "engine/cel/parser.h"
#include "engine/cel/planner.h"

namespace portreeve::cel {
namespace {

// What a rule's condition must be beyond being well-typed: a bool, and one that hangs on the request.
void check_condition(const Program::Code& code, Range at, ErrorSink& errors) {
  if (!code.type.is_dyn() && code.type != Type::boolean()) {
    errors.add(at, fmt::format("a condition must be a bool, not {}", to_text(code.type)), "compare it with something");
    return;
  }
  if (code.nodes[code.root].op != Op::constant && !code.attributes.empty()) return;
  Arena arena;
  const Value value = Machine(code, nullptr, arena).eval(code.root);
  const std::string always = value.kind() == Kind::bool_ ? fmt::format("this condition is always {}", to_text(value))
                             : value.is_error()
                                 ? "this condition always fails: " + error_text(value)
                                 : fmt::format("a condition must be a bool, not {}", kind_name(value.kind()));
  errors.add(at, always, "leave out `when` where there is no condition");
}

}  // namespace

Compiled compile(std::string_view expression, const TypeEnv& environment, const CompileOptions& options) {
  ErrorSink errors;
  if (expression.size() > limits::kCelExpressionBytes) {
    errors.add(
        {}, fmt::format("the expression is {} bytes long; at most {}", expression.size(), limits::kCelExpressionBytes));
    return {nullptr, errors.take()};
  }
  if (!is_valid_utf8(expression)) {
    errors.add({}, "the expression is no valid UTF-8");
    return {nullptr, errors.take()};
  }
  const auto root = parse(expression, errors);
  if (!root) return {nullptr, errors.take()};
  check(*root, environment, options, errors);
  if (!errors.empty()) return {nullptr, errors.take()};
  auto code = plan(*root, expression, environment, options);
  if (code->cost > limits::kCelCost) {
    errors.add(root->at, fmt::format("the estimated cost is {}; at most {}", code->cost, limits::kCelCost),
               "nest fewer macros, or make their bodies smaller");
  }
  if (options.want == Want::condition) check_condition(*code, root->at, errors);
  if (!errors.empty()) return {nullptr, errors.take()};
  return {std::make_shared<const Program>(std::move(code)), {}};
}

}  // namespace portreeve::cel

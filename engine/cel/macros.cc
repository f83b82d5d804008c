#include "engine/cel/macros.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace portreeve::cel {
namespace {

using ExprPtr = std::unique_ptr<Expr>;

constexpr std::string_view kExample = "as in subject.groups.exists(g, g.startsWith(\"dev-\"))";

// How many arguments a macro takes after its range, with one variable or with two.
struct Shape {
  std::string_view name;
  std::size_t least_with_one, most_with_one;  // 0: never with one variable
  std::size_t least_with_two, most_with_two;
};
constexpr std::array<Shape, 11> kShapes = {{{"all", 2, 2, 3, 3},
                                            {"exists", 2, 2, 3, 3},
                                            {"exists_one", 2, 2, 3, 3},
                                            {"existsOne", 2, 2, 3, 3},
                                            {"map", 2, 3, 0, 0},
                                            {"filter", 2, 2, 0, 0},
                                            {"optMap", 2, 2, 0, 0},
                                            {"optFlatMap", 2, 2, 0, 0},
                                            {"transformList", 0, 0, 3, 4},
                                            {"transformMap", 0, 0, 3, 4},
                                            {"transformMapEntry", 0, 0, 3, 4}}};

std::nullptr_t fail_at(Range at, std::string message, std::string help, ErrorSink& errors) {
  errors.add(at, std::move(message), std::move(help));
  return nullptr;
}

ExprPtr has_macro(ExprPtr call, ErrorSink& errors) {
  if (call->args.size() != 1 || call->args[0]->kind != ExprKind::select || call->args[0]->optional) {
    return fail_at(call->at, "has() asks for one field", "as in has(subject.claims.department)", errors);
  }
  ExprPtr result = std::move(call->args[0]);
  result->kind = ExprKind::has;
  result->at = call->at;
  return result;
}

bool is_variable(const Expr& expr) { return expr.kind == ExprKind::identifier && !expr.absolute; }

// cel.bind(variable, value, body)
ExprPtr bind(ExprPtr call, ErrorSink& errors) {
  if (call->args.size() != 4 || !is_variable(*call->args[1])) {
    return fail_at(call->name_at, "cel.bind() takes a variable, its value and an expression",
                   "as in cel.bind(d, subject.claims.department, d == \"research\" || d == \"legal\")", errors);
  }
  call->kind = ExprKind::comprehension;
  call->variable = call->args[1]->name;
  call->args.erase(call->args.begin(), call->args.begin() + 2);
  return call;
}

// cel.block([members…], body), which optimisers write.
ExprPtr block(ExprPtr call, ErrorSink& errors) {
  if (call->args.size() != 3 || call->args[1]->kind != ExprKind::list) {
    return fail_at(call->name_at, "cel.block() takes a list and an expression", "", errors);
  }
  ExprPtr members = std::move(call->args[1]);
  members->args.push_back(std::move(call->args[2]));
  members->kind = ExprKind::block;
  members->at = call->at;
  members->name_at = call->name_at;
  for (const ExprPtr& arg : members->args) members->height = std::max(members->height, arg->height + 1);
  return members;
}

// cel.index(0), cel.iterVar(0, 0) and cel.accuVar(0, 0) name variables, by numbers.
ExprPtr numbered_variable(ExprPtr call, std::size_t numbers, ErrorSink& errors) {
  const bool literal = std::all_of(call->args.begin() + 1, call->args.end(), [](const ExprPtr& arg) {
    return arg->kind == ExprKind::literal && arg->literal.kind() == Kind::int_;
  });
  if (call->args.size() != numbers + 1 || !literal) {
    return fail_at(call->name_at,
                   fmt::format("cel.{}() takes {} int literal{}", call->name, numbers, numbers > 1 ? "s" : ""), "",
                   errors);
  }
  std::string name = fmt::format("cel.{}({}", call->name, call->args[1]->literal.integer());
  if (numbers > 1) name += fmt::format(", {}", call->args[2]->literal.integer());
  call->kind = ExprKind::identifier;
  call->name = name + ")";
  call->args.clear();
  return call;
}

ExprPtr in_cel_namespace(ExprPtr call, ErrorSink& errors) {
  if (call->name == "bind") return bind(std::move(call), errors);
  if (call->name == "block") return block(std::move(call), errors);
  if (call->name == "index") return numbered_variable(std::move(call), 1, errors);
  if (call->name == "iterVar" || call->name == "accuVar") return numbered_variable(std::move(call), 2, errors);
  return call;
}

ExprPtr comprehension(ExprPtr call, const Shape& shape, ErrorSink& errors) {
  const std::size_t count = call->args.size() - 1;
  const bool one = count >= shape.least_with_one && count <= shape.most_with_one;
  const bool two = count >= shape.least_with_two && count <= shape.most_with_two;
  if (!one && !two) {
    const char* const wants = shape.least_with_one == 0   ? "two variables and an expression"
                              : shape.least_with_two == 0 ? "a variable and an expression"
                                                          : "one or two variables and an expression";
    return fail_at(call->name_at, fmt::format("{}() takes {}", call->name, wants), std::string(kExample), errors);
  }
  static constexpr std::string_view kOrdinals[] = {"first", "second"};
  for (std::size_t i = 1; i <= (two ? 2u : 1u); ++i) {
    if (is_variable(*call->args[i])) continue;
    return fail_at(call->args[i]->at,
                   fmt::format("the {} argument of {}() names its variable", kOrdinals[i - 1], call->name),
                   std::string(kExample), errors);
  }
  call->variable = call->args[1]->name;
  if (two) call->second = call->args[2]->name;
  if (call->second == call->variable) {
    return fail_at(call->args[2]->at, fmt::format("{}() names both its variables `{}`", call->name, call->variable), "",
                   errors);
  }
  call->kind = ExprKind::comprehension;
  if (call->name == "existsOne") call->name = "exists_one";
  call->args.erase(call->args.begin() + 1, call->args.begin() + (two ? 3 : 2));
  return call;
}

}  // namespace

ExprPtr expanded(ExprPtr call, ErrorSink& errors) {
  if (!call->receiver) return call->name == "has" ? has_macro(std::move(call), errors) : std::move(call);
  if (is_variable(*call->args[0]) && call->args[0]->name == "cel") return in_cel_namespace(std::move(call), errors);
  const auto* const shape = std::find_if(kShapes.begin(), kShapes.end(),
                                         [&](const Shape& candidate) { return candidate.name == call->name; });
  return shape == kShapes.end() ? std::move(call) : comprehension(std::move(call), *shape, errors);
}

}  // namespace portreeve::cel

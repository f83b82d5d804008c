// Types of operators.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/diagnostic.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/checker_pass.h"

namespace portreeve::cel {

Type Checker::operation(Expr& expr) {
  const std::string& op = expr.name;
  if (op == "&&" || op == "||") return logic(expr);
  if (op == "!") return negation(expr);
  if (op == "-x") return minus(expr);
  if (op == "?:") return if_else(expr);
  if (op == "[]") return index(expr);
  const Type& a = expr.args[0]->type;
  const Type& b = expr.args[1]->type;
  if (op == "in") return membership(expr);
  if (op == "==" || op == "!=") {
    expr.op = op == "==" ? Op::equal : Op::not_equal;
    if (comparable(a, b)) return Type::boolean();
    return fail_at(expr.name_at,
                   fmt::format("`{}` compares {} with {}, which are never equal", op, to_text(a), to_text(b)));
  }
  if (op.front() == '<' || op.front() == '>') {
    expr.op = op == "<" ? Op::less : op == "<=" ? Op::less_equal : op == ">" ? Op::greater : Op::greater_equal;
    if (orderable(a, b)) return Type::boolean();
    return fail_at(expr.name_at, fmt::format("`{}` does not apply to {} and {}", op, to_text(a), to_text(b)));
  }
  expr.op = op == "+"   ? Op::add
            : op == "-" ? Op::subtract
            : op == "*" ? Op::multiply
            : op == "/" ? Op::divide
                        : Op::modulo;
  if (auto result = arithmetic(op, a, b)) return *result;
  return fail_at(expr.name_at, fmt::format("`{}` does not apply to {} and {}", op, to_text(a), to_text(b)),
                 arithmetic_help(a, b));
}

std::string Checker::arithmetic_help(const Type& a, const Type& b) {
  const auto number = [](const Type& type) {
    return type == Type::integer() || type == Type::unsigned_integer() || type == Type::real();
  };
  if (number(a) && number(b)) return "convert one of them: int(), uint() or double()";
  if (a == Type::string() || b == Type::string()) return "convert the other with string()";
  return {};
}

Type Checker::logic(Expr& expr) {
  expr.op = expr.name == "&&" ? Op::and_ : Op::or_;
  for (const auto& arg : expr.args) want_bool(*arg, fmt::format("`{}`", expr.name));
  return Type::boolean();
}

void Checker::want_bool(const Expr& expr, std::string_view whose) {
  if (expr.type.is_dyn() || expr.type == Type::boolean()) return;
  fail_at(expr.at, fmt::format("{} wants a bool, not {}", whose, to_text(expr.type)));
}

Type Checker::negation(Expr& expr) {
  expr.op = Op::not_;
  want_bool(*expr.args[0], "`!`");
  return Type::boolean();
}

Type Checker::minus(Expr& expr) {
  expr.op = Op::negate;
  const Type& of = expr.args[0]->type;
  if (of.is_dyn() || of == Type::integer() || of == Type::real()) return of;
  return fail_at(expr.name_at, fmt::format("`-` does not apply to {}", to_text(of)));
}

Type Checker::if_else(Expr& expr) {
  expr.op = Op::if_else;
  want_bool(*expr.args[0], "`?:`");
  const Type& yes = expr.args[1]->type;
  const Type& no = expr.args[2]->type;
  if (yes.is_dyn() || no.is_dyn()) return {};
  if (yes.kind() == no.kind()) return join(yes, no);
  return fail_at(expr.name_at, fmt::format("the branches of `?:` are {} and {}", to_text(yes), to_text(no)),
                 "wrap one of them in dyn() where that is meant");
}

Type Checker::index(Expr& expr) {
  expr.op = expr.optional ? Op::opt_index : Op::index;
  const Type& whole = expr.args[0]->type;
  const bool optional = expr.optional || whole.kind() == TypeKind::optional;
  Type element = element_at(expr, whole.kind() == TypeKind::optional ? whole.element() : whole);
  return optional ? Type::optional(std::move(element)) : element;
}

Type Checker::element_at(const Expr& expr, const Type& of) {
  const Type& at = expr.args[1]->type;
  if (of.is_dyn()) return {};
  if (of.kind() == TypeKind::list) {
    if (comparable(at, Type::integer())) return of.element();
    return fail_at(expr.args[1]->at, fmt::format("a list's index is an int, not {}", to_text(at)));
  }
  if (of.kind() == TypeKind::map) {
    if (comparable(of.key(), at)) return of.element();
    return fail_at(expr.args[1]->at, fmt::format("keys of {} are no {}", to_text(of), to_text(at)));
  }
  return fail_at(expr.args[0]->at, fmt::format("{} cannot be indexed", to_text(of)));
}

Type Checker::membership(Expr& expr) {
  expr.op = Op::in;
  const Type& a = expr.args[0]->type;
  const Type& b = expr.args[1]->type;
  if (b.is_dyn()) return Type::boolean();
  if (b.kind() != TypeKind::list && b.kind() != TypeKind::map) {
    return fail_at(expr.name_at, fmt::format("`in` wants a list or a map on its right, not {}", to_text(b)),
                   b == Type::string() ? "for a part of a string write .contains()" : "");
  }
  if (!comparable(a, b.kind() == TypeKind::list ? b.element() : b.key())) {
    return fail_at(expr.name_at, fmt::format("{} is never in {}", to_text(a), to_text(b)));
  }
  return Type::boolean();
}

}  // namespace portreeve::cel

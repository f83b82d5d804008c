#include "engine/cel/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/diagnostic.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/overloads.h"
#include "engine/cel/regex.h"
#include "engine/cel/strings.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {
namespace {

struct TypeConstant {
  std::string_view name;
  std::string_view value;
};
constexpr TypeConstant kTypeConstants[] = {
    {"bool", "bool"},   {"int", "int"},   {"uint", "uint"}, {"double", "double"}, {"string", "string"},
    {"bytes", "bytes"}, {"list", "list"}, {"map", "map"},   {"type", "type"},     {"null_type", "null_type"}};

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view near = closest(word, known);
  return near.empty() ? std::string() : fmt::format("did you mean `{}`?", near);
}

class Checker {
 public:
  Checker(const TypeEnv& environment, const CompileOptions& options, ErrorSink& errors)
      : environment_(environment), options_(options), errors_(errors), overloads_(overloads()) {}

  void check(Expr& expr) { expr.type = type_of(expr); }

 private:
  Type type_of(Expr& expr) {
    switch (expr.kind) {
      case ExprKind::literal:
        expr.op = Op::constant;
        return literal_type(expr.literal.kind());
      case ExprKind::identifier:
        return identifier(expr);
      case ExprKind::select:
      case ExprKind::has:
        return selection(expr);
      case ExprKind::call:
        return call(expr);
      case ExprKind::operator_:
        for (const auto& arg : expr.args) check(*arg);
        return operation(expr);
      case ExprKind::list:
        return list(expr);
      case ExprKind::map:
        return map(expr);
      case ExprKind::comprehension:
        return comprehension(expr);
    }
    return {};
  }

  static Type literal_type(Kind kind) {
    switch (kind) {
      case Kind::null:
        return TypeKind::null;
      case Kind::bool_:
        return TypeKind::bool_;
      case Kind::int_:
        return TypeKind::int_;
      case Kind::uint:
        return TypeKind::uint;
      case Kind::double_:
        return TypeKind::double_;
      case Kind::string:
        return TypeKind::string;
      case Kind::bytes:
        return TypeKind::bytes;
      case Kind::unknown:
      case Kind::error:
      case Kind::timestamp:
      case Kind::duration:
      case Kind::list:
      case Kind::map:
      case Kind::type:
        break;
    }
    return {};
  }

  Type fail_at(Range at, std::string message, std::string help = {}) {
    errors_.add(at, std::move(message), std::move(help));
    return {};
  }

  Type identifier(Expr& expr) {
    if (!expr.absolute) {
      for (std::size_t i = scopes_.size(); i-- > 0;) {
        if (scopes_[i].name != expr.name) continue;
        expr.op = Op::local;
        expr.slot = static_cast<std::uint32_t>(i);
        return scopes_[i].type;
      }
    }
    if (const auto slot = environment_.find_variable(expr.name)) {
      const Type& type = environment_.variables()[*slot].type;
      if (type.kind() == TypeKind::object) {
        errors_.unsupported(expr.at, fmt::format("`{}` as a whole", expr.name));
        return {};
      }
      expr.op = Op::attribute;
      expr.attribute = {*slot, AttributeId::kWhole};
      return type;
    }
    for (const TypeConstant& constant : kTypeConstants) {
      if (constant.name != expr.name) continue;
      expr.op = Op::constant;
      expr.literal = Value::type(constant.value);
      return TypeKind::type;
    }
    std::vector<std::string_view> known;
    for (const auto& variable : environment_.variables()) known.push_back(variable.name);
    for (const Scope& scope : scopes_) known.push_back(scope.name);
    return fail_at(expr.at, fmt::format("unknown variable `{}`", expr.name), did_you_mean(expr.name, known));
  }

  // The object type of an expression that is a variable with named fields; nullptr for any other.
  const TypeEnv::Object* object_variable(const Expr& expr, std::uint16_t& slot) const {
    if (expr.kind != ExprKind::identifier) return nullptr;
    const auto is_local = [&](const Scope& scope) { return !expr.absolute && scope.name == expr.name; };
    if (std::any_of(scopes_.begin(), scopes_.end(), is_local)) return nullptr;
    const auto found = environment_.find_variable(expr.name);
    if (!found) return nullptr;
    slot = *found;
    const Type& type = environment_.variables()[slot].type;
    return type.kind() == TypeKind::object ? environment_.object(type.object_name()) : nullptr;
  }

  Type selection(Expr& expr) {
    const bool has = expr.kind == ExprKind::has;
    std::uint16_t slot = 0;
    if (const TypeEnv::Object* object = object_variable(*expr.args[0], slot)) {
      for (std::size_t i = 0; i < object->fields.size(); ++i) {
        if (object->fields[i].name != expr.name) continue;
        expr.op = has ? Op::has_attribute : Op::attribute;
        expr.attribute = {slot, static_cast<std::uint16_t>(i)};
        return has ? Type::boolean() : object->fields[i].type;
      }
      return unknown_field(expr, *object);
    }
    if (const std::string name = has ? std::string() : dotted_name(expr); name.starts_with("google.protobuf.")) {
      for (const std::string_view known : {"google.protobuf.Timestamp", "google.protobuf.Duration"}) {
        if (name != known || environment_.find_variable("google")) continue;
        expr.op = Op::constant;
        expr.literal = Value::type(known);
        return TypeKind::type;
      }
    }
    check(*expr.args[0]);
    const Type& of = expr.args[0]->type;
    expr.op = has ? Op::has_key : Op::select;
    if (!of.is_dyn() && of.kind() != TypeKind::map) {
      return fail_at(expr.name_at, fmt::format("{} has no fields, so no `{}`", to_text(of), printable(expr.name, 40)));
    }
    if (of.kind() == TypeKind::map && !comparable(of.key(), Type::string())) {
      return fail_at(expr.name_at, fmt::format("keys of {} are no strings", to_text(of)));
    }
    return has ? Type::boolean() : of.element();
  }

  // `a.b.c` of a chain of names; empty for any other expression.
  static std::string dotted_name(const Expr& expr) {
    if (expr.kind == ExprKind::identifier) return expr.name;
    if (expr.kind != ExprKind::select) return {};
    const std::string before = dotted_name(*expr.args[0]);
    return before.empty() ? before : before + "." + expr.name;
  }

  Type unknown_field(const Expr& expr, const TypeEnv::Object& object) {
    std::vector<std::string_view> known;
    std::string all;
    for (const auto& field : object.fields) {
      known.push_back(field.name);
      all += (all.empty() ? "" : ", ") + field.name;
    }
    std::string help = did_you_mean(expr.name, known);
    if (help.empty()) help = fmt::format("it has {}", all);
    return fail_at(expr.name_at, fmt::format("`{}` has no field `{}`", expr.args[0]->name, printable(expr.name, 40)),
                   help);
  }

  Type list(Expr& expr) {
    expr.op = Op::list;
    for (const auto& arg : expr.args) check(*arg);
    if (expr.args.empty()) return Type::list({});
    Type element = expr.args[0]->type;
    for (const auto& arg : expr.args) element = join(element, arg->type);
    return Type::list(element);
  }

  Type map(Expr& expr) {
    expr.op = Op::map;
    for (const auto& arg : expr.args) check(*arg);
    if (expr.args.empty()) return Type::map({}, {});
    Type key = expr.args[0]->type;
    Type value = expr.args[1]->type;
    for (std::size_t i = 0; i < expr.args.size(); i += 2) {
      const Type& found = expr.args[i]->type;
      const bool fits = found.is_dyn() || found.kind() == TypeKind::bool_ || found.kind() == TypeKind::int_ ||
                        found.kind() == TypeKind::uint || found.kind() == TypeKind::string;
      if (!fits)
        fail_at(expr.args[i]->at,
                fmt::format("a map's key must be a bool, int, uint or string, not {}", to_text(found)));
      key = join(key, found);
      value = join(value, expr.args[i + 1]->type);
    }
    return Type::map(key, value);
  }

  Type operation(Expr& expr) {
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

  static std::string arithmetic_help(const Type& a, const Type& b) {
    const auto number = [](const Type& type) {
      return type == Type::integer() || type == Type::unsigned_integer() || type == Type::real();
    };
    if (number(a) && number(b)) return "convert one of them: int(), uint() or double()";
    if (a == Type::string() || b == Type::string()) return "convert the other with string()";
    return {};
  }

  Type logic(Expr& expr) {
    expr.op = expr.name == "&&" ? Op::and_ : Op::or_;
    for (const auto& arg : expr.args) want_bool(*arg, fmt::format("`{}`", expr.name));
    return Type::boolean();
  }

  void want_bool(const Expr& expr, std::string_view whose) {
    if (expr.type.is_dyn() || expr.type == Type::boolean()) return;
    fail_at(expr.at, fmt::format("{} wants a bool, not {}", whose, to_text(expr.type)));
  }

  Type negation(Expr& expr) {
    expr.op = Op::not_;
    want_bool(*expr.args[0], "`!`");
    return Type::boolean();
  }

  Type minus(Expr& expr) {
    expr.op = Op::negate;
    const Type& of = expr.args[0]->type;
    if (of.is_dyn() || of == Type::integer() || of == Type::real()) return of;
    return fail_at(expr.name_at, fmt::format("`-` does not apply to {}", to_text(of)));
  }

  Type if_else(Expr& expr) {
    expr.op = Op::if_else;
    want_bool(*expr.args[0], "`?:`");
    const Type& yes = expr.args[1]->type;
    const Type& no = expr.args[2]->type;
    if (yes.is_dyn() || no.is_dyn()) return {};
    if (yes.kind() == no.kind()) return join(yes, no);
    return fail_at(expr.name_at, fmt::format("the branches of `?:` are {} and {}", to_text(yes), to_text(no)),
                   "wrap one of them in dyn() where that is meant");
  }

  Type index(Expr& expr) {
    expr.op = Op::index;
    const Type& of = expr.args[0]->type;
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

  Type membership(Expr& expr) {
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

  Type comprehension(Expr& expr) {
    expr.op = expr.name == "all"          ? Op::all
              : expr.name == "exists"     ? Op::exists
              : expr.name == "exists_one" ? Op::exists_one
              : expr.name == "map"        ? Op::transform
                                          : Op::filter;
    check(*expr.args[0]);
    const Type range = expr.args[0]->type;
    if (!range.is_dyn() && range.kind() != TypeKind::list && range.kind() != TypeKind::map) {
      fail_at(expr.args[0]->at, fmt::format("{}() goes over a list or a map, not {}", expr.name, to_text(range)));
    }
    const Type element = range.kind() == TypeKind::map ? range.key() : range.element();
    if (scopes_.size() == limits::kCelMacroDepth) {
      return fail_at(expr.name_at,
                     fmt::format("macros nest {} deep; at most {}", scopes_.size() + 1, limits::kCelMacroDepth));
    }
    scopes_.push_back({expr.variable, element});
    expr.slot = static_cast<std::uint32_t>(scopes_.size() - 1);
    for (std::size_t i = 1; i < expr.args.size(); ++i) check(*expr.args[i]);
    scopes_.pop_back();
    const bool transform = expr.op == Op::transform;
    for (std::size_t i = 1; i < expr.args.size() - (transform ? 1 : 0); ++i) {
      want_bool(*expr.args[i], fmt::format("{}()", expr.name));
    }
    if (transform) return Type::list(expr.args.back()->type);
    if (expr.op == Op::filter) return Type::list(element);
    return Type::boolean();
  }

  Type call(Expr& expr) {
    if (is_namespaced(expr)) {
      errors_.unsupported(expr.at, fmt::format("{}.{}()", expr.args[0]->name, expr.name));
      return {};
    }
    std::vector<const Overload*> named;
    for (const Overload& overload : overloads_) {
      if (overload.name == expr.name && overload.receiver == expr.receiver) named.push_back(&overload);
    }
    if (named.empty() && is_planned_function(expr.name)) {
      if (expr.receiver) check(*expr.args[0]);
      errors_.unsupported(expr.name_at, expr.name + "()");
      return {};
    }
    for (const auto& arg : expr.args) check(*arg);
    if (named.empty()) return unknown_function(expr);
    std::vector<const Overload*> fitting;
    for (const Overload* overload : named) {
      bool fits = overload->params.size() == expr.args.size();
      for (std::size_t i = 0; fits && i < expr.args.size(); ++i) fits = accepts(*overload, i, expr.args[i]->type);
      if (fits) fitting.push_back(overload);
    }
    if (fitting.empty()) return no_overload(expr, named);
    expr.op = Op::call;
    expr.function = fitting[0]->function;
    check_literals(expr);
    Type result = result_of(*fitting[0]);
    for (const Overload* overload : fitting) result = join(result, result_of(*overload));
    return result;
  }

  bool is_namespaced(const Expr& expr) const {
    if (!expr.receiver || expr.args[0]->kind != ExprKind::identifier) return false;
    const std::string& name = expr.args[0]->name;
    const auto is_local = [&](const Scope& scope) { return scope.name == name; };
    return is_planned_namespace(name) && !environment_.find_variable(name) &&
           std::none_of(scopes_.begin(), scopes_.end(), is_local);
  }

  Type unknown_function(const Expr& expr) {
    std::vector<std::string_view> known = {"has"};
    if (expr.receiver) known = {"all", "exists", "exists_one", "map", "filter"};
    for (const Overload& overload : overloads_) {
      if (overload.receiver == expr.receiver) known.push_back(overload.name);
      if (overload.name == expr.name) {
        return fail_at(expr.name_at, fmt::format("unknown function `{}`", expr.name),
                       "write it as " + signature(overload));
      }
    }
    return fail_at(expr.name_at, fmt::format("unknown function `{}`", printable(expr.name, 40)),
                   did_you_mean(expr.name, known));
  }

  Type no_overload(const Expr& expr, const std::vector<const Overload*>& named) {
    std::string given;
    for (const auto& arg : expr.args) given += (given.empty() ? "" : ", ") + to_text(arg->type);
    std::string known;
    for (const Overload* overload : named) known += (known.empty() ? "there is " : ", ") + signature(*overload);
    return fail_at(expr.name_at, fmt::format("`{}` does not apply to ({})", expr.name, given), std::move(known));
  }

  // Literals whose form can be judged now, so that a mistake in them never waits for a request.
  void check_literals(Expr& expr) {
    Expr& last = *expr.args.back();
    if (expr.function >= Function::get_full_year && expr.args.size() == 2) return check_zone(expr, last);
    if (!is_string_literal(last)) return;
    const std::string_view text = last.literal.text();
    if (expr.function == Function::to_timestamp) {
      if (const auto parsed = Timestamp::parse(text); !parsed) fail_at(last.at, parsed.error().message);
    } else if (expr.function == Function::to_duration) {
      if (const auto parsed = parse_duration_nanos(text); !parsed) fail_at(last.at, parsed.error().message);
    } else if (expr.function == Function::matches) {
      auto regex = Regex::compile(text);
      if (!regex) return static_cast<void>(fail_at(last.at, regex.error().message));
      expr.function = Function::matches_literal;
      expr.regex = std::make_shared<const Regex>(std::move(*regex));
    } else if (expr.function == Function::under && !is_domain(text)) {
      fail_at(last.at, fmt::format("`{}` is no domain", printable(text, 60)),
              "write it as \"example.com\", without wildcard or dot around it");
    }
  }

  void check_zone(Expr& expr, const Expr& name) {
    if (!is_string_literal(name)) {
      fail_at(name.at, "a time zone must be a string literal", "so that it can be checked when the policy is loaded");
      return;
    }
    const std::string text(name.literal.text());
    if (const auto fixed = Zone::fixed(text)) {
      expr.zone = std::make_shared<const Zone>(*fixed);
      return;
    }
    if (!zones_.contains(text)) {
      zones_[text] =
          options_.zones ? options_.zones(text) : fail(fmt::format("unknown time zone `{}`", printable(text, 60)));
    }
    const auto& zone = zones_[text];
    if (!zone) {
      fail_at(name.at, zone.error().message);
      return;
    }
    expr.zone = *zone;
  }

  struct Scope {
    std::string name;
    Type type;
  };

  const TypeEnv& environment_;
  const CompileOptions& options_;
  ErrorSink& errors_;
  const std::vector<Overload> overloads_;
  std::vector<Scope> scopes_;
  std::map<std::string, Result<std::shared_ptr<const Zone>>> zones_;
};

}  // namespace

void check(Expr& root, const TypeEnv& environment, const CompileOptions& options, ErrorSink& errors) {
  Checker(environment, options, errors).check(root);
}

}  // namespace portreeve::cel

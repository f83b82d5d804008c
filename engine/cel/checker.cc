#include "engine/cel/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/diagnostic.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/checker_pass.h"

namespace portreeve::cel {
namespace {

constexpr std::string_view kTypeNames[] = {"bool",
                                           "int",
                                           "uint",
                                           "double",
                                           "string",
                                           "bytes",
                                           "list",
                                           "map",
                                           "type",
                                           "null_type",
                                           "optional_type",
                                           "google.protobuf.Timestamp",
                                           "google.protobuf.Duration",
                                           "net.IP",
                                           "net.CIDR"};

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view near = closest(word, known);
  return near.empty() ? std::string() : fmt::format("did you mean `{}`?", near);
}

void Checker::check(Expr& expr) {
  Type found = type_of(expr);
  // Where every type is dyn, nothing is ever found not to fit.
  expr.type = options_.typing == Typing::dynamic ? Type::dyn() : std::move(found);
}

Type Checker::type_of(Expr& expr) {
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
    case ExprKind::entry_if_any:
      return entry_if_any(expr);
    case ExprKind::comprehension:
      return comprehension(expr);
    case ExprKind::block:
      return block(expr);
  }
  return {};
}

Type Checker::literal_type(Kind kind) {
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
    case Kind::optional:
    case Kind::ip:
    case Kind::cidr:
      break;
  }
  return {};
}

Type Checker::fail_at(Range at, std::string message, std::string help) {
  errors_.add(at, std::move(message), std::move(help));
  return {};
}

Type Checker::unresolved(Expr& expr, std::string message, std::string help) {
  if (options_.typing == Typing::checked) return fail_at(expr.name_at, std::move(message), std::move(help));
  expr.text = help.empty() ? std::move(message) : fmt::format("{} ({})", message, help);
  expr.op = Op::constant;
  expr.literal = Value::error(ErrorCode::unresolved, expr.text);
  return {};
}

// CEL resolves a name in its container first, then in the container's parents, at last by itself.
bool Checker::resolve(Expr& expr, std::string_view name, bool absolute) {
  std::string_view container = absolute ? std::string_view() : std::string_view(options_.container);
  for (;;) {
    const std::string whole = container.empty() ? std::string(name) : fmt::format("{}.{}", container, name);
    if (const auto slot = environment_.find_variable(whole)) {
      expr.op = Op::attribute;
      expr.attribute = {*slot, AttributeId::kWhole};
      return true;
    }
    const auto* const type = std::find(std::begin(kTypeNames), std::end(kTypeNames), whole);
    if (type != std::end(kTypeNames)) {
      expr.op = Op::constant;
      expr.literal = Value::type(*type);
      return true;
    }
    if (container.empty()) return false;
    const std::size_t dot = container.rfind('.');
    container = container.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
}

Type Checker::identifier(Expr& expr) {
  if (!expr.absolute) {
    for (std::size_t i = scopes_.size(); i-- > 0;) {
      if (scopes_[i].name != expr.name) continue;
      expr.op = Op::local;
      expr.slot = static_cast<std::uint32_t>(i);
      return scopes_[i].type;
    }
  }
  if (resolve(expr, expr.name, expr.absolute)) {
    if (expr.op == Op::constant) return TypeKind::type;
    const Type& type = environment_.type_of(expr.attribute);
    if (type.kind() != TypeKind::object) return type;
    return fail_at(expr.at, fmt::format("not supported: `{}` as a whole", expr.name));
  }
  std::vector<std::string_view> known;
  for (const auto& variable : environment_.variables()) known.push_back(variable.name);
  for (const Scope& scope : scopes_) known.push_back(scope.name);
  return unresolved(expr, fmt::format("unknown variable `{}`", expr.name), did_you_mean(expr.name, known));
}

bool Checker::is_local(std::string_view name) const {
  return std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) { return scope.name == name; });
}

const TypeEnv::Object* Checker::object_variable(const Expr& expr, std::uint16_t& slot) const {
  if (expr.kind != ExprKind::identifier) return nullptr;
  if (!expr.absolute && is_local(expr.name)) return nullptr;
  const auto found = environment_.find_variable(expr.name);
  if (!found) return nullptr;
  slot = *found;
  const Type& type = environment_.variables()[slot].type;
  return type.kind() == TypeKind::object ? environment_.object(type.object_name()) : nullptr;
}

Type Checker::selection(Expr& expr) {
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
  bool absolute = false;
  const std::string name = has ? std::string() : dotted_name(expr, absolute);
  if (!name.empty() && resolve(expr, name, absolute)) {
    return expr.op == Op::constant ? TypeKind::type : environment_.type_of(expr.attribute);
  }
  check(*expr.args[0]);
  const Type& whole = expr.args[0]->type;
  const bool optional = expr.optional || whole.kind() == TypeKind::optional;
  const Type of = whole.kind() == TypeKind::optional ? whole.element() : whole;
  expr.op = has ? Op::has_key : expr.optional ? Op::opt_select : Op::select;
  if (!of.is_dyn() && of.kind() != TypeKind::map) {
    return fail_at(expr.name_at, fmt::format("{} has no fields, so no `{}`", to_text(of), printable(expr.name, 40)));
  }
  if (of.kind() == TypeKind::map && !comparable(of.key(), Type::string())) {
    return fail_at(expr.name_at, fmt::format("keys of {} are no strings", to_text(of)));
  }
  if (has) return Type::boolean();
  return optional ? Type::optional(of.element()) : of.element();
}

std::string Checker::dotted_name(const Expr& expr, bool& absolute) const {
  if (expr.kind == ExprKind::identifier) {
    absolute = expr.absolute;
    return !expr.absolute && is_local(expr.name) ? std::string() : expr.name;
  }
  if (expr.kind != ExprKind::select || expr.optional) return {};
  const std::string before = dotted_name(*expr.args[0], absolute);
  return before.empty() ? before : before + "." + expr.name;
}

Type Checker::unknown_field(const Expr& expr, const TypeEnv::Object& object) {
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

Type Checker::list(Expr& expr) {
  expr.op = Op::list;
  for (const auto& arg : expr.args) check(*arg);
  if (expr.args.empty()) return Type::list(Type::open());
  Type element = expr.args[0]->type;
  for (const auto& arg : expr.args) element = join(element, arg->type);
  return Type::list(element);
}

Type Checker::map(Expr& expr) {
  expr.op = Op::map;
  for (const auto& arg : expr.args) check(*arg);
  if (expr.args.empty()) return Type::map(Type::open(), Type::open());
  // A key that cannot be one is dyn from here on, which also keeps the type's size in the number of its levels.
  Type key;
  Type value = expr.args[1]->type;
  for (std::size_t i = 0; i < expr.args.size(); i += 2) {
    const Type& found = expr.args[i]->type;
    const bool fits = found.is_dyn() || found.kind() == TypeKind::bool_ || found.kind() == TypeKind::int_ ||
                      found.kind() == TypeKind::uint || found.kind() == TypeKind::string;
    if (!fits)
      fail_at(expr.args[i]->at, fmt::format("a map's key must be a bool, int, uint or string, not {}", to_text(found)));
    key = !fits ? Type::dyn() : i == 0 ? found : join(key, found);
    value = join(value, expr.args[i + 1]->type);
  }
  return Type::map(key, value);
}

Type Checker::entry_if_any(Expr& expr) {
  expr.op = Op::entry_if_any;
  check(*expr.args[0]);
  return inner_of(*expr.args[0], "`?`");
}

Type Checker::inner_of(const Expr& expr, std::string_view whose) {
  if (expr.type.is_dyn() || expr.type.kind() == TypeKind::optional) return expr.type.element();
  return fail_at(expr.at, fmt::format("{} wants an optional, not {}", whose, to_text(expr.type)));
}

void check(Expr& root, const TypeEnv& environment, const CompileOptions& options, ErrorSink& errors) {
  Checker(environment, options, errors).check(root);
}

}  // namespace portreeve::cel

// Types of functions and macros, and literals whose form can be judged now.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/diagnostic.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/checker_pass.h"
#include "engine/cel/network.h"
#include "engine/cel/regex.h"
#include "engine/cel/strings.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {

Type Checker::comprehension(Expr& expr) {
  if (expr.name == "bind" || expr.name == "optMap" || expr.name == "optFlatMap") return binding(expr);
  expr.op = expr.name == "all"                 ? Op::all
            : expr.name == "exists"            ? Op::exists
            : expr.name == "exists_one"        ? Op::exists_one
            : expr.name == "filter"            ? Op::filter
            : expr.name == "transformMap"      ? Op::transform_map
            : expr.name == "transformMapEntry" ? Op::transform_entries
                                               : Op::transform;
  check(*expr.args[0]);
  const Type range = expr.args[0]->type;
  if (!range.is_dyn() && range.kind() != TypeKind::list && range.kind() != TypeKind::map) {
    fail_at(expr.args[0]->at, fmt::format("{}() goes over a list or a map, not {}", expr.name, to_text(range)));
  }
  const bool pair = !expr.second.empty();
  const Type key = range.kind() == TypeKind::map    ? range.key()
                   : range.kind() == TypeKind::list ? Type::integer()
                                                    : Type::dyn();
  const Type element = pair ? key : range.kind() == TypeKind::map ? range.key() : range.element();
  if (!check_within(expr, element, range.element())) return {};
  const bool transform = expr.op == Op::transform || expr.op == Op::transform_map || expr.op == Op::transform_entries;
  for (std::size_t i = 1; i < expr.args.size() - (transform ? 1 : 0); ++i) {
    want_bool(*expr.args[i], fmt::format("{}()", expr.name));
  }
  const Type& body = expr.args.back()->type;
  if (expr.op == Op::transform) return Type::list(body);
  if (expr.op == Op::filter) return Type::list(element);
  if (expr.op == Op::transform_map) return Type::map(key, body);
  if (expr.op != Op::transform_entries) return Type::boolean();
  if (body.is_dyn() || body.kind() == TypeKind::map) return Type::map(body.key(), body.element());
  return fail_at(expr.args.back()->at,
                 fmt::format("transformMapEntry() makes of each element a map, not {}", to_text(body)));
}

bool Checker::check_within(Expr& expr, const Type& variable, const Type& second) {
  if (depth_ == limits::kCelMacroDepth) {
    fail_at(expr.name_at, fmt::format("macros nest {} deep; at most {}", depth_ + 1, limits::kCelMacroDepth));
    return false;
  }
  ++depth_;
  expr.slot = enter(expr.variable, variable);
  const std::size_t outside = expr.slot;
  if (!expr.second.empty()) enter(expr.second, second);
  for (std::size_t i = 1; i < expr.args.size(); ++i) check(*expr.args[i]);
  scopes_.resize(outside);
  --depth_;
  return true;
}

std::uint32_t Checker::enter(std::string name, Type type) {
  scopes_.push_back({std::move(name), std::move(type)});
  return static_cast<std::uint32_t>(scopes_.size() - 1);
}

Type Checker::block(Expr& expr) {
  expr.op = Op::block;
  expr.slot = static_cast<std::uint32_t>(scopes_.size());
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    check(*expr.args[i]);
    if (i + 1 < expr.args.size()) enter(fmt::format("cel.index({})", i), expr.args[i]->type);
  }
  scopes_.resize(expr.slot);
  return expr.args.back()->type;
}

Type Checker::binding(Expr& expr) {
  expr.op = expr.name == "bind" ? Op::bind : expr.name == "optMap" ? Op::opt_map : Op::opt_flat_map;
  check(*expr.args[0]);
  const Type variable = expr.op == Op::bind ? expr.args[0]->type : inner_of(*expr.args[0], expr.name + "()");
  if (!check_within(expr, variable, {})) return {};
  const Expr& body = *expr.args[1];
  if (expr.op == Op::bind) return body.type;
  if (expr.op == Op::opt_map) return Type::optional(body.type);
  const Type held = inner_of(body, "optFlatMap()");
  return body.type.kind() == TypeKind::optional ? body.type : held;
}

Type Checker::alternative(Expr& expr) {
  expr.op = expr.name == "or" ? Op::or_optional : Op::or_value;
  for (const auto& arg : expr.args) check(*arg);
  const Type held = inner_of(*expr.args[0], expr.name + "()");
  if (expr.op == Op::or_value) return join(held, expr.args[1]->type);
  return Type::optional(join(held, inner_of(*expr.args[1], "or()")));
}

void Checker::take_namespace(Expr& expr) const {
  if (!expr.receiver || expr.args[0]->kind != ExprKind::identifier || is_local(expr.args[0]->name)) return;
  const std::string whole = expr.args[0]->name + "." + expr.name;
  const auto is_named = [&](const Overload& overload) { return overload.name == whole; };
  if (std::none_of(overloads_.begin(), overloads_.end(), is_named)) return;
  expr.name = whole;
  expr.receiver = false;
  expr.args.erase(expr.args.begin());
  if ((whole != "math.greatest" && whole != "math.least") || expr.args.size() < 2) return;
  auto list = std::make_unique<Expr>();
  list->kind = ExprKind::list;
  list->at = list->name_at = {expr.args.front()->at.begin, expr.args.back()->at.end};
  list->args = std::move(expr.args);
  expr.args.clear();
  expr.args.push_back(std::move(list));
}

Type Checker::call(Expr& expr) {
  take_namespace(expr);
  if (is_namespaced(expr)) {
    return unresolved(expr, fmt::format("not supported: {}.{}()", expr.args[0]->name, expr.name), {});
  }
  if (expr.receiver && expr.args.size() == 2 && (expr.name == "or" || expr.name == "orValue")) {
    return alternative(expr);
  }
  std::vector<const Overload*> named;
  for (const Overload& overload : overloads_) {
    if (overload.name == expr.name && overload.receiver == expr.receiver) named.push_back(&overload);
  }
  if (named.empty() && is_planned_function(expr.name)) {
    if (expr.receiver) check(*expr.args[0]);
    return unresolved(expr, fmt::format("not supported: {}()", expr.name), {});
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
  std::vector<Type> given;
  for (const auto& arg : expr.args) given.push_back(arg->type);
  Type result = result_for(*fitting[0], given);
  for (const Overload* overload : fitting) result = join(result, result_for(*overload, given));
  return result;
}

bool Checker::is_namespaced(const Expr& expr) const {
  if (!expr.receiver || expr.args[0]->kind != ExprKind::identifier) return false;
  const std::string& name = expr.args[0]->name;
  return is_planned_namespace(name) && !environment_.find_variable(name) && !is_local(name);
}

Type Checker::unknown_function(Expr& expr) {
  std::vector<std::string_view> known = {"has"};
  if (expr.receiver) known = {"all", "exists", "exists_one", "map", "filter"};
  for (const Overload& overload : overloads_) {
    if (overload.receiver == expr.receiver) known.push_back(overload.name);
    if (overload.name == expr.name) {
      return unresolved(expr, fmt::format("unknown function `{}`", expr.name), "write it as " + signature(overload));
    }
  }
  return unresolved(expr, fmt::format("unknown function `{}`", printable(expr.name, 40)),
                    did_you_mean(expr.name, known));
}

Type Checker::no_overload(Expr& expr, const std::vector<const Overload*>& named) {
  std::string given;
  for (const auto& arg : expr.args) given += (given.empty() ? "" : ", ") + to_text(arg->type);
  std::string known;
  for (const Overload* overload : named) known += (known.empty() ? "there is " : ", ") + signature(*overload);
  return unresolved(expr, fmt::format("`{}` does not apply to ({})", expr.name, given), std::move(known));
}

void Checker::check_literals(Expr& expr) {
  if (expr.args.empty()) return;
  Expr& last = *expr.args.back();
  if (expr.function >= Function::get_full_year && expr.args.size() == 2) return check_zone(expr, last);
  if (!is_string_literal(last)) return;
  const std::string_view text = last.literal.text();
  if (options_.typing == Typing::dynamic && expr.function != Function::matches) return;
  if (expr.function == Function::to_timestamp) {
    if (const auto parsed = Timestamp::parse(text); !parsed) fail_at(last.at, parsed.error().message);
  } else if (expr.function == Function::to_duration) {
    if (const auto parsed = parse_duration_nanos(text); !parsed) fail_at(last.at, parsed.error().message);
  } else if (expr.function == Function::matches) {
    auto regex = Regex::compile(text);
    if (!regex && options_.typing == Typing::dynamic) return;
    if (!regex) return static_cast<void>(fail_at(last.at, regex.error().message));
    expr.function = Function::matches_literal;
    expr.regex = std::make_shared<const Regex>(std::move(*regex));
  } else if ((expr.function == Function::ip || expr.function == Function::is_public ||
              expr.function == Function::contains_ip) &&
             !parse_ip(text)) {
    fail_at(last.at, fmt::format("`{}` is no IP address", printable(text, 60)));
  } else if ((expr.function == Function::cidr || expr.function == Function::contains_cidr) && !parse_cidr(text)) {
    fail_at(last.at, fmt::format("`{}` is no CIDR prefix", printable(text, 60)), "write it as \"10.0.0.0/8\"");
  } else if (expr.function == Function::under && !is_domain(text)) {
    fail_at(last.at, fmt::format("`{}` is no domain", printable(text, 60)),
            "write it as \"example.com\", without wildcard or dot around it");
  }
}

void Checker::check_zone(Expr& expr, const Expr& name) {
  if (options_.typing == Typing::dynamic) return;
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

}  // namespace portreeve::cel

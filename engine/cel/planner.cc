#include "engine/cel/planner.h"

#include <algorithm>
#include <limits>
#include <new>
#include <tuple>

#include "engine/base/check.h"
#include "engine/cel/machine.h"

namespace portreeve::cel {
namespace {

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}
std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

// What is known of a planned node.
struct Planned {
  std::uint32_t node = 0;
  std::uint64_t cost = 1;
  std::uint64_t elements = kAssumedElements;  // of lists and maps
};

// What one constant may take: a larger one is made at each run instead, within the run's bounds.
constexpr std::size_t kMostFoldedBytes = 64u << 10;

class Planner {
 public:
  Planner(std::string_view source, const TypeEnv& environment, const CompileOptions& options)
      : environment_(environment), code_(std::make_unique<Program::Code>()) {
    code_->source = source;
    if (options.typing == Typing::dynamic) code_->zone_source = options.zones;
  }

  std::unique_ptr<const Program::Code> run(const Expr& root) {
    const Planned planned = plan(root);
    code_->root = planned.node;
    code_->cost = planned.cost;
    code_->type = root.type;
    code_->slots = slots_;
    tidy();
    return std::move(code_);
  }

 private:
  const Node& node(const Planned& planned) const { return code_->nodes[planned.node]; }
  bool is_constant(const Planned& planned) const { return node(planned).op == Op::constant; }
  const Value& constant(const Planned& planned) const { return code_->constants[node(planned).index]; }

  Planned plan(const Expr& expr) {
    note_read(expr);
    const auto first_node = static_cast<std::uint32_t>(code_->nodes.size());
    if (expr.op == Op::constant) return constant_node(persisted(expr.literal), expr);
    if (expr.op == Op::attribute || expr.op == Op::has_attribute) return leaf(expr, attribute_index(expr.attribute));
    if (expr.op == Op::local) return leaf(expr, expr.slot);
    std::vector<Planned> kids;
    for (const auto& arg : expr.args) kids.push_back(plan(*arg));
    if (const auto simpler = simplified(expr, kids)) return *simpler;
    Planned planned{0, cost_of(expr, kids), elements_of(expr, kids)};
    planned.node = emit(expr, kids);
    return folded(expr, kids, planned, first_node);
  }

  Planned leaf(const Expr& expr, std::uint32_t index) {
    code_->nodes.push_back({expr.op, {}, 0, 0, index, expr.name_at.begin});
    return {static_cast<std::uint32_t>(code_->nodes.size() - 1)};
  }

  Planned constant_node(const Value& value, const Expr& expr) {
    code_->constants.push_back(value);
    code_->nodes.push_back(
        {Op::constant, {}, 0, 0, static_cast<std::uint32_t>(code_->constants.size() - 1), expr.name_at.begin});
    const bool sized = value.kind() == Kind::list || value.kind() == Kind::map;
    return {static_cast<std::uint32_t>(code_->nodes.size() - 1), 1, sized ? value.size() : kAssumedElements};
  }

  std::uint32_t emit(const Expr& expr, const std::vector<Planned>& kids) {
    Node made{expr.op,
              expr.function,
              static_cast<std::uint16_t>(kids.size()),
              static_cast<std::uint32_t>(code_->kids.size()),
              0,
              expr.name_at.begin};
    for (const Planned& kid : kids) code_->kids.push_back(kid.node);
    if (expr.op == Op::select || expr.op == Op::has_key || expr.op == Op::opt_select) {
      code_->constants.push_back(Value::of(code_->storage.keep(expr.name)));
      made.index = static_cast<std::uint32_t>(code_->constants.size() - 1);
    } else if (expr.kind == ExprKind::comprehension || expr.kind == ExprKind::block) {
      made.index = expr.slot | (expr.second.empty() ? 0 : kPair);
      const std::size_t variables = expr.kind == ExprKind::block ? kids.size() - 1 : expr.second.empty() ? 1 : 2;
      slots_ = std::max(slots_, static_cast<std::uint32_t>(expr.slot + variables));
    } else if (expr.op == Op::call && expr.function >= Function::get_full_year) {
      made.index = zone_index(expr);
    } else if (expr.op == Op::call && expr.function == Function::matches_literal) {
      made.index = static_cast<std::uint32_t>(code_->regexes.size());
      code_->regexes.push_back(expr.regex);
    }
    code_->nodes.push_back(made);
    return static_cast<std::uint32_t>(code_->nodes.size() - 1);
  }

  std::uint32_t zone_index(const Expr& expr) {
    if (!expr.zone) return kNoZone;
    const std::string name(expr.args.back()->literal.text());
    if (!Zone::fixed(name)) code_->zone_names.push_back(name);
    code_->zones.push_back(expr.zone);
    return static_cast<std::uint32_t>(code_->zones.size() - 1);
  }

  std::uint32_t attribute_index(AttributeId attribute) {
    const auto found = std::find(code_->attributes.begin(), code_->attributes.end(), attribute);
    if (found == code_->attributes.end()) {
      code_->attributes.push_back(attribute);
      code_->attribute_names.push_back(environment_.name_of(attribute));
      return static_cast<std::uint32_t>(code_->attributes.size() - 1);
    }
    return static_cast<std::uint32_t>(found - code_->attributes.begin());
  }

  // &&, || and ?: where an operand is a constant.
  std::optional<Planned> simplified(const Expr& expr, std::vector<Planned>& kids) {
    if (expr.op == Op::if_else) {
      if (!is_constant(kids[0]) || constant(kids[0]).kind() != Kind::bool_) return std::nullopt;
      return constant(kids[0]).boolean() ? kids[1] : kids[2];
    }
    if (expr.op != Op::and_ && expr.op != Op::or_) return std::nullopt;
    const bool decisive = expr.op == Op::or_;
    const auto is_bool = [&](const Planned& kid) { return is_constant(kid) && constant(kid).kind() == Kind::bool_; };
    for (const Planned& kid : kids) {
      if (is_bool(kid) && constant(kid).boolean() == decisive) return constant_node(Value::of(decisive), expr);
    }
    std::erase_if(kids, is_bool);
    if (kids.empty()) return constant_node(Value::of(!decisive), expr);
    return std::nullopt;  // one that is left stays under its operator, which checks that it is a bool
  }

  // The node's value where everything below it is constant and it has one; its kids' nodes are dropped.
  Planned folded(const Expr& expr, const std::vector<Planned>& kids, const Planned& planned, std::uint32_t first_node) {
    const bool macro = expr.kind == ExprKind::comprehension || expr.kind == ExprKind::block;
    const bool pure = !macro && !kids.empty() &&
                      std::all_of(kids.begin(), kids.end(), [&](const Planned& kid) { return is_constant(kid); });
    if (!pure) return planned;
    Arena arena;
    const Value value = Machine(*code_, nullptr, arena).eval(planned.node);
    if (!value.is_value() || arena.bytes() > kMostFoldedBytes) return planned;
    const Value kept = persisted(value);
    code_->nodes.resize(first_node);
    return constant_node(kept, expr);
  }

  // A copy that lives as long as the code.
  Value persisted(const Value& value) {
    switch (value.kind()) {
      case Kind::string:
        return Value::of(code_->storage.keep(value.text()));
      case Kind::bytes:
        return Value::bytes(code_->storage.keep(value.text()));
      case Kind::type:
        return Value::type(code_->storage.keep(value.text()));
      case Kind::list: {
        auto* const values = static_cast<Value*>(code_->storage.allocate(value.size() * sizeof(Value)));
        for (std::size_t i = 0; i < value.size(); ++i) new (values + i) Value(persisted(value.element(i)));
        return Value::list(std::span<const Value>(values, value.size()));
      }
      case Kind::map: {
        auto* const entries = static_cast<MapEntry*>(code_->storage.allocate(value.size() * sizeof(MapEntry)));
        for (std::size_t i = 0; i < value.size(); ++i) {
          new (entries + i) MapEntry{persisted(value.key(i)), persisted(value.value(i))};
        }
        return Value::map(std::span<const MapEntry>(entries, value.size()));
      }
      case Kind::optional: {
        if (value.inner() == nullptr) break;
        return Value::optional(new (code_->storage.allocate(sizeof(Value))) Value(persisted(*value.inner())));
      }
      case Kind::error:
        return Value::error(value.error_code(), code_->storage.keep(value.error_detail()));
      case Kind::unknown:
      case Kind::ip:
      case Kind::cidr:
      case Kind::null:
      case Kind::bool_:
      case Kind::int_:
      case Kind::uint:
      case Kind::double_:
      case Kind::timestamp:
      case Kind::duration:
        break;
    }
    return value;
  }

  static std::uint64_t cost_of(const Expr& expr, const std::vector<Planned>& kids) {
    std::uint64_t cost = 1;
    if (expr.kind == ExprKind::comprehension) {
      std::uint64_t body = 1;
      for (std::size_t i = 1; i < kids.size(); ++i) body = add(body, kids[i].cost);
      const bool once = expr.op == Op::bind || expr.op == Op::opt_map || expr.op == Op::opt_flat_map;
      return add(add(cost, kids[0].cost), multiply(once ? 1 : kids[0].elements, body));
    }
    for (const Planned& kid : kids) cost = add(cost, kid.cost);
    if (expr.op == Op::in) cost = add(cost, kids[1].elements);
    const bool on_text = expr.op == Op::call && expr.function >= Function::contains && expr.function <= Function::under;
    if (on_text) cost = add(cost, kAssumedStringSteps);
    if (expr.op == Op::call && expr.function == Function::matches) cost = add(cost, 10'000);  // compiled at each run
    return cost;
  }

  static std::uint64_t elements_of(const Expr& expr, const std::vector<Planned>& kids) {
    if (expr.op == Op::list) return kids.size();
    if (expr.op == Op::map) return kids.size() / 2;
    if (expr.op >= Op::transform && expr.op <= Op::transform_map) return kids[0].elements;
    if (expr.op == Op::transform_entries) return multiply(kids[0].elements, kids.back().elements);
    if (expr.op == Op::add) return add(kids[0].elements, kids[1].elements);
    if (expr.op == Op::if_else) return std::max(kids[1].elements, kids[2].elements);
    return kAssumedElements;
  }

  // The attribute and constant keys that an expression is a path of.
  static bool path_of(const Expr& expr, Read& read) {
    if (expr.op == Op::attribute || expr.op == Op::has_attribute) {
      read.attribute = expr.attribute;
      return true;
    }
    if (expr.op == Op::select || expr.op == Op::has_key) {
      if (!path_of(*expr.args[0], read)) return false;
      read.keys.push_back(expr.name);
      return true;
    }
    const bool index = expr.op == Op::index && is_string_literal(*expr.args[1]);
    const bool in = expr.op == Op::in && is_string_literal(*expr.args[0]) && expr.args[1]->type.kind() == TypeKind::map;
    if ((!index && !in) || !path_of(*expr.args[index ? 0 : 1], read)) return false;
    read.keys.emplace_back(expr.args[index ? 1 : 0]->literal.text());
    return true;
  }

  // Notes the longest path only: the parents of a path come first.
  void note_read(const Expr& expr) {
    Read read;
    if (!path_of(expr, read)) return;
    const auto begins_with = [&](const Read& longer) {
      return longer.attribute == read.attribute && longer.keys.size() > read.keys.size() &&
             std::equal(read.keys.begin(), read.keys.end(), longer.keys.begin());
    };
    if (path_depth_ > 0 && begins_with(code_->reads.back())) {
      --path_depth_;
      return;
    }
    path_depth_ = read.keys.size();
    code_->reads.push_back(std::move(read));
  }

  void tidy() {
    auto& reads = code_->reads;
    std::sort(reads.begin(), reads.end(), [](const Read& a, const Read& b) {
      return std::tie(a.attribute, a.keys) < std::tie(b.attribute, b.keys);
    });
    reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
    auto& names = code_->zone_names;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }

  const TypeEnv& environment_;
  std::unique_ptr<Program::Code> code_;
  std::uint32_t slots_ = 0;
  std::size_t path_depth_ = 0;  // parts of the path noted last that are still to be planned
};

}  // namespace

std::unique_ptr<const Program::Code> plan(const Expr& root, std::string_view source, const TypeEnv& environment,
                                          const CompileOptions& options) {
  return Planner(source, environment, options).run(root);
}

}  // namespace portreeve::cel

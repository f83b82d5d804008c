// How lists, maps, optionals and macros run.
#include <new>
#include <span>

#include "engine/cel/functions.h"
#include "engine/cel/machine.h"

namespace portreeve::cel {

bool Machine::entry(std::uint32_t number, Value& value) {
  const Node& node = code_.nodes[number];
  if (node.op != Op::entry_if_any) {
    value = eval(number);
    return true;
  }
  value = kid(node, 0);
  if (!value.is_value()) return true;
  if (value.kind() != Kind::optional) {
    value = Value::no_overload("?", value.kind()).placed_at(node.offset);
    return true;
  }
  if (value.inner() == nullptr) return false;
  value = *value.inner();
  return true;
}

Value Machine::list(const Node& node) {
  const std::size_t size = node.kid_count * sizeof(Value);
  if (!arena_.has_room(size)) return budget();
  auto* const values = static_cast<Value*>(arena_.allocate(size));
  std::size_t count = 0;
  Value bad;
  for (std::uint32_t i = 0; i < node.kid_count; ++i) {
    Value value;
    if (!entry(code_.kids[node.first_kid + i], value)) continue;
    new (values + count++) Value(value);
    if (!value.is_value()) bad = worse(bad, value);
  }
  return bad.is_value() ? Value::list(std::span<const Value>(values, count)) : bad;
}

Value Machine::map(const Node& node) {
  const std::size_t most = node.kid_count / 2u;
  if (!arena_.has_room(most * sizeof(MapEntry))) return budget();
  auto* const entries = static_cast<MapEntry*>(arena_.allocate(most * sizeof(MapEntry)));
  std::size_t count = 0;
  Value bad;
  for (std::uint32_t i = 0; i < most; ++i) {
    const Value key = kid(node, 2 * i);
    Value value;
    const bool there = entry(code_.kids[node.first_kid + 2 * i + 1], value);
    if (!key.is_value() || !value.is_value()) {
      bad = worse(bad, worse(key, value));
      continue;
    }
    const bool fits =
        key.kind() == Kind::bool_ || key.kind() == Kind::int_ || key.kind() == Kind::uint || key.kind() == Kind::string;
    if (!fits) bad = worse(bad, Value::error(ErrorCode::bad_key, {}));
    if (there) new (entries + count++) MapEntry{key, value};
  }
  if (!bad.is_value()) return bad;
  for (std::size_t i = 1; i < count; ++i) {
    if (Value::map(std::span<const MapEntry>(entries, i)).find(entries[i].key))
      return Value::error(ErrorCode::duplicate_key, {});
  }
  return Value::map(std::span<const MapEntry>(entries, count));
}

// a.or(b) and a.orValue(b).
Value Machine::alternative(const Node& node) {
  const Value of = kid(node, 0);
  if (!of.is_value()) return of;
  if (of.kind() != Kind::optional) return Value::no_overload(op_name(node.op), of.kind());
  if (of.inner() != nullptr) return node.op == Op::or_value ? *of.inner() : of;
  const Value other = kid(node, 1);
  if (node.op == Op::or_value || !other.is_value() || other.kind() == Kind::optional) return other;
  return Value::no_overload("or", other.kind());
}

// cel.bind(), optMap() and optFlatMap().
Value Machine::binding(const Node& node) {
  const Value of = kid(node, 0);
  if (node.op == Op::bind) {
    locals_[node.index] = of;
    return kid(node, 1);
  }
  if (!of.is_value()) return of;
  if (of.kind() != Kind::optional) return Value::no_overload(op_name(node.op), of.kind());
  if (of.inner() == nullptr) return of;
  locals_[node.index] = *of.inner();
  const Value value = kid(node, 1);
  if (!value.is_value()) return value;
  if (node.op == Op::opt_map) return held(value, arena_);
  return value.kind() == Kind::optional ? value : Value::no_overload("optFlatMap", value.kind());
}

Value Machine::comprehension(const Node& node) {
  const Value range = kid(node, 0);
  if (!range.is_value()) return range;
  if (range.kind() != Kind::list && range.kind() != Kind::map)
    return Value::no_overload(op_name(node.op), range.kind());
  if (range.partly_unknown()) return Value::unknown();
  if (node.op == Op::all) return quantifier(node, range, false);
  if (node.op == Op::exists) return quantifier(node, range, true);
  if (node.op == Op::exists_one) return exists_one(node, range);
  return collected(node, range);
}

namespace {
Value item(const Value& range, std::size_t i) { return range.kind() == Kind::list ? range.element(i) : range.key(i); }
}  // namespace

Value Machine::quantifier(const Node& node, const Value& range, bool decisive) {
  Value result = Value::of(!decisive);
  const std::size_t size = range.size();
  for (std::size_t i = 0; i < size; ++i) {
    locals_[node.index] = item(range, i);
    const Value value = as_condition(kid(node, 1), op_name(node.op));
    if (value.is_value()) {
      if (value.boolean() == decisive) return value;
    } else {
      result = worse(result, value);
    }
  }
  return result;
}

Value Machine::exists_one(const Node& node, const Value& range) {
  std::size_t found = 0;
  Value bad;
  const std::size_t size = range.size();
  for (std::size_t i = 0; i < size; ++i) {
    locals_[node.index] = item(range, i);
    const Value value = as_condition(kid(node, 1), op_name(node.op));
    if (!value.is_value()) bad = worse(bad, value);
    found += value.is_true();
  }
  return bad.is_value() ? Value::of(found == 1) : bad;
}

// map() and filter().
Value Machine::collected(const Node& node, const Value& range) {
  const std::size_t size = range.size();
  if (!arena_.has_room(size * sizeof(Value))) return budget();
  auto* const values = static_cast<Value*>(arena_.allocate(size * sizeof(Value)));
  const bool filter = node.op == Op::filter;
  std::size_t count = 0;
  Value bad;
  for (std::size_t i = 0; i < size; ++i) {
    const Value element = item(range, i);
    locals_[node.index] = element;
    if (filter || node.kid_count == 3) {
      const Value keep = as_condition(kid(node, 1), op_name(node.op));
      if (!keep.is_value()) bad = worse(bad, keep);
      if (!keep.is_true()) continue;
    }
    const Value value = filter ? element : kid(node, node.kid_count - 1u);
    if (!value.is_value()) bad = worse(bad, value);
    new (values + count++) Value(value);
  }
  return bad.is_value() ? Value::list(std::span<const Value>(values, count)) : bad;
}

}  // namespace portreeve::cel

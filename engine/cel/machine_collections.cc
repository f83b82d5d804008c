// How lists, maps, optionals and macros run.
#include <memory>
#include <new>
#include <span>
#include <vector>

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
  return bad.is_value() ? distinct({entries, count}) : bad;
}

// The entries as a map, unless two have the same key.
Value Machine::distinct(std::span<const MapEntry> entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const Value before = Value::map(entries.first(i));
    if (!spend(before.find_steps())) return budget();
    if (before.find(entries[i].key)) return Value::error(ErrorCode::duplicate_key, {});
  }
  return Value::map(entries);
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

// A member that fails fails what names it, as in cel-go, which evaluates members when they are asked for.
Value Machine::block(const Node& node) {
  const std::uint32_t members = node.kid_count - 1u;
  for (std::uint32_t i = 0; i < members; ++i) locals_[node.index + i] = kid(node, i);
  return kid(node, members);
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
  return node.op == Op::transform || node.op == Op::filter ? collected(node, range) : collected_map(node, range);
}

void Machine::bring(const Node& node, const Value& range, std::size_t i) {
  const bool list = range.kind() == Kind::list;
  Value* const variables = locals_ + (node.index & ~kPair);
  if ((node.index & kPair) == 0) {
    variables[0] = list ? range.element(i) : range.key(i);
  } else {
    variables[0] = list ? Value::of(static_cast<std::int64_t>(i)) : range.key(i);
    variables[1] = list ? range.element(i) : range.value(i);
  }
}

Value Machine::quantifier(const Node& node, const Value& range, bool decisive) {
  Value result = Value::of(!decisive);
  const std::size_t size = range.size();
  for (std::size_t i = 0; i < size; ++i) {
    bring(node, range, i);
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
    bring(node, range, i);
    const Value value = as_condition(kid(node, 1), op_name(node.op));
    if (!value.is_value()) bad = worse(bad, value);
    found += value.is_true();
  }
  return bad.is_value() ? Value::of(found == 1) : bad;
}

Value Machine::wanted(const Node& node) {
  const bool asks = node.op == Op::filter || node.kid_count == 3;
  return asks ? as_condition(kid(node, 1), op_name(node.op)) : Value::of(true);
}

// map(), filter() and transformList().
Value Machine::collected(const Node& node, const Value& range) {
  const std::size_t size = range.size();
  if (!arena_.has_room(size * sizeof(Value))) return budget();
  auto* const values = static_cast<Value*>(arena_.allocate(size * sizeof(Value)));
  std::size_t count = 0;
  Value bad;
  for (std::size_t i = 0; i < size; ++i) {
    bring(node, range, i);
    const Value element = locals_[node.index & ~kPair];
    const Value keep = wanted(node);
    if (!keep.is_value()) bad = worse(bad, keep);
    if (!keep.is_true()) continue;
    const Value value = node.op == Op::filter ? element : kid(node, node.kid_count - 1u);
    if (!value.is_value()) bad = worse(bad, value);
    new (values + count++) Value(value);
  }
  return bad.is_value() ? Value::list(std::span<const Value>(values, count)) : bad;
}

// transformMap(), whose keys are the range's, and transformMapEntry(), which makes a map of each element.
Value Machine::collected_map(const Node& node, const Value& range) {
  std::vector<MapEntry> entries;
  Value bad;
  const std::size_t size = range.size();
  for (std::size_t i = 0; i < size; ++i) {
    bring(node, range, i);
    const Value key = locals_[node.index & ~kPair];
    const Value keep = wanted(node);
    if (!keep.is_value()) bad = worse(bad, keep);
    if (!keep.is_true()) continue;
    const Value made = kid(node, node.kid_count - 1u);
    if (!made.is_value()) {
      bad = worse(bad, made);
    } else if (node.op == Op::transform_map) {
      entries.push_back({key, made});
    } else if (made.kind() != Kind::map) {
      bad = worse(bad, Value::no_overload(op_name(node.op), made.kind()));
    } else if (made.partly_unknown()) {
      bad = Value::unknown();
    } else if (!spend(made.size()) || !arena_.has_room((entries.size() + made.size()) * sizeof(MapEntry))) {
      return budget();
    } else {
      for (std::size_t k = 0; k < made.size(); ++k) entries.push_back({made.key(k), made.value(k)});
    }
  }
  if (!bad.is_value()) return bad;
  if (!arena_.has_room(entries.size() * sizeof(MapEntry))) return budget();
  auto* const kept = static_cast<MapEntry*>(arena_.allocate(entries.size() * sizeof(MapEntry)));
  std::uninitialized_copy(entries.begin(), entries.end(), kept);
  return distinct({kept, entries.size()});
}

}  // namespace portreeve::cel

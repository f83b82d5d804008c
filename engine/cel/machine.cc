#include "engine/cel/machine.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <span>

#include "engine/base/check.h"
#include "engine/cel/functions.h"

namespace portreeve::cel {
namespace {

// Of two results that are not both values: unknown wins over error, the first over the second (SEMANTICS §2).
Value worse(const Value& a, const Value& b) {
  if (a.is_unknown()) return a;
  if (b.is_unknown()) return b;
  return a.is_error() ? a : b;
}

Value budget() { return Value::error(ErrorCode::kBudget, {}); }

// What && and || make of an operand: a bool, unknown or an error.
Value as_condition(const Value& value, std::string_view whose) {
  if (!value.is_value() || value.kind() == Kind::kBool) return value;
  return Value::no_overload(whose, value.kind());
}

// Steps for going over a text or a list once.
std::size_t text_steps(const Value& value) {
  constexpr std::size_t kBytesPerStep = 64;
  if (value.kind() == Kind::kString || value.kind() == Kind::kBytes) return value.text().size() / kBytesPerStep;
  return value.kind() == Kind::kList ? value.size() : 0;
}

// Steps that a function takes in proportion to its arguments.
std::size_t weight(const Node& node, std::span<const Value> args) {
  constexpr std::size_t kRegexSlowdown = 16;   // RE2 takes longer for a byte than a comparison does
  constexpr std::size_t kRegexSteps = 10'000;  // compiling one takes about as long as this many nodes
  std::size_t steps = 0;
  for (const Value& arg : args) steps += text_steps(arg);
  if (node.function == Function::kMatchesLiteral) return steps * kRegexSlowdown;
  return node.function == Function::kMatches ? steps * kRegexSlowdown + kRegexSteps : steps;
}

}  // namespace

bool Machine::spend(std::size_t steps) {
  if (steps > limits::kCelCost) steps = limits::kCelCost;
  steps_ += steps;
  return steps_ <= limits::kCelCost;
}

Value Machine::eval(std::uint32_t number) {
  const Node& node = code_.nodes[number];
  const Value value = spend(1) ? step(node) : budget();
  return value.is_error() ? value.placed_at(node.offset) : value;
}

Value Machine::step(const Node& node) {
  switch (node.op) {
    case Op::kConst:
      return code_.constants[node.index];
    case Op::kLocal:
      return locals_[node.index];
    case Op::kAttribute:
      return attribute(node);
    case Op::kHasAttribute:
      return has_attribute(node);
    case Op::kSelect:
      return select(node);
    case Op::kHasKey:
      return has_key(node);
    case Op::kIndex:
      return index(node);
    case Op::kNot: {
      const Value value = as_condition(kid(node, 0), "!");
      return value.is_value() ? Value::of(!value.boolean()) : value;
    }
    case Op::kNegate: {
      const Value value = kid(node, 0);
      return value.is_value() ? negated(value) : value;
    }
    case Op::kAnd:
      return logic(node, false);
    case Op::kOr:
      return logic(node, true);
    case Op::kIfElse:
      return if_else(node);
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kIn:
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
      return binary(node);
    case Op::kList:
      return list(node);
    case Op::kMap:
      return map(node);
    case Op::kCall:
      return call(node);
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kTransform:
    case Op::kFilter:
      return comprehension(node);
  }
  UNREACHABLE_DENY(Value::absent());
}

Value Machine::attribute(const Node& node) {
  const Value value = activation_->attribute(code_.attributes[node.index]);
  if (value.is_unknown()) return Value::unknown(code_.attributes[node.index]);
  if (value.is_error() && value.error_code() == ErrorCode::kAbsent && value.error_detail().empty()) {
    return Value::error(ErrorCode::kAbsent, code_.attribute_names[node.index]);
  }
  return value;
}

Value Machine::has_attribute(const Node& node) {
  const Value value = attribute(node);
  if (value.is_error() && value.error_code() == ErrorCode::kAbsent) return Value::of(false);
  return value.is_value() ? Value::of(true) : value;
}

Value Machine::select(const Node& node) {
  const Value of = kid(node, 0);
  if (!of.is_value()) return of;
  if (of.kind() != Kind::kMap) return Value::no_overload(".", of.kind());
  const Value& key = code_.constants[node.index];
  const auto found = find(of, key);
  return found ? named(node, *found, key) : Value::error(ErrorCode::kNoSuchKey, key.text());
}

Value Machine::has_key(const Node& node) {
  const Value of = kid(node, 0);
  if (!of.is_value()) return of;
  if (of.kind() != Kind::kMap) return Value::no_overload("has", of.kind());
  const auto found = find(of, code_.constants[node.index]);
  if (!found) return Value::of(false);
  return found->is_value() ? Value::of(true) : named(node, *found, code_.constants[node.index]);
}

namespace {

// The whole number that a list's index means.
std::optional<std::uint64_t> position(const Value& index) {
  if (index.kind() == Kind::kInt && index.integer() >= 0) return static_cast<std::uint64_t>(index.integer());
  if (index.kind() == Kind::kUint) return index.unsigned_integer();
  if (index.kind() == Kind::kDouble && index.real() >= 0 && index.real() < 0x1p53 &&
      std::trunc(index.real()) == index.real()) {
    return static_cast<std::uint64_t>(index.real());
  }
  return std::nullopt;
}

}  // namespace

Value Machine::index(const Node& node) {
  const Value of = kid(node, 0);
  const Value at = kid(node, 1);
  if (!of.is_value() || !at.is_value()) return worse(of, at);
  if (of.kind() == Kind::kList) {
    const bool number = at.kind() == Kind::kInt || at.kind() == Kind::kUint || at.kind() == Kind::kDouble;
    if (!number) return Value::no_overload("[]", of.kind(), at.kind());
    const auto found = position(at);
    if (!found || *found >= of.size()) return Value::error(ErrorCode::kIndexOutOfRange, "[]");
    return of.element(*found);
  }
  if (of.kind() != Kind::kMap) return Value::no_overload("[]", of.kind(), at.kind());
  if (const auto found = find(of, at)) return named(node, *found, at);
  if (at.kind() == Kind::kString) return Value::error(ErrorCode::kNoSuchKey, at.text());
  return Value::error(ErrorCode::kNoSuchKey, arena_.keep(to_text(at)));
}

Value Machine::logic(const Node& node, bool decisive) {
  Value result = Value::of(!decisive);
  for (std::uint32_t i = 0; i < node.kid_count; ++i) {
    const Value value = as_condition(kid(node, i), op_name(node.op));
    if (value.is_value()) {
      if (value.boolean() == decisive) return value;
    } else {
      result = worse(result, value);
    }
  }
  return result;
}

Value Machine::if_else(const Node& node) {
  const Value condition = as_condition(kid(node, 0), "?:");
  if (!condition.is_value()) return condition;
  return kid(node, condition.boolean() ? 1 : 2);
}

Value Machine::binary(const Node& node) {
  const Value a = kid(node, 0);
  const Value b = kid(node, 1);
  if (!a.is_value() || !b.is_value()) return worse(a, b);
  switch (node.op) {
    case Op::kEqual:
      return equal(a, b);
    case Op::kNotEqual: {
      const Value same = equal(a, b);
      return same.is_value() ? Value::of(!same.boolean()) : same;
    }
    case Op::kIn:
      return membership(a, b);
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return spend(text_steps(a)) ? compared(node.op, a, b) : budget();
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
      return spend(text_steps(a) + text_steps(b)) ? arithmetic(node.op, a, b, arena_) : budget();
    case Op::kConst:
    case Op::kLocal:
    case Op::kAttribute:
    case Op::kHasAttribute:
    case Op::kSelect:
    case Op::kHasKey:
    case Op::kIndex:
    case Op::kNot:
    case Op::kNegate:
    case Op::kAnd:
    case Op::kOr:
    case Op::kIfElse:
    case Op::kList:
    case Op::kMap:
    case Op::kCall:
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kTransform:
    case Op::kFilter:
      break;
  }
  UNREACHABLE_DENY(Value::absent());
}

Value Machine::equal(const Value& a, const Value& b) {
  std::uint64_t left = limits::kCelCost - std::min(steps_, limits::kCelCost);
  const Value same = equals(a, b, left);
  steps_ = limits::kCelCost - left;
  return same;
}

// The value under a key; kBudget where looking takes too long.
std::optional<Value> Machine::find(const Value& map, const Value& key) {
  if (!spend(map.find_steps())) return budget();
  return map.find(key);
}

// An unknown under a key of an attribute says which key of which attribute; any other value is as it was found.
Value Machine::named(const Node& node, const Value& found, const Value& key) const {
  const Node& of = code_.nodes[code_.kids[node.first_kid]];
  if (!found.is_unknown() || of.op != Op::kAttribute || key.kind() != Kind::kString) return found;
  return Value::unknown(code_.attributes[of.index], key.text());
}

Value Machine::membership(const Value& element, const Value& in) {
  if (in.kind() == Kind::kMap) {
    const auto found = find(in, element);
    if (!found) return Value::of(false);
    return found->is_value() ? Value::of(true) : *found;
  }
  if (in.kind() != Kind::kList) return Value::no_overload("in", element.kind(), in.kind());
  Value result = Value::of(false);
  const std::size_t size = in.size();
  for (std::size_t i = 0; i < size; ++i) {
    const Value same = equal(element, in.element(i));
    if (same.is_true() || same.is_error()) return same;
    if (same.is_unknown()) result = same;
  }
  return result;
}

Value Machine::list(const Node& node) {
  const std::size_t size = node.kid_count * sizeof(Value);
  if (!arena_.has_room(size)) return budget();
  auto* const values = static_cast<Value*>(arena_.allocate(size));
  Value bad;
  for (std::uint32_t i = 0; i < node.kid_count; ++i) {
    new (values + i) Value(kid(node, i));
    if (!values[i].is_value()) bad = worse(bad, values[i]);
  }
  return bad.is_value() ? Value::list(std::span<const Value>(values, node.kid_count)) : bad;
}

Value Machine::map(const Node& node) {
  const std::size_t count = node.kid_count / 2u;
  if (!arena_.has_room(count * sizeof(MapEntry))) return budget();
  auto* const entries = static_cast<MapEntry*>(arena_.allocate(count * sizeof(MapEntry)));
  Value bad;
  for (std::uint32_t i = 0; i < count; ++i) {
    new (entries + i) MapEntry{kid(node, 2 * i), kid(node, 2 * i + 1)};
    const Value& key = entries[i].key;
    if (!key.is_value() || !entries[i].value.is_value()) {
      bad = worse(bad, worse(key, entries[i].value));
      continue;
    }
    const bool fits = key.kind() == Kind::kBool || key.kind() == Kind::kInt || key.kind() == Kind::kUint ||
                      key.kind() == Kind::kString;
    if (!fits) bad = worse(bad, Value::error(ErrorCode::kBadKey, {}));
  }
  if (!bad.is_value()) return bad;
  for (std::size_t i = 1; i < count; ++i) {
    if (Value::map(std::span<const MapEntry>(entries, i)).find(entries[i].key))
      return Value::error(ErrorCode::kDuplicateKey, {});
  }
  return Value::map(std::span<const MapEntry>(entries, count));
}

Value Machine::call(const Node& node) {
  constexpr std::size_t kMostArguments = 4;
  std::array<Value, kMostArguments> args;
  DCHECK(node.kid_count <= kMostArguments);
  Value bad;
  for (std::uint32_t i = 0; i < node.kid_count; ++i) {
    args[i] = kid(node, i);
    if (!args[i].is_value()) bad = worse(bad, args[i]);
  }
  if (!bad.is_value()) return bad;
  const std::span<const Value> given(args.data(), node.kid_count);
  if (!spend(weight(node, given))) return budget();
  return called(node.function, node.index, given, code_, arena_);
}

Value Machine::comprehension(const Node& node) {
  const Value range = kid(node, 0);
  if (!range.is_value()) return range;
  if (range.kind() != Kind::kList && range.kind() != Kind::kMap)
    return Value::no_overload(op_name(node.op), range.kind());
  if (range.partly_unknown()) return Value::unknown();
  if (node.op == Op::kAll) return quantifier(node, range, false);
  if (node.op == Op::kExists) return quantifier(node, range, true);
  if (node.op == Op::kExistsOne) return exists_one(node, range);
  return collected(node, range);
}

namespace {
Value item(const Value& range, std::size_t i) { return range.kind() == Kind::kList ? range.element(i) : range.key(i); }
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
  const bool filter = node.op == Op::kFilter;
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

#include "engine/cel/machine.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include "engine/base/check.h"
#include "engine/cel/functions.h"

namespace portreeve::cel {
Value worse(const Value& a, const Value& b) {
  if (a.is_unknown()) return a;
  if (b.is_unknown()) return b;
  return a.is_error() ? a : b;
}

Value budget() { return Value::error(ErrorCode::budget, {}); }

Value as_condition(const Value& value, std::string_view whose) {
  if (!value.is_value() || value.kind() == Kind::bool_) return value;
  return Value::no_overload(whose, value.kind());
}

namespace {

// Steps for going over a text or a list once.
std::size_t text_steps(const Value& value) {
  constexpr std::size_t kBytesPerStep = 64;
  if (value.kind() == Kind::string || value.kind() == Kind::bytes) return value.text().size() / kBytesPerStep;
  return value.kind() == Kind::list ? value.size() : 0;
}

// Steps that a function takes in proportion to its arguments.
std::size_t weight(const Node& node, std::span<const Value> args, const Program::Code& code) {
  constexpr std::size_t kRegexSlowdown = 16;   // RE2 takes longer for a byte than a comparison does
  constexpr std::size_t kRegexSteps = 10'000;  // compiling one takes about as long as this many nodes
  constexpr std::size_t kRegexSize = 64;       // instructions above which an automaton that thrashes shows
  std::size_t steps = 0;
  for (const Value& arg : args) steps += text_steps(arg);
  if (node.function == Function::matches) return steps * kRegexSlowdown + kRegexSteps;
  if (node.function != Function::matches_literal) return steps;
  return steps * kRegexSlowdown * (1 + code.regexes[node.index]->size() / kRegexSize);
}

}  // namespace

Machine::Machine(const Program::Code& code, const Activation* activation, Arena& arena)
    : code_(code), activation_(activation), arena_(arena) {
  if (code.slots <= few_locals_.size()) return;
  locals_ = static_cast<Value*>(arena.allocate(code.slots * sizeof(Value)));
  std::uninitialized_fill_n(locals_, code.slots, Value());
}

bool Machine::spend(std::size_t steps) {
  if (steps > limits::kCelCost) steps = limits::kCelCost;
  steps_ += steps;
  return steps_ <= limits::kCelCost;
}

Value Machine::eval(std::uint32_t number) {
  const Node& node = code_.nodes[number];
  const Value value = spend(1) ? step(node) : budget();
  if (!value.is_error()) return value;
  // Once out of budget, out for good: no macro goes on to fail a million times.
  if (value.error_code() == ErrorCode::budget) steps_ = limits::kCelCost;
  return value.placed_at(node.offset);
}

Value Machine::step(const Node& node) {
  switch (node.op) {
    case Op::constant:
      return code_.constants[node.index];
    case Op::local:
      return locals_[node.index];
    case Op::attribute:
      return attribute(node);
    case Op::has_attribute:
      return has_attribute(node);
    case Op::select:
      return select(node);
    case Op::has_key:
      return has_key(node);
    case Op::index:
      return index(node);
    case Op::not_: {
      const Value value = as_condition(kid(node, 0), "!");
      return value.is_value() ? Value::of(!value.boolean()) : value;
    }
    case Op::negate: {
      const Value value = kid(node, 0);
      return value.is_value() ? negated(value) : value;
    }
    case Op::and_:
      return logic(node, false);
    case Op::or_:
      return logic(node, true);
    case Op::if_else:
      return if_else(node);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return binary(node);
    case Op::list:
      return list(node);
    case Op::map:
      return map(node);
    case Op::call:
      return call(node);
    case Op::all:
    case Op::exists:
    case Op::exists_one:
    case Op::transform:
    case Op::filter:
    case Op::transform_map:
    case Op::transform_entries:
      return comprehension(node);
    case Op::block:
      return block(node);
    case Op::opt_select: {
      const Value of = kid(node, 0);
      return of.is_value() ? optional_select(node, of) : of;
    }
    case Op::opt_index: {
      const Value of = kid(node, 0);
      const Value at = kid(node, 1);
      return of.is_value() && at.is_value() ? optional_index(node, of, at) : worse(of, at);
    }
    case Op::entry_if_any:
      break;  // list() and map() look inside
    case Op::opt_map:
    case Op::opt_flat_map:
    case Op::bind:
      return binding(node);
    case Op::or_optional:
    case Op::or_value:
      return alternative(node);
  }
  UNREACHABLE_DENY(Value::absent());
}

Value Machine::attribute(const Node& node) {
  const Value value = activation_->attribute(code_.attributes[node.index]);
  if (value.is_unknown()) return Value::unknown(code_.attributes[node.index]);
  if (value.is_error() && value.error_code() == ErrorCode::absent && value.error_detail().empty()) {
    return Value::error(ErrorCode::absent, code_.attribute_names[node.index]);
  }
  return value;
}

Value Machine::has_attribute(const Node& node) {
  const Value value = attribute(node);
  if (value.is_error() && value.error_code() == ErrorCode::absent) return Value::of(false);
  return value.is_value() ? Value::of(true) : value;
}

Value Machine::select(const Node& node) {
  const Value of = kid(node, 0);
  if (of.kind() == Kind::optional) return optional_select(node, of);
  if (!of.is_value()) return of;
  if (of.kind() != Kind::map) return Value::no_overload(".", of.kind());
  const Value& key = code_.constants[node.index];
  const auto found = find(of, key);
  return found ? named(node, *found, key) : Value::error(ErrorCode::no_such_key, key.text());
}

// `of.?key`, and `of.key` of an optional: what is there, as an optional.
Value Machine::optional_select(const Node& node, const Value& of) {
  const Value* inner = &of;
  if (of.kind() == Kind::optional) inner = of.inner();
  if (inner == nullptr) return Value::optional(nullptr);
  if (!inner->is_value()) return *inner;
  if (inner->kind() != Kind::map) return Value::no_overload(".", inner->kind());
  const Value& key = code_.constants[node.index];
  const auto found = find(*inner, key);
  if (!found) return Value::optional(nullptr);
  return found->is_value() ? held(*found, arena_) : named(node, *found, key);
}

Value Machine::has_key(const Node& node) {
  const Value whole = kid(node, 0);
  if (whole.kind() == Kind::optional && whole.inner() == nullptr) return Value::of(false);
  const Value& of = whole.kind() == Kind::optional ? *whole.inner() : whole;
  if (!of.is_value()) return of;
  if (of.kind() != Kind::map) return Value::no_overload("has", of.kind());
  const auto found = find(of, code_.constants[node.index]);
  if (!found) return Value::of(false);
  return found->is_value() ? Value::of(true) : named(node, *found, code_.constants[node.index]);
}

namespace {

// The whole number that a list's index means.
std::optional<std::uint64_t> position(const Value& index) {
  if (index.kind() == Kind::int_ && index.integer() >= 0) return static_cast<std::uint64_t>(index.integer());
  if (index.kind() == Kind::uint) return index.unsigned_integer();
  if (index.kind() == Kind::double_ && index.real() >= 0 && index.real() < 0x1p53 &&
      std::trunc(index.real()) == index.real()) {
    return static_cast<std::uint64_t>(index.real());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Value> Machine::element_at(const Node& node, const Value& of, const Value& at) {
  if (of.kind() == Kind::list) {
    const bool number = at.kind() == Kind::int_ || at.kind() == Kind::uint || at.kind() == Kind::double_;
    if (!number) return Value::no_overload("[]", of.kind(), at.kind());
    const auto found = position(at);
    if (!found || *found >= of.size()) return std::nullopt;
    return of.element(*found);
  }
  if (of.kind() != Kind::map) return Value::no_overload("[]", of.kind(), at.kind());
  if (const auto found = find(of, at)) return named(node, *found, at);
  return std::nullopt;
}

Value Machine::index(const Node& node) {
  const Value of = kid(node, 0);
  const Value at = kid(node, 1);
  if (!of.is_value() || !at.is_value()) return worse(of, at);
  if (of.kind() == Kind::optional) return optional_index(node, of, at);
  if (const auto found = element_at(node, of, at)) return *found;
  if (of.kind() == Kind::list) return Value::error(ErrorCode::index_out_of_range, "[]");
  if (at.kind() == Kind::string) return Value::error(ErrorCode::no_such_key, at.text());
  const Value shown = kept(to_text(at), arena_);
  return shown.is_error() ? shown : Value::error(ErrorCode::no_such_key, shown.text());
}

// `of[?at]`, and `of[at]` of an optional.
Value Machine::optional_index(const Node& node, const Value& of, const Value& at) {
  const Value* inner = &of;
  if (of.kind() == Kind::optional) inner = of.inner();
  if (inner == nullptr) return Value::optional(nullptr);
  const auto found = element_at(node, *inner, at);
  if (!found) return Value::optional(nullptr);
  return found->is_value() ? held(*found, arena_) : *found;
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
    case Op::equal:
      return equal(a, b);
    case Op::not_equal: {
      const Value same = equal(a, b);
      return same.is_value() ? Value::of(!same.boolean()) : same;
    }
    case Op::in:
      return membership(a, b);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return spend(text_steps(a)) ? compared(node.op, a, b) : budget();
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return spend(text_steps(a) + text_steps(b)) ? arithmetic(node.op, a, b, arena_) : budget();
    case Op::constant:
    case Op::local:
    case Op::attribute:
    case Op::has_attribute:
    case Op::select:
    case Op::has_key:
    case Op::index:
    case Op::not_:
    case Op::negate:
    case Op::and_:
    case Op::or_:
    case Op::if_else:
    case Op::list:
    case Op::map:
    case Op::call:
    case Op::all:
    case Op::exists:
    case Op::exists_one:
    case Op::transform:
    case Op::filter:
    case Op::transform_map:
    case Op::transform_entries:
    case Op::block:
    case Op::opt_select:
    case Op::opt_index:
    case Op::entry_if_any:
    case Op::opt_map:
    case Op::opt_flat_map:
    case Op::bind:
    case Op::or_optional:
    case Op::or_value:
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
  if (!found.is_unknown() || of.op != Op::attribute || key.kind() != Kind::string) return found;
  return Value::unknown(code_.attributes[of.index], key.text());
}

Value Machine::membership(const Value& element, const Value& in) {
  if (in.kind() == Kind::map) {
    const auto found = find(in, element);
    if (!found) return Value::of(false);
    return found->is_value() ? Value::of(true) : *found;
  }
  if (in.kind() != Kind::list) return Value::no_overload("in", element.kind(), in.kind());
  Value result = Value::of(false);
  const std::size_t size = in.size();
  for (std::size_t i = 0; i < size; ++i) {
    const Value same = equal(element, in.element(i));
    if (same.is_true() || same.is_error()) return same;
    if (same.is_unknown()) result = same;
  }
  return result;
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
  if (!spend(weight(node, given, code_))) return budget();
  return called(node.function, node.index, given, code_, arena_);
}

}  // namespace portreeve::cel

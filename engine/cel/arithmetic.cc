#include <cmath>
#include <limits>
#include <new>

#include "engine/cel/functions.h"

namespace portreeve::cel {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

Value overflow(Kind kind, Op op) {
  return Value::error(kind == Kind::kUint ? ErrorCode::kUintOverflow : ErrorCode::kIntOverflow, op_name(op));
}
Value out_of_time(Op op) { return Value::error(ErrorCode::kTimeRange, op_name(op)); }

Value of_whole(std::int64_t v) { return Value::of(v); }
Value of_whole(std::uint64_t v) { return Value::of_uint(v); }

template <class Whole>
Value whole_arithmetic(Op op, Whole a, Whole b) {
  constexpr Kind kKind = std::is_signed_v<Whole> ? Kind::kInt : Kind::kUint;
  Whole result = 0;
  bool too_large = false;
  if (op == Op::kAdd) {
    too_large = __builtin_add_overflow(a, b, &result);
  } else if (op == Op::kSubtract) {
    too_large = __builtin_sub_overflow(a, b, &result);
  } else if (op == Op::kMultiply) {
    too_large = __builtin_mul_overflow(a, b, &result);
  } else {
    if (b == 0) return Value::error(op == Op::kDivide ? ErrorCode::kDivisionByZero : ErrorCode::kModulusByZero, {});
    if constexpr (std::is_signed_v<Whole>) {
      // The one quotient that does not fit; its remainder traps on some machines, so it is an error as well (cel-go).
      if (a == std::numeric_limits<Whole>::min() && b == -1) return overflow(kKind, op);
    }
    result = op == Op::kDivide ? a / b : a % b;
  }
  return too_large ? overflow(kKind, op) : of_whole(result);
}

Value real_arithmetic(Op op, double a, double b) {
  if (op == Op::kAdd) return Value::of(a + b);
  if (op == Op::kSubtract) return Value::of(a - b);
  if (op == Op::kMultiply) return Value::of(a * b);
  if (op == Op::kDivide) return Value::of(a / b);  // IEC 60559, which the target has: a zero divisor gives an infinity
  return Value::no_overload(op_name(op), Kind::kDouble, Kind::kDouble);
}

Value moved(Timestamp time, std::int64_t nanos, Op op) {
  const bool back = op == Op::kSubtract;
  std::int64_t seconds = nanos / kNanos;
  std::int64_t rest = nanos % kNanos;
  seconds = time.unix_seconds() + (back ? -seconds : seconds);
  rest = time.nanos() + (back ? -rest : rest);
  if (rest < 0) {
    rest += kNanos;
    --seconds;
  } else if (rest >= kNanos) {
    rest -= kNanos;
    ++seconds;
  }
  if (seconds < kMinUnixSeconds || seconds > kMaxUnixSeconds) return out_of_time(op);
  return Value::of(Timestamp::from_unix(seconds, static_cast<std::int32_t>(rest)));
}

Value apart(Timestamp a, Timestamp b) {
  std::int64_t nanos = 0;
  const bool too_large = __builtin_mul_overflow(a.unix_seconds() - b.unix_seconds(), kNanos, &nanos) ||
                         __builtin_add_overflow(nanos, std::int64_t{a.nanos()} - b.nanos(), &nanos);
  return too_large ? out_of_time(Op::kSubtract) : Value::duration_nanos(nanos);
}

Value time_arithmetic(Op op, const Value& a, const Value& b) {
  const bool add = op == Op::kAdd;
  if (a.kind() == Kind::kTimestamp && b.kind() == Kind::kDuration) return moved(a.timestamp(), b.nanos(), op);
  if (a.kind() == Kind::kDuration && b.kind() == Kind::kTimestamp && add) return moved(b.timestamp(), a.nanos(), op);
  if (a.kind() == Kind::kTimestamp && b.kind() == Kind::kTimestamp && !add) return apart(a.timestamp(), b.timestamp());
  if (a.kind() == Kind::kDuration && b.kind() == Kind::kDuration) {
    std::int64_t nanos = 0;
    const bool too_large = add ? __builtin_add_overflow(a.nanos(), b.nanos(), &nanos)
                               : __builtin_sub_overflow(a.nanos(), b.nanos(), &nanos);
    return too_large ? out_of_time(op) : Value::duration_nanos(nanos);
  }
  return Value::no_overload(op_name(op), a.kind(), b.kind());
}

Value concatenated(std::string_view a, std::string_view b, Kind kind, Arena& arena) {
  if (!arena.has_room(a.size() + b.size())) return Value::error(ErrorCode::kBudget, {});
  char* const text = static_cast<char*>(arena.allocate(a.size() + b.size() + 1));
  b.copy(text + a.copy(text, a.size()), b.size());
  const std::string_view both(text, a.size() + b.size());
  return kind == Kind::kBytes ? Value::bytes(both) : Value::of(both);
}

Value concatenated_lists(const Value& a, const Value& b, Arena& arena) {
  const std::size_t count = a.size() + b.size();
  if (!arena.has_room(count * sizeof(Value))) return Value::error(ErrorCode::kBudget, {});
  auto* const values = static_cast<Value*>(arena.allocate(count * sizeof(Value)));
  for (std::size_t i = 0; i < count; ++i) new (values + i) Value(i < a.size() ? a.element(i) : b.element(i - a.size()));
  return Value::list(std::span<const Value>(values, count));
}

bool is_time(Kind kind) { return kind == Kind::kTimestamp || kind == Kind::kDuration; }

}  // namespace

Value kept(std::string_view text, Arena& arena) {
  if (!arena.has_room(text.size())) return Value::error(ErrorCode::kBudget, {});
  return Value::of(arena.keep(text));
}

Value arithmetic(Op op, const Value& a, const Value& b, Arena& arena) {
  if (a.kind() == b.kind()) {
    if (a.kind() == Kind::kInt) return whole_arithmetic(op, a.integer(), b.integer());
    if (a.kind() == Kind::kUint) return whole_arithmetic(op, a.unsigned_integer(), b.unsigned_integer());
    if (a.kind() == Kind::kDouble) return real_arithmetic(op, a.real(), b.real());
    if (op == Op::kAdd) {
      if (a.kind() == Kind::kString || a.kind() == Kind::kBytes)
        return concatenated(a.text(), b.text(), a.kind(), arena);
      if (a.kind() == Kind::kList) return concatenated_lists(a, b, arena);
    }
  }
  const bool sum = op == Op::kAdd || op == Op::kSubtract;
  if (sum && is_time(a.kind()) && is_time(b.kind())) return time_arithmetic(op, a, b);
  return Value::no_overload(op_name(op), a.kind(), b.kind());
}

Value negated(const Value& a) {
  if (a.kind() == Kind::kDouble) return Value::of(-a.real());
  if (a.kind() != Kind::kInt) return Value::no_overload("-", a.kind());
  if (a.integer() == std::numeric_limits<std::int64_t>::min()) return overflow(Kind::kInt, Op::kSubtract);
  return Value::of(-a.integer());
}

Value compared(Op op, const Value& a, const Value& b) {
  const auto found = order(a, b);
  if (!found) return Value::no_overload(op_name(op), a.kind(), b.kind());
  if (op == Op::kLess) return Value::of(*found < 0);
  if (op == Op::kLessEqual) return Value::of(*found <= 0);
  if (op == Op::kGreater) return Value::of(*found > 0);
  return Value::of(*found >= 0);
}

}  // namespace portreeve::cel

#include <cmath>
#include <limits>
#include <new>

#include "engine/cel/functions.h"

namespace portreeve::cel {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

Value overflow(Kind kind, Op op) {
  return Value::error(kind == Kind::uint ? ErrorCode::uint_overflow : ErrorCode::int_overflow, op_name(op));
}
Value out_of_time(Op op) { return Value::error(ErrorCode::time_range, op_name(op)); }

Value of_whole(std::int64_t v) { return Value::of(v); }
Value of_whole(std::uint64_t v) { return Value::of_uint(v); }

template <class Whole>
Value whole_arithmetic(Op op, Whole a, Whole b) {
  constexpr Kind kKind = std::is_signed_v<Whole> ? Kind::int_ : Kind::uint;
  Whole result = 0;
  bool too_large = false;
  if (op == Op::add) {
    too_large = __builtin_add_overflow(a, b, &result);
  } else if (op == Op::subtract) {
    too_large = __builtin_sub_overflow(a, b, &result);
  } else if (op == Op::multiply) {
    too_large = __builtin_mul_overflow(a, b, &result);
  } else {
    if (b == 0) return Value::error(op == Op::divide ? ErrorCode::division_by_zero : ErrorCode::modulus_by_zero, {});
    if constexpr (std::is_signed_v<Whole>) {
      // The one quotient that does not fit; its remainder traps on some machines, so it is an error as well (cel-go).
      if (a == std::numeric_limits<Whole>::min() && b == -1) return overflow(kKind, op);
    }
    result = op == Op::divide ? a / b : a % b;
  }
  return too_large ? overflow(kKind, op) : of_whole(result);
}

Value real_arithmetic(Op op, double a, double b) {
  if (op == Op::add) return Value::of(a + b);
  if (op == Op::subtract) return Value::of(a - b);
  if (op == Op::multiply) return Value::of(a * b);
  if (op == Op::divide) return Value::of(a / b);  // IEC 60559, which the target has: a zero divisor gives an infinity
  return Value::no_overload(op_name(op), Kind::double_, Kind::double_);
}

Value moved(Timestamp time, std::int64_t nanos, Op op) {
  const bool back = op == Op::subtract;
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
  return too_large ? out_of_time(Op::subtract) : Value::duration_nanos(nanos);
}

Value time_arithmetic(Op op, const Value& a, const Value& b) {
  const bool add = op == Op::add;
  if (a.kind() == Kind::timestamp && b.kind() == Kind::duration) return moved(a.timestamp(), b.nanos(), op);
  if (a.kind() == Kind::duration && b.kind() == Kind::timestamp && add) return moved(b.timestamp(), a.nanos(), op);
  if (a.kind() == Kind::timestamp && b.kind() == Kind::timestamp && !add) return apart(a.timestamp(), b.timestamp());
  if (a.kind() == Kind::duration && b.kind() == Kind::duration) {
    std::int64_t nanos = 0;
    const bool too_large = add ? __builtin_add_overflow(a.nanos(), b.nanos(), &nanos)
                               : __builtin_sub_overflow(a.nanos(), b.nanos(), &nanos);
    return too_large ? out_of_time(op) : Value::duration_nanos(nanos);
  }
  return Value::no_overload(op_name(op), a.kind(), b.kind());
}

Value concatenated(std::string_view a, std::string_view b, Kind kind, Arena& arena) {
  if (!arena.has_room(a.size() + b.size())) return Value::error(ErrorCode::budget, {});
  char* const text = static_cast<char*>(arena.allocate(a.size() + b.size() + 1));
  b.copy(text + a.copy(text, a.size()), b.size());
  const std::string_view both(text, a.size() + b.size());
  return kind == Kind::bytes ? Value::bytes(both) : Value::of(both);
}

Value concatenated_lists(const Value& a, const Value& b, Arena& arena) {
  const std::size_t count = a.size() + b.size();
  if (!arena.has_room(count * sizeof(Value))) return Value::error(ErrorCode::budget, {});
  auto* const values = static_cast<Value*>(arena.allocate(count * sizeof(Value)));
  for (std::size_t i = 0; i < count; ++i) new (values + i) Value(i < a.size() ? a.element(i) : b.element(i - a.size()));
  return Value::list(std::span<const Value>(values, count));
}

bool is_time(Kind kind) { return kind == Kind::timestamp || kind == Kind::duration; }

}  // namespace

Value kept(std::string_view text, Arena& arena) {
  if (!arena.has_room(text.size())) return Value::error(ErrorCode::budget, {});
  return Value::of(arena.keep(text));
}

Value arithmetic(Op op, const Value& a, const Value& b, Arena& arena) {
  if (a.kind() == b.kind()) {
    if (a.kind() == Kind::int_) return whole_arithmetic(op, a.integer(), b.integer());
    if (a.kind() == Kind::uint) return whole_arithmetic(op, a.unsigned_integer(), b.unsigned_integer());
    if (a.kind() == Kind::double_) return real_arithmetic(op, a.real(), b.real());
    if (op == Op::add) {
      if (a.kind() == Kind::string || a.kind() == Kind::bytes) return concatenated(a.text(), b.text(), a.kind(), arena);
      if (a.kind() == Kind::list) return concatenated_lists(a, b, arena);
    }
  }
  const bool sum = op == Op::add || op == Op::subtract;
  if (sum && is_time(a.kind()) && is_time(b.kind())) return time_arithmetic(op, a, b);
  return Value::no_overload(op_name(op), a.kind(), b.kind());
}

Value negated(const Value& a) {
  if (a.kind() == Kind::double_) return Value::of(-a.real());
  if (a.kind() != Kind::int_) return Value::no_overload("-", a.kind());
  if (a.integer() == std::numeric_limits<std::int64_t>::min()) return overflow(Kind::int_, Op::subtract);
  return Value::of(-a.integer());
}

Value compared(Op op, const Value& a, const Value& b) {
  const auto found = order(a, b);
  if (!found) return Value::no_overload(op_name(op), a.kind(), b.kind());
  if (op == Op::less) return Value::of(*found < 0);
  if (op == Op::less_equal) return Value::of(*found <= 0);
  if (op == Op::greater) return Value::of(*found > 0);
  return Value::of(*found >= 0);
}

}  // namespace portreeve::cel

// cel-spec's math extension.
#include <cmath>
#include <limits>

#include "engine/cel/functions.h"

namespace portreeve::cel {
namespace {

bool is_number(Kind kind) { return kind == Kind::int_ || kind == Kind::uint || kind == Kind::double_; }
bool is_whole(Kind kind) { return kind == Kind::int_ || kind == Kind::uint; }

Value not_applicable(Function function, const Value& a) {
  return Value::no_overload(function_name(function), a.kind());
}

// The greatest or least of a list's numbers; of equal ones the first.
Value extreme(Function function, const Value& a) {
  if (is_number(a.kind())) return a;
  if (a.kind() != Kind::list || a.size() == 0) return not_applicable(function, a);
  Value best;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Value element = a.element(i);
    if (!element.is_value()) return element;
    if (!is_number(element.kind())) return not_applicable(function, element);
    const auto apart = i == 0 ? std::partial_ordering::equivalent : *order(element, best);
    if (i == 0 || (function == Function::greatest ? apart > 0 : apart < 0)) best = element;
  }
  return best;
}

Value absolute(const Value& a) {
  if (a.kind() == Kind::uint) return a;
  if (a.kind() == Kind::double_) return Value::of(std::fabs(a.real()));
  if (a.kind() != Kind::int_) return not_applicable(Function::abs, a);
  if (a.integer() == std::numeric_limits<std::int64_t>::min()) return Value::error(ErrorCode::int_overflow, "math.abs");
  return Value::of(a.integer() < 0 ? -a.integer() : a.integer());
}

Value sign_of(const Value& a) {
  if (a.kind() == Kind::uint) return Value::of_uint(a.unsigned_integer() > 0 ? 1 : 0);
  if (a.kind() == Kind::int_) return Value::of((a.integer() > 0) - (a.integer() < 0));
  if (a.kind() != Kind::double_) return not_applicable(Function::sign, a);
  if (std::isnan(a.real())) return a;
  return Value::of(static_cast<double>((a.real() > 0) - (a.real() < 0)));
}

Value square_root(const Value& a) {
  if (a.kind() == Kind::double_) return Value::of(std::sqrt(a.real()));
  if (a.kind() == Kind::int_) return Value::of(std::sqrt(static_cast<double>(a.integer())));
  if (a.kind() == Kind::uint) return Value::of(std::sqrt(static_cast<double>(a.unsigned_integer())));
  return not_applicable(Function::sqrt, a);
}

Value on_real(Function function, const Value& a) {
  if (a.kind() != Kind::double_) return not_applicable(function, a);
  if (function == Function::ceil) return Value::of(std::ceil(a.real()));
  if (function == Function::floor) return Value::of(std::floor(a.real()));
  if (function == Function::round) return Value::of(std::round(a.real()));
  if (function == Function::trunc) return Value::of(std::trunc(a.real()));
  if (function == Function::is_nan) return Value::of(std::isnan(a.real()));
  if (function == Function::is_inf) return Value::of(std::isinf(a.real()));
  return Value::of(std::isfinite(a.real()));
}

std::uint64_t bits_of(const Value& a) {
  return a.kind() == Kind::int_ ? static_cast<std::uint64_t>(a.integer()) : a.unsigned_integer();
}
Value of_bits(Kind kind, std::uint64_t bits) {
  return kind == Kind::int_ ? Value::of(static_cast<std::int64_t>(bits)) : Value::of_uint(bits);
}

// Both ways zeros come in (cel-spec), also into a negative int.
Value shifted(Function function, const Value& a, const Value& by) {
  if (by.integer() < 0) return Value::error(ErrorCode::negative_shift, function_name(function));
  if (by.integer() > 63) return of_bits(a.kind(), 0);
  const bool left = function == Function::bit_shift_left;
  return of_bits(a.kind(), left ? bits_of(a) << by.integer() : bits_of(a) >> by.integer());
}

Value on_bits(Function function, std::span<const Value> args) {
  const Value& a = args[0];
  if (!is_whole(a.kind())) return not_applicable(function, a);
  if (function == Function::bit_not) return of_bits(a.kind(), ~bits_of(a));
  const bool shift = function == Function::bit_shift_left || function == Function::bit_shift_right;
  if (args[1].kind() != (shift ? Kind::int_ : a.kind())) {
    return Value::no_overload(function_name(function), a.kind(), args[1].kind());
  }
  if (shift) return shifted(function, a, args[1]);
  const std::uint64_t left = bits_of(a);
  const std::uint64_t right = bits_of(args[1]);
  if (function == Function::bit_and) return of_bits(a.kind(), left & right);
  return of_bits(a.kind(), function == Function::bit_or ? left | right : left ^ right);
}

}  // namespace

Value on_numbers(Function function, std::span<const Value> args) {
  if (function == Function::greatest || function == Function::least) return extreme(function, args[0]);
  if (function == Function::abs) return absolute(args[0]);
  if (function == Function::sign) return sign_of(args[0]);
  if (function == Function::sqrt) return square_root(args[0]);
  return function >= Function::bit_and ? on_bits(function, args) : on_real(function, args[0]);
}

}  // namespace portreeve::cel

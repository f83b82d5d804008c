// CEL's equality and order.
#include <cmath>

#include "engine/base/check.h"
#include "engine/cel/value.h"

namespace portreeve::cel {
namespace {

bool is_number(Kind kind) { return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble; }

std::partial_ordering order_int_uint(std::int64_t a, std::uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(a) <=> b;
}

// Exact: the double is cut to a whole number that fits, and its fraction breaks the tie.
std::partial_ordering order_int_double(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0x1p63) return std::partial_ordering::less;
  if (b < -0x1p63) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto by_whole = a <=> static_cast<std::int64_t>(whole); by_whole != 0) return by_whole;
  return whole <=> b;
}

std::partial_ordering order_uint_double(std::uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0x1p64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto by_whole = a <=> static_cast<std::uint64_t>(whole); by_whole != 0) return by_whole;
  return whole <=> b;
}

std::partial_ordering order_numbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::kInt) {
    if (b.kind() == Kind::kInt) return a.integer() <=> b.integer();
    return b.kind() == Kind::kUint ? order_int_uint(a.integer(), b.unsigned_integer())
                                   : order_int_double(a.integer(), b.real());
  }
  if (a.kind() == Kind::kUint) {
    if (b.kind() == Kind::kUint) return a.unsigned_integer() <=> b.unsigned_integer();
    return b.kind() == Kind::kDouble ? order_uint_double(a.unsigned_integer(), b.real()) : 0 <=> order_numbers(b, a);
  }
  if (b.kind() == Kind::kDouble) return a.real() <=> b.real();
  return 0 <=> order_numbers(b, a);
}

bool take(std::uint64_t steps, std::uint64_t& left) {
  if (steps > left) return false;
  left -= steps;
  return true;
}

Value equal_lists(const Value& a, const Value& b, std::uint64_t& left) {
  if (a.size() != b.size()) return Value::of(false);
  Value result = Value::of(true);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Value same = equals(a.element(i), b.element(i), left);
    if (same.is_false() || same.is_error()) return same;
    if (same.is_unknown()) result = same;
  }
  return result;
}

Value equal_maps(const Value& a, const Value& b, std::uint64_t& left) {
  if (a.partly_unknown() || b.partly_unknown()) return Value::unknown();
  if (a.size() != b.size()) return Value::of(false);
  Value result = Value::of(true);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!take(b.find_steps(), left)) return Value::error(ErrorCode::kBudget, {});
    const auto other = b.find(a.key(i));
    if (!other) return Value::of(false);
    const Value same = equals(a.value(i), *other, left);
    if (same.is_false() || same.is_error()) return same;
    if (same.is_unknown()) result = same;
  }
  return result;
}

}  // namespace

Value equals(const Value& a, const Value& b) {
  std::uint64_t left = UINT64_MAX;
  return equals(a, b, left);
}

Value equals(const Value& a, const Value& b, std::uint64_t& left) {
  if (a.is_unknown()) return a;
  if (b.is_unknown()) return b;
  const bool texts = a.kind() == b.kind() && (a.kind() == Kind::kString || a.kind() == Kind::kBytes);
  const bool text = texts && a.text().size() == b.text().size();
  if (!take(text ? 1 + a.text().size() / 64 : 1, left)) return Value::error(ErrorCode::kBudget, {});
  if (a.kind() != b.kind()) {
    if (is_number(a.kind()) && is_number(b.kind())) return Value::of(order_numbers(a, b) == 0);
    return Value::of(false);
  }
  switch (a.kind()) {
    case Kind::kNull:
      return Value::of(true);
    case Kind::kList:
      return equal_lists(a, b, left);
    case Kind::kMap:
      return equal_maps(a, b, left);
    case Kind::kType:
      return Value::of(a.text() == b.text());
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration:
      return Value::of(order(a, b) == std::partial_ordering::equivalent);
    case Kind::kUnknown:
    case Kind::kError:
      break;
  }
  UNREACHABLE_DENY(Value::error(ErrorCode::kAbsent, {}));
}

std::optional<std::partial_ordering> order(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return order_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::kBool:
      return a.boolean() <=> b.boolean();
    case Kind::kString:
    case Kind::kBytes:
      return a.text() <=> b.text();
    case Kind::kTimestamp:
      return a.timestamp() <=> b.timestamp();
    case Kind::kDuration:
      return a.nanos() <=> b.nanos();
    case Kind::kUnknown:
    case Kind::kError:
    case Kind::kNull:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType:
      break;
  }
  return std::nullopt;
}

}  // namespace portreeve::cel

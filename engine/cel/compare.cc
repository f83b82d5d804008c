// CEL's equality and order.
#include "engine/base/check.h"
#include "engine/cel/value.h"

namespace portreeve::cel {
namespace {

bool is_number(Kind kind) { return kind == Kind::int_ || kind == Kind::uint || kind == Kind::double_; }

std::partial_ordering order_int_uint(std::int64_t a, std::uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(a) <=> b;
}

// As cel-spec's conformance tests have it: within the range of the whole number's type both are compared as doubles.
std::partial_ordering order_int_double(std::int64_t a, double b) {
  if (b > 0x1p63) return std::partial_ordering::less;
  if (b < -0x1p63) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering order_uint_double(std::uint64_t a, double b) {
  if (b > 0x1p64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering order_numbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::int_) {
    if (b.kind() == Kind::int_) return a.integer() <=> b.integer();
    return b.kind() == Kind::uint ? order_int_uint(a.integer(), b.unsigned_integer())
                                  : order_int_double(a.integer(), b.real());
  }
  if (a.kind() == Kind::uint) {
    if (b.kind() == Kind::uint) return a.unsigned_integer() <=> b.unsigned_integer();
    return b.kind() == Kind::double_ ? order_uint_double(a.unsigned_integer(), b.real()) : 0 <=> order_numbers(b, a);
  }
  if (b.kind() == Kind::double_) return a.real() <=> b.real();
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
    if (!take(b.find_steps(), left)) return Value::error(ErrorCode::budget, {});
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
  const bool texts = a.kind() == b.kind() && (a.kind() == Kind::string || a.kind() == Kind::bytes);
  const bool text = texts && a.text().size() == b.text().size();
  if (!take(text ? 1 + a.text().size() / 64 : 1, left)) return Value::error(ErrorCode::budget, {});
  if (a.kind() != b.kind()) {
    if (is_number(a.kind()) && is_number(b.kind())) return Value::of(order_numbers(a, b) == 0);
    return Value::of(false);
  }
  switch (a.kind()) {
    case Kind::null:
      return Value::of(true);
    case Kind::list:
      return equal_lists(a, b, left);
    case Kind::map:
      return equal_maps(a, b, left);
    case Kind::type:
      return Value::of(a.text() == b.text());
    case Kind::optional:
      if (a.inner() == nullptr || b.inner() == nullptr) return Value::of(a.inner() == b.inner());
      return equals(*a.inner(), *b.inner(), left);
    case Kind::ip:
      return Value::of(a.address() == b.address());
    case Kind::cidr:
      return Value::of(a.address() == b.address() && a.prefix_length() == b.prefix_length());
    case Kind::bool_:
    case Kind::int_:
    case Kind::uint:
    case Kind::double_:
    case Kind::string:
    case Kind::bytes:
    case Kind::timestamp:
    case Kind::duration:
      return Value::of(order(a, b) == std::partial_ordering::equivalent);
    case Kind::unknown:
    case Kind::error:
      break;
  }
  UNREACHABLE_DENY(Value::error(ErrorCode::absent, {}));
}

std::optional<std::partial_ordering> order(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return order_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::bool_:
      return a.boolean() <=> b.boolean();
    case Kind::string:
    case Kind::bytes:
      return a.text() <=> b.text();
    case Kind::timestamp:
      return a.timestamp() <=> b.timestamp();
    case Kind::duration:
      return a.nanos() <=> b.nanos();
    case Kind::unknown:
    case Kind::error:
    case Kind::null:
    case Kind::int_:
    case Kind::uint:
    case Kind::double_:
    case Kind::list:
    case Kind::map:
    case Kind::type:
    case Kind::optional:
    case Kind::ip:
    case Kind::cidr:
      break;
  }
  return std::nullopt;
}

}  // namespace portreeve::cel

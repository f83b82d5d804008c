#include <fmt/format.h>

#include <cmath>

#include "engine/base/text.h"
#include "engine/cel/functions.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {
namespace {

Value no_conversion(Function to) { return Value::error(ErrorCode::bad_conversion, function_name(to)); }
Value out_of_range(Function to) {
  return Value::error(to == Function::to_uint ? ErrorCode::uint_overflow : ErrorCode::int_overflow, function_name(to));
}
Value not_applicable(Function to, const Value& a) { return Value::no_overload(function_name(to), a.kind()); }

template <class T, class Make>
Value made(Function to, const std::optional<T>& parsed, Make make) {
  return parsed ? make(*parsed) : no_conversion(to);
}

Value to_int(const Value& a) {
  constexpr Function kTo = Function::to_int;
  if (a.kind() == Kind::int_) return a;
  if (a.kind() == Kind::uint) {
    if (a.unsigned_integer() > static_cast<std::uint64_t>(INT64_MAX)) return out_of_range(kTo);
    return Value::of(static_cast<std::int64_t>(a.unsigned_integer()));
  }
  if (a.kind() == Kind::double_) {
    // Strictly inside: at the ends a double cannot say which int is meant (cel-spec).
    if (!(a.real() > -0x1p63 && a.real() < 0x1p63)) return out_of_range(kTo);
    return Value::of(static_cast<std::int64_t>(a.real()));
  }
  if (a.kind() == Kind::string) return made(kTo, parse_int(a.text()), [](std::int64_t v) { return Value::of(v); });
  if (a.kind() == Kind::timestamp) return Value::of(a.timestamp().unix_seconds());
  return not_applicable(kTo, a);
}

Value to_uint(const Value& a) {
  constexpr Function kTo = Function::to_uint;
  if (a.kind() == Kind::uint) return a;
  if (a.kind() == Kind::int_) {
    if (a.integer() < 0) return out_of_range(kTo);
    return Value::of_uint(static_cast<std::uint64_t>(a.integer()));
  }
  if (a.kind() == Kind::double_) {
    if (!(a.real() > -1 && a.real() < 0x1p64)) return out_of_range(kTo);
    return Value::of_uint(static_cast<std::uint64_t>(a.real() < 0 ? 0 : a.real()));
  }
  if (a.kind() == Kind::string)
    return made(kTo, parse_uint(a.text()), [](std::uint64_t v) { return Value::of_uint(v); });
  return not_applicable(kTo, a);
}

Value to_double(const Value& a) {
  constexpr Function kTo = Function::to_double;
  if (a.kind() == Kind::double_) return a;
  if (a.kind() == Kind::int_) return Value::of(static_cast<double>(a.integer()));
  if (a.kind() == Kind::uint) return Value::of(static_cast<double>(a.unsigned_integer()));
  if (a.kind() == Kind::string) return made(kTo, parse_double(a.text()), [](double v) { return Value::of(v); });
  return not_applicable(kTo, a);
}

Value to_string(const Value& a, Arena& arena) {
  constexpr Function kTo = Function::to_string;
  switch (a.kind()) {
    case Kind::string:
      return a;
    case Kind::bytes:
      return is_valid_utf8(a.text()) ? Value::of(a.text()) : no_conversion(kTo);
    case Kind::bool_:
      return Value::of(a.boolean() ? "true" : "false");
    case Kind::int_:
      return kept(fmt::format("{}", a.integer()), arena);
    case Kind::uint:
      return kept(fmt::format("{}", a.unsigned_integer()), arena);
    case Kind::double_:
      return kept(double_text(a.real()), arena);
    case Kind::timestamp:
      return kept(to_rfc3339(a.timestamp()), arena);
    case Kind::duration:
      return kept(duration_text(a.nanos()), arena);
    case Kind::ip:
      return kept(a.address().to_string(), arena);
    case Kind::cidr:
      return kept(fmt::format("{}/{}", a.address().to_string(), a.prefix_length()), arena);
    case Kind::unknown:
    case Kind::error:
    case Kind::null:
    case Kind::list:
    case Kind::map:
    case Kind::type:
    case Kind::optional:
      break;
  }
  return not_applicable(kTo, a);
}

Value to_bool(const Value& a) {
  if (a.kind() == Kind::bool_) return a;
  if (a.kind() != Kind::string) return not_applicable(Function::to_bool, a);
  for (const std::string_view word : {"true", "TRUE", "True", "t", "T", "1"}) {
    if (a.text() == word) return Value::of(true);
  }
  for (const std::string_view word : {"false", "FALSE", "False", "f", "F", "0"}) {
    if (a.text() == word) return Value::of(false);
  }
  return no_conversion(Function::to_bool);
}

Value to_timestamp(const Value& a) {
  constexpr Function kTo = Function::to_timestamp;
  if (a.kind() == Kind::timestamp) return a;
  if (a.kind() == Kind::int_) {
    if (a.integer() < kMinUnixSeconds || a.integer() > kMaxUnixSeconds) {
      return Value::error(ErrorCode::time_range, function_name(kTo));
    }
    return Value::of(Timestamp::from_unix(a.integer()));
  }
  if (a.kind() != Kind::string) return not_applicable(kTo, a);
  const auto parsed = Timestamp::parse(a.text());
  return parsed ? Value::of(*parsed) : no_conversion(kTo);
}

Value to_duration(const Value& a) {
  constexpr Function kTo = Function::to_duration;
  if (a.kind() == Kind::duration) return a;
  if (a.kind() != Kind::string) return not_applicable(kTo, a);
  const auto parsed = parse_duration_nanos(a.text());
  return parsed ? Value::duration_nanos(*parsed) : no_conversion(kTo);
}

}  // namespace

Value converted(Function function, const Value& a, Arena& arena) {
  if (function == Function::to_int) return to_int(a);
  if (function == Function::to_uint) return to_uint(a);
  if (function == Function::to_double) return to_double(a);
  if (function == Function::to_string) return to_string(a, arena);
  if (function == Function::to_bool) return to_bool(a);
  if (function == Function::to_timestamp) return to_timestamp(a);
  if (function == Function::to_duration) return to_duration(a);
  if (a.kind() == Kind::bytes) return a;
  return a.kind() == Kind::string ? Value::bytes(a.text()) : not_applicable(function, a);
}

}  // namespace portreeve::cel

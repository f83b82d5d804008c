#include "engine/cel/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/text_forms.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {

static_assert(sizeof(Value) == 24);

namespace {
constexpr std::uint32_t kUnplaced = 0xFFFFFFFF;
constexpr std::size_t kMostDetail = 0xFFFF;
}  // namespace

Value Value::of(bool v) {
  Value value(Kind::bool_, 0, 0);
  value.data_.integer = 0;
  value.data_.boolean = v;
  return value;
}

Value Value::of(std::int64_t v) {
  Value value(Kind::int_, 0, 0);
  value.data_.integer = v;
  return value;
}

Value Value::of_uint(std::uint64_t v) {
  Value value(Kind::uint, 0, 0);
  value.data_.natural = v;
  return value;
}

Value Value::of(double v) {
  Value value(Kind::double_, 0, 0);
  value.data_.real = v;
  return value;
}

Value Value::of(std::string_view v) {
  Value value(Kind::string, 0, v.size());
  value.data_.text = v.data();
  return value;
}

Value Value::bytes(std::string_view v) {
  Value value(Kind::bytes, 0, v.size());
  value.data_.text = v.data();
  return value;
}

Value Value::type(std::string_view name) {
  Value value(Kind::type, 0, name.size());
  value.data_.text = name.data();
  return value;
}

Value Value::optional(const Value* inner) {
  Value value(Kind::optional, 0, 0);
  value.data_.values = inner;
  return value;
}

Value Value::ip(net::IpAddress address) {
  Value value(Kind::ip, 0, static_cast<std::size_t>(address.low()));
  value.data_.natural = address.high();
  return value;
}

Value Value::cidr(net::IpAddress address, int length) {
  Value value(Kind::cidr, 0, static_cast<std::size_t>(address.low()));
  value.data_.natural = address.high();
  value.aux_ = static_cast<std::uint32_t>(length);
  return value;
}

Value Value::of(Timestamp v) {
  Value value(Kind::timestamp, 0, 0);
  value.data_.integer = v.unix_seconds();
  value.aux_ = static_cast<std::uint32_t>(v.nanos());
  return value;
}

Value Value::of(Seconds v) {
  constexpr std::int64_t kMost = INT64_MAX / 1'000'000'000;
  return duration_nanos(std::clamp<std::int64_t>(v.count(), -kMost, kMost) * 1'000'000'000);
}

Value Value::duration_nanos(std::int64_t v) {
  Value value(Kind::duration, 0, 0);
  value.data_.integer = v;
  return value;
}

Value Value::list(std::span<const Value> v) {
  Value value(Kind::list, static_cast<std::uint8_t>(ListShape::values), v.size());
  value.data_.values = v.data();
  return value;
}

Value Value::list(std::span<const std::string> v) {
  Value value(Kind::list, static_cast<std::uint8_t>(ListShape::strings), v.size());
  value.data_.strings = v.data();
  return value;
}

Value Value::list(std::span<const std::string_view> v) {
  Value value(Kind::list, static_cast<std::uint8_t>(ListShape::views), v.size());
  value.data_.views = v.data();
  return value;
}

Value Value::list(const JsonValue::Array& v) {
  Value value(Kind::list, static_cast<std::uint8_t>(ListShape::json), v.size());
  value.data_.json = v.data();
  return value;
}

Value Value::map(std::span<const MapEntry> v) {
  Value value(Kind::map, static_cast<std::uint8_t>(MapShape::entries), v.size());
  value.data_.entries = v.data();
  return value;
}

Value Value::map(const JsonValue::Object& v) {
  Value value(Kind::map, static_cast<std::uint8_t>(MapShape::json), v.size());
  value.data_.members = v.data();
  return value;
}

Value Value::map(std::span<const std::pair<std::string, std::string>> v) {
  Value value(Kind::map, static_cast<std::uint8_t>(MapShape::strings), v.size());
  value.data_.pairs = v.data();
  return value;
}

Value Value::map(const HostMap& v) {
  Value value(Kind::map, static_cast<std::uint8_t>(MapShape::host), 0);
  value.data_.host = &v;
  return value;
}

Value Value::of(const JsonValue& v) {
  if (const auto* x = v.as_string()) return of(std::string_view(*x));
  if (const auto* x = v.as_int()) return of(*x);
  if (const auto* x = v.as_bool()) return of(*x);
  if (const auto* x = v.as_double()) return of(*x);
  if (const auto* x = v.as_array()) return list(*x);
  if (const auto* x = v.as_object()) return map(*x);
  return null();
}

Value Value::unknown(AttributeId attribute, std::string_view key) {
  Value value(Kind::unknown, 0, key.size());
  value.data_.text = key.data();
  value.aux_ = (static_cast<std::uint32_t>(attribute.variable) << 16) | attribute.field;
  return value;
}

Value Value::error(ErrorCode code, std::string_view detail) {
  Value value(Kind::error, static_cast<std::uint8_t>(code), std::min(detail.size(), kMostDetail));
  value.data_.text = detail.data();
  value.aux_ = kUnplaced;
  return value;
}

// The kinds travel in the unused upper half of an error's size: byte 4 and byte 5, plus one, so that 0 means none.
Value Value::no_overload(std::string_view operation, Kind a) {
  Value value = error(ErrorCode::no_such_overload, operation);
  value.size_ |= (static_cast<std::size_t>(a) + 1) << 32;
  return value;
}

Value Value::no_overload(std::string_view operation, Kind a, Kind b) {
  Value value = no_overload(operation, a);
  value.size_ |= (static_cast<std::size_t>(b) + 1) << 40;
  return value;
}

std::pair<Kind, std::optional<Kind>> Value::error_kinds() const {
  const auto at = [&](unsigned shift) { return (size_ >> shift) & 0xFF; };
  const Kind a = at(32) ? static_cast<Kind>(at(32) - 1) : Kind::null;
  return {a, at(40) ? std::optional(static_cast<Kind>(at(40) - 1)) : std::nullopt};
}

std::optional<std::size_t> Value::error_offset() const {
  if (aux_ == kUnplaced) return std::nullopt;
  return aux_;
}

Value Value::placed_at(std::uint32_t offset) const {
  Value placed = *this;
  if (placed.aux_ == kUnplaced) placed.aux_ = offset;
  return placed;
}

std::size_t Value::size() const {
  if (kind_ == Kind::map && static_cast<MapShape>(sub_) == MapShape::host) return data_.host->size();
  return size_;
}

Value Value::element(std::size_t i) const {
  DCHECK(kind_ == Kind::list && i < size_);
  switch (static_cast<ListShape>(sub_)) {
    case ListShape::values:
      return data_.values[i];
    case ListShape::strings:
      return of(std::string_view(data_.strings[i]));
    case ListShape::views:
      return of(data_.views[i]);
    case ListShape::json:
      return of(data_.json[i]);
  }
  UNREACHABLE_DENY(error(ErrorCode::absent, {}));
}

Value Value::key(std::size_t i) const {
  DCHECK(kind_ == Kind::map && i < size());
  switch (static_cast<MapShape>(sub_)) {
    case MapShape::entries:
      return data_.entries[i].key;
    case MapShape::json:
      return of(std::string_view(data_.members[i].first));
    case MapShape::strings:
      return of(std::string_view(data_.pairs[i].first));
    case MapShape::host:
      return data_.host->entry(i).key;
  }
  UNREACHABLE_DENY(error(ErrorCode::absent, {}));
}

Value Value::value(std::size_t i) const {
  DCHECK(kind_ == Kind::map && i < size());
  switch (static_cast<MapShape>(sub_)) {
    case MapShape::entries:
      return data_.entries[i].value;
    case MapShape::json:
      return of(data_.members[i].second);
    case MapShape::strings:
      return of(std::string_view(data_.pairs[i].second));
    case MapShape::host:
      return data_.host->entry(i).value;
  }
  UNREACHABLE_DENY(error(ErrorCode::absent, {}));
}

namespace {

// A key as maps have it: a double only where it is a whole number that an int or uint holds exactly.
std::optional<Value> as_key(const Value& key) {
  if (key.kind() != Kind::double_) return key;
  const double real = key.real();
  if (std::trunc(real) != real) return std::nullopt;
  if (real >= -0x1p63 && real < 0x1p63) return Value::of(static_cast<std::int64_t>(real));
  if (real >= 0 && real < 0x1p64) return Value::of_uint(static_cast<std::uint64_t>(real));
  return std::nullopt;
}

}  // namespace

std::optional<Value> Value::find(const Value& key) const {
  DCHECK(kind_ == Kind::map);
  const auto shape = static_cast<MapShape>(sub_);
  if (shape == MapShape::entries) {
    const auto sought = as_key(key);
    for (std::size_t i = 0; sought && i < size_; ++i) {
      if (equals(data_.entries[i].key, *sought).is_true()) return data_.entries[i].value;
    }
    return std::nullopt;
  }
  if (key.kind() != Kind::string) return std::nullopt;
  const std::string_view name = key.text();
  if (shape == MapShape::host) return data_.host->find(name);
  if (shape == MapShape::json) {
    const auto* end = data_.members + size_;
    const auto* at = std::lower_bound(data_.members, end, name,
                                      [](const JsonValue::Member& m, std::string_view k) { return m.first < k; });
    if (at == end || at->first != name) return std::nullopt;
    return of(at->second);
  }
  for (std::size_t i = 0; i < size_; ++i) {
    if (data_.pairs[i].first == name) return of(std::string_view(data_.pairs[i].second));
  }
  return std::nullopt;
}

std::size_t Value::find_steps() const {
  const auto shape = static_cast<MapShape>(sub_);
  const bool linear = kind_ == Kind::map && (shape == MapShape::entries || shape == MapShape::strings);
  return linear ? 1 + size_ / 16 : 1;
}

bool Value::partly_unknown() const {
  return kind_ == Kind::map && static_cast<MapShape>(sub_) == MapShape::host && data_.host->partly_unknown();
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return "null_type";
    case Kind::timestamp:
      return "google.protobuf.Timestamp";
    case Kind::duration:
      return "google.protobuf.Duration";
    case Kind::optional:
      return "optional_type";
    case Kind::ip:
      return "net.IP";
    case Kind::cidr:
      return "net.CIDR";
    case Kind::unknown:
    case Kind::error:
    case Kind::bool_:
    case Kind::int_:
    case Kind::uint:
    case Kind::double_:
    case Kind::string:
    case Kind::bytes:
    case Kind::list:
    case Kind::map:
    case Kind::type:
      break;
  }
  return kind_name(value.kind());
}

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"unknown", "error",  "null",     "bool",      "int",      "uint",
                                                "double",  "string", "bytes",    "timestamp", "duration", "list",
                                                "map",     "type",   "optional", "ip",        "cidr"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string error_text(const Value& value) {
  const std::string detail = printable(value.error_detail());
  switch (value.error_code()) {
    case ErrorCode::absent:
      return detail.empty() ? "the request does not say" : fmt::format("the request does not say `{}`", detail);
    case ErrorCode::unresolved:
      return std::string(value.error_detail());
    case ErrorCode::no_such_key:
      return fmt::format("no such key: `{}`", detail);
    case ErrorCode::no_such_overload: {
      const auto [a, b] = value.error_kinds();
      std::string text = fmt::format("`{}` does not apply to {}", detail, kind_name(a));
      if (b) text += fmt::format(" and {}", kind_name(*b));
      return text;
    }
    case ErrorCode::index_out_of_range:
      return fmt::format("`{}`: index out of range", detail);
    case ErrorCode::int_overflow:
      return fmt::format("int overflow in `{}`", detail);
    case ErrorCode::uint_overflow:
      return fmt::format("uint overflow in `{}`", detail);
    case ErrorCode::division_by_zero:
      return "division by zero";
    case ErrorCode::modulus_by_zero:
      return "modulus by zero";
    case ErrorCode::time_range:
      return fmt::format("`{}` leaves the range of timestamps or durations", detail);
    case ErrorCode::bad_conversion:
      return fmt::format("{}() cannot convert this value", detail);
    case ErrorCode::bad_key:
      return "a map key must be a bool, int, uint or string";
    case ErrorCode::duplicate_key:
      return "a map has the same key twice";
    case ErrorCode::bad_regex:
      return "the regular expression is malformed";
    case ErrorCode::bad_zone:
      return fmt::format("unknown time zone `{}`", detail);
    case ErrorCode::bad_format:
      return fmt::format("format(): {}", detail);
    case ErrorCode::no_value:
      return "value() of optional.none()";
    case ErrorCode::negative_shift:
      return fmt::format("`{}`: a negative number of bits", detail);
    case ErrorCode::budget:
      return "evaluation takes more steps or memory than it may";
    case ErrorCode::not_boolean:
      return fmt::format("the condition is no bool but {}", detail);
  }
  UNREACHABLE_DENY("error");
}

}  // namespace portreeve::cel

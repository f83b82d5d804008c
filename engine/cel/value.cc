#include "engine/cel/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {

static_assert(sizeof(Value) == 24);

namespace {
constexpr std::uint32_t kUnplaced = 0xFFFFFFFF;
constexpr std::size_t kMostDetail = 0xFFFF;
}  // namespace

Value Value::of(bool v) {
  Value value(Kind::kBool, 0, 0);
  value.data_.integer = 0;
  value.data_.boolean = v;
  return value;
}

Value Value::of(std::int64_t v) {
  Value value(Kind::kInt, 0, 0);
  value.data_.integer = v;
  return value;
}

Value Value::of_uint(std::uint64_t v) {
  Value value(Kind::kUint, 0, 0);
  value.data_.natural = v;
  return value;
}

Value Value::of(double v) {
  Value value(Kind::kDouble, 0, 0);
  value.data_.real = v;
  return value;
}

Value Value::of(std::string_view v) {
  Value value(Kind::kString, 0, v.size());
  value.data_.text = v.data();
  return value;
}

Value Value::bytes(std::string_view v) {
  Value value(Kind::kBytes, 0, v.size());
  value.data_.text = v.data();
  return value;
}

Value Value::type(std::string_view name) {
  Value value(Kind::kType, 0, name.size());
  value.data_.text = name.data();
  return value;
}

Value Value::of(Timestamp v) {
  Value value(Kind::kTimestamp, 0, 0);
  value.data_.integer = v.unix_seconds();
  value.aux_ = static_cast<std::uint32_t>(v.nanos());
  return value;
}

Value Value::of(Seconds v) {
  constexpr std::int64_t kMost = INT64_MAX / 1'000'000'000;
  return duration_nanos(std::clamp<std::int64_t>(v.count(), -kMost, kMost) * 1'000'000'000);
}

Value Value::duration_nanos(std::int64_t v) {
  Value value(Kind::kDuration, 0, 0);
  value.data_.integer = v;
  return value;
}

Value Value::list(std::span<const Value> v) {
  Value value(Kind::kList, static_cast<std::uint8_t>(ListShape::kValues), v.size());
  value.data_.values = v.data();
  return value;
}

Value Value::list(std::span<const std::string> v) {
  Value value(Kind::kList, static_cast<std::uint8_t>(ListShape::kStrings), v.size());
  value.data_.strings = v.data();
  return value;
}

Value Value::list(std::span<const std::string_view> v) {
  Value value(Kind::kList, static_cast<std::uint8_t>(ListShape::kViews), v.size());
  value.data_.views = v.data();
  return value;
}

Value Value::list(const JsonValue::Array& v) {
  Value value(Kind::kList, static_cast<std::uint8_t>(ListShape::kJson), v.size());
  value.data_.json = v.data();
  return value;
}

Value Value::map(std::span<const MapEntry> v) {
  Value value(Kind::kMap, static_cast<std::uint8_t>(MapShape::kEntries), v.size());
  value.data_.entries = v.data();
  return value;
}

Value Value::map(const JsonValue::Object& v) {
  Value value(Kind::kMap, static_cast<std::uint8_t>(MapShape::kJson), v.size());
  value.data_.members = v.data();
  return value;
}

Value Value::map(std::span<const std::pair<std::string, std::string>> v) {
  Value value(Kind::kMap, static_cast<std::uint8_t>(MapShape::kStrings), v.size());
  value.data_.pairs = v.data();
  return value;
}

Value Value::map(const HostMap& v) {
  Value value(Kind::kMap, static_cast<std::uint8_t>(MapShape::kHost), 0);
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
  Value value(Kind::kUnknown, 0, key.size());
  value.data_.text = key.data();
  value.aux_ = (static_cast<std::uint32_t>(attribute.variable) << 16) | attribute.field;
  return value;
}

Value Value::error(ErrorCode code, std::string_view detail) {
  Value value(Kind::kError, static_cast<std::uint8_t>(code), std::min(detail.size(), kMostDetail));
  value.data_.text = detail.data();
  value.aux_ = kUnplaced;
  return value;
}

// The kinds travel in the unused upper half of an error's size: byte 4 and byte 5, plus one, so that 0 means none.
Value Value::no_overload(std::string_view operation, Kind a) {
  Value value = error(ErrorCode::kNoSuchOverload, operation);
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
  const Kind a = at(32) ? static_cast<Kind>(at(32) - 1) : Kind::kNull;
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
  if (kind_ == Kind::kMap && static_cast<MapShape>(sub_) == MapShape::kHost) return data_.host->size();
  return size_;
}

Value Value::element(std::size_t i) const {
  DCHECK(kind_ == Kind::kList && i < size_);
  switch (static_cast<ListShape>(sub_)) {
    case ListShape::kValues:
      return data_.values[i];
    case ListShape::kStrings:
      return of(std::string_view(data_.strings[i]));
    case ListShape::kViews:
      return of(data_.views[i]);
    case ListShape::kJson:
      return of(data_.json[i]);
  }
  UNREACHABLE_DENY(error(ErrorCode::kAbsent, {}));
}

Value Value::key(std::size_t i) const {
  DCHECK(kind_ == Kind::kMap && i < size());
  switch (static_cast<MapShape>(sub_)) {
    case MapShape::kEntries:
      return data_.entries[i].key;
    case MapShape::kJson:
      return of(std::string_view(data_.members[i].first));
    case MapShape::kStrings:
      return of(std::string_view(data_.pairs[i].first));
    case MapShape::kHost:
      return data_.host->entry(i).key;
  }
  UNREACHABLE_DENY(error(ErrorCode::kAbsent, {}));
}

Value Value::value(std::size_t i) const {
  DCHECK(kind_ == Kind::kMap && i < size());
  switch (static_cast<MapShape>(sub_)) {
    case MapShape::kEntries:
      return data_.entries[i].value;
    case MapShape::kJson:
      return of(data_.members[i].second);
    case MapShape::kStrings:
      return of(std::string_view(data_.pairs[i].second));
    case MapShape::kHost:
      return data_.host->entry(i).value;
  }
  UNREACHABLE_DENY(error(ErrorCode::kAbsent, {}));
}

std::optional<Value> Value::find(const Value& key) const {
  DCHECK(kind_ == Kind::kMap);
  const auto shape = static_cast<MapShape>(sub_);
  if (shape == MapShape::kEntries) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (equals(data_.entries[i].key, key).is_true()) return data_.entries[i].value;
    }
    return std::nullopt;
  }
  if (key.kind() != Kind::kString) return std::nullopt;
  const std::string_view name = key.text();
  if (shape == MapShape::kHost) return data_.host->find(name);
  if (shape == MapShape::kJson) {
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
  const bool linear = kind_ == Kind::kMap && (shape == MapShape::kEntries || shape == MapShape::kStrings);
  return linear ? 1 + size_ / 16 : 1;
}

bool Value::partly_unknown() const {
  return kind_ == Kind::kMap && static_cast<MapShape>(sub_) == MapShape::kHost && data_.host->partly_unknown();
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null_type";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kUnknown:
    case Kind::kError:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType:
      break;
  }
  return kind_name(value.kind());
}

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"unknown", "error", "null",      "bool",     "int",  "uint", "double",
                                                "string",  "bytes", "timestamp", "duration", "list", "map",  "type"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string to_text(const Value& value) {
  switch (value.kind()) {
    case Kind::kUnknown:
      return "unknown";
    case Kind::kError:
      return fmt::format("error({})", error_text(value));
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.boolean() ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", value.integer());
    case Kind::kUint:
      return fmt::format("{}u", value.unsigned_integer());
    case Kind::kDouble: {
      std::string text = double_text(value.real());
      if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
      return text;
    }
    case Kind::kString:
      return fmt::format("\"{}\"", printable(value.text(), limits::kCelExpressionBytes));
    case Kind::kBytes:
      return fmt::format("b\"{}\"", printable(value.text(), limits::kCelExpressionBytes));
    case Kind::kTimestamp:
      return fmt::format("timestamp(\"{}\")", to_rfc3339(value.timestamp()));
    case Kind::kDuration:
      return fmt::format("duration(\"{}\")", duration_text(value.nanos()));
    case Kind::kType:
      return std::string(value.text());
    case Kind::kList: {
      std::string text = "[";
      for (std::size_t i = 0; i < value.size(); ++i) text += (i ? ", " : "") + to_text(value.element(i));
      return text + "]";
    }
    case Kind::kMap: {
      std::string text = "{";
      for (std::size_t i = 0; i < value.size(); ++i) {
        text += (i ? ", " : "") + to_text(value.key(i)) + ": " + to_text(value.value(i));
      }
      return text + "}";
    }
  }
  UNREACHABLE_DENY("error");
}

std::string error_text(const Value& value) {
  const std::string detail = printable(value.error_detail());
  switch (value.error_code()) {
    case ErrorCode::kAbsent:
      return detail.empty() ? "the request does not say" : fmt::format("the request does not say `{}`", detail);
    case ErrorCode::kNoSuchKey:
      return fmt::format("no such key: `{}`", detail);
    case ErrorCode::kNoSuchOverload: {
      const auto [a, b] = value.error_kinds();
      std::string text = fmt::format("`{}` does not apply to {}", detail, kind_name(a));
      if (b) text += fmt::format(" and {}", kind_name(*b));
      return text;
    }
    case ErrorCode::kIndexOutOfRange:
      return fmt::format("`{}`: index out of range", detail);
    case ErrorCode::kIntOverflow:
      return fmt::format("int overflow in `{}`", detail);
    case ErrorCode::kUintOverflow:
      return fmt::format("uint overflow in `{}`", detail);
    case ErrorCode::kDivisionByZero:
      return "division by zero";
    case ErrorCode::kModulusByZero:
      return "modulus by zero";
    case ErrorCode::kTimeRange:
      return fmt::format("`{}` leaves the range of timestamps or durations", detail);
    case ErrorCode::kBadConversion:
      return fmt::format("{}() cannot convert this value", detail);
    case ErrorCode::kBadKey:
      return "a map key must be a bool, int, uint or string";
    case ErrorCode::kDuplicateKey:
      return "a map has the same key twice";
    case ErrorCode::kBadRegex:
      return "the regular expression is malformed";
    case ErrorCode::kBudget:
      return "evaluation takes more steps or memory than it may";
    case ErrorCode::kNotBoolean:
      return fmt::format("the condition is no bool but {}", detail);
  }
  UNREACHABLE_DENY("error");
}

}  // namespace portreeve::cel

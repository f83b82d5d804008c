// CEL values at run time: small, copied by bits, borrowing text, lists and maps from whoever made them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::cel {

class HostMap;
class Value;

enum class Kind : std::uint8_t {
  unknown,  // the request cannot say yet
  error,
  null,
  bool_,
  int_,
  uint,
  double_,
  string,
  bytes,
  timestamp,
  duration,
  list,
  map,
  type,
  optional,
  ip,
  cidr,
};

// Why an expression has no value. The text of each is in value.cc.
enum class ErrorCode : std::uint8_t {
  absent,      // the request should say and doesn't
  unresolved,  // a name or call that nothing answers to
  no_such_key,
  no_such_overload,  // the operation does not exist for these kinds
  index_out_of_range,
  int_overflow,
  uint_overflow,
  division_by_zero,
  modulus_by_zero,
  time_range,  // a timestamp or duration beyond its range
  bad_conversion,
  bad_key,  // a map key of a kind that cannot be one
  duplicate_key,
  bad_regex,
  bad_zone,        // a name of no time zone
  bad_format,      // a string that format() cannot take
  no_value,        // value() of optional.none()
  negative_shift,  // by how many bits
  budget,          // more steps than limits::kCelCost, or more memory than limits::kCelResultBytes
  not_boolean,     // a condition that is no boolean
};

// Which attribute of the request: a variable and, for variables with named fields, the field. Assigned by TypeEnv in
// order of declaration. A value.
struct AttributeId {
  static constexpr std::uint16_t kWhole = 0xFFFF;  // the variable itself, where it is no object
  std::uint16_t variable = 0;
  std::uint16_t field = kWhole;
  friend auto operator<=>(const AttributeId&, const AttributeId&) = default;
};

// One entry of a map literal.
struct MapEntry;

// A value, an error or "unknown". Trivially copyable, 24 bytes. Strings, lists and maps are views: of the caller's data
// (which outlives the run), of the Program, or of the run's Arena (kept by the Outcome). Const use is thread-safe.
class Value {
 public:
  Value() = default;  // null

  static Value null() { return Value(); }
  static Value of(bool v);
  static Value of(std::int64_t v);
  static Value of(int v) { return of(std::int64_t{v}); }
  static Value of_uint(std::uint64_t v);
  static Value of(double v);
  // Text in UTF-8. Borrows.
  static Value of(std::string_view v);
  static Value of(const char* v) { return of(std::string_view(v)); }
  static Value bytes(std::string_view v);  // borrows
  static Value of(Timestamp v);
  static Value of(Seconds v);
  static Value duration_nanos(std::int64_t v);
  // Lists; borrow.
  static Value list(std::span<const Value> v);
  static Value list(std::span<const std::string> v);
  static Value list(std::span<const std::string_view> v);
  static Value list(const JsonValue::Array& v);
  // Maps; borrow.
  static Value map(std::span<const MapEntry> v);
  static Value map(const JsonValue::Object& v);
  // A map of strings. Requires: no key twice; any order.
  static Value map(std::span<const std::pair<std::string, std::string>> v);
  static Value map(const HostMap& v);
  // The CEL value of a JSON value: whole numbers are ints, other numbers doubles. Borrows; no allocation.
  static Value of(const JsonValue& v);
  static Value type(std::string_view name);  // borrows
  // optional.of(inner), borrowing it; optional.none() for nullptr.
  static Value optional(const Value* inner);
  static Value ip(net::IpAddress address);
  // An address and a prefix length; host bits may be set. Requires: 0 <= length <= address.bits().
  static Value cidr(net::IpAddress address, int length);

  // What an Activation answers where the request cannot say yet.
  // `key`, where only that key of the attribute is meant, is for the explanation; borrows.
  static Value unknown(AttributeId attribute = {}, std::string_view key = {});
  // What an Activation answers where the request should say and doesn't.
  static Value absent() { return error(ErrorCode::absent, {}); }
  // `detail` (a key, an operator) is put into the text; borrows.
  static Value error(ErrorCode code, std::string_view detail);
  // kNoSuchOverload: `operation` (borrowed) does not exist for these kinds.
  static Value no_overload(std::string_view operation, Kind a);
  static Value no_overload(std::string_view operation, Kind a, Kind b);

  Kind kind() const { return kind_; }
  bool is_unknown() const { return kind_ == Kind::unknown; }
  bool is_error() const { return kind_ == Kind::error; }
  bool is_value() const { return !is_unknown() && !is_error(); }
  bool is_true() const { return kind_ == Kind::bool_ && data_.boolean; }
  bool is_false() const { return kind_ == Kind::bool_ && !data_.boolean; }

  // Requires, each: the kind fits.
  bool boolean() const { return data_.boolean; }
  std::int64_t integer() const { return data_.integer; }
  std::uint64_t unsigned_integer() const { return data_.natural; }
  double real() const { return data_.real; }
  std::string_view text() const { return {data_.text, size_}; }  // of a string, bytes or type
  Timestamp timestamp() const { return Timestamp::from_unix(data_.integer, static_cast<std::int32_t>(aux_)); }
  std::int64_t nanos() const { return data_.integer; }  // of a duration
  // Of an optional; nullptr for optional.none().
  const Value* inner() const { return data_.values; }
  // Of an ip or cidr.
  net::IpAddress address() const { return net::IpAddress::from_words(data_.natural, size_); }
  int prefix_length() const { return static_cast<int>(aux_); }  // of a cidr
  AttributeId attribute() const { return {static_cast<std::uint16_t>(aux_ >> 16), static_cast<std::uint16_t>(aux_)}; }
  std::string_view unknown_key() const { return {data_.text, size_}; }
  ErrorCode error_code() const { return static_cast<ErrorCode>(sub_); }
  std::string_view error_detail() const { return {data_.text, size_ & 0xFFFFFFFF}; }
  // Of a kNoSuchOverload: the kinds it met.
  std::pair<Kind, std::optional<Kind>> error_kinds() const;

  // Where in the expression an error arose, in bytes from 0; nullopt before the evaluator has placed it.
  std::optional<std::size_t> error_offset() const;
  // The same error with its place, unless it has one.
  Value placed_at(std::uint32_t offset) const;

  // Lists and maps. Requires: kind() is kList or kMap. O(1).
  std::size_t size() const;
  // Element `i` of a list; key `i` and value `i` of a map, in the map's own order. Requires: i < size(). No allocation.
  Value element(std::size_t i) const;
  Value key(std::size_t i) const;
  Value value(std::size_t i) const;
  // The value under `key`, numbers compared by value; nullopt where the map has none. The value may be unknown.
  // O(log n) for JSON objects, O(n) for others; no allocation.
  std::optional<Value> find(const Value& key) const;
  // How long find() takes, in steps of limits::kCelCost; 1 for anything that is no map.
  std::size_t find_steps() const;
  // True for a map of which some values cannot be said yet.
  bool partly_unknown() const;

 private:
  enum class ListShape : std::uint8_t { values, strings, views, json };
  enum class MapShape : std::uint8_t { entries, json, strings, host };
  union Data {
    bool boolean;
    std::int64_t integer;
    std::uint64_t natural;
    double real;
    const char* text;
    const Value* values;
    const std::string* strings;
    const std::string_view* views;
    const JsonValue* json;
    const MapEntry* entries;
    const JsonValue::Member* members;
    const std::pair<std::string, std::string>* pairs;
    const HostMap* host;
  };

  Value(Kind kind, std::uint8_t sub, std::size_t size) : size_(size), kind_(kind), sub_(sub) {}

  Data data_{.integer = 0};
  std::size_t size_ = 0;
  std::uint32_t aux_ = 0;  // nanoseconds of a timestamp; length of a cidr; attribute of an unknown; offset of an error
  Kind kind_ = Kind::null;
  std::uint8_t sub_ = 0;  // shape of a list or map; code of an error
};

struct MapEntry {
  Value key;
  Value value;
};

// A map that the host keeps in a form of its own, such as the request's properties laid over declared ones.
// Implementations are thread-safe to read and outlive the run.
class HostMap {
 public:
  virtual ~HostMap() = default;
  // The value, Value::unknown() where it cannot be said yet, or nullopt where the map has no such key.
  virtual std::optional<Value> find(std::string_view key) const = 0;
  virtual std::size_t size() const = 0;
  virtual MapEntry entry(std::size_t i) const = 0;  // requires i < size()
  // True where find() may answer unknown: then size, comparison and iteration of the whole are unknown as well.
  virtual bool partly_unknown() const { return false; }
};

// CEL equality: numbers by value across int, uint and double; different kinds are unequal, never an error.
// Requires: both are values. Unknown where a partly unknown map is inside.
Value equals(const Value& a, const Value& b);

// The same within a budget: takes a step off `left` for each element and each 64 bytes of text that it compares; an
// error (kBudget) where too few are left.
Value equals(const Value& a, const Value& b, std::uint64_t& left);

// CEL order, numbers by value across kinds. nullopt where the kinds have no order together; unordered for NaN.
std::optional<std::partial_ordering> order(const Value& a, const Value& b);

// `int`, `list`, `google.protobuf.Timestamp`: what type(x) is called.
std::string_view type_name(const Value& value);
// `int`, `list`, `timestamp`: for messages.
std::string_view kind_name(Kind kind);

// The value as a CEL literal, maps in the map's own order; errors as their text. For messages and tests: cut to 4 KiB.
std::string to_text(const Value& value);
// The sentence for an error, without its place. Requires: value.is_error().
std::string error_text(const Value& value);

}  // namespace portreeve::cel

// A JSON value as the engine carries it: claims, properties, context. Parsing lives in engine/reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portreeve {

// A JSON value (RFC 8259). Readers make an int64 of a whole number that fits, however written, of others a double.
// An object keeps its members sorted by key (bytewise), each key once. A value: copies are deep; const use is
// thread-safe.
class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Member = std::pair<std::string, JsonValue>;
  using Object = std::vector<Member>;  // sorted by key

  JsonValue() = default;  // null
  JsonValue(std::nullptr_t) {}
  JsonValue(bool value) : value_(value) {}
  JsonValue(std::int64_t value) : value_(value) {}
  JsonValue(int value) : value_(std::int64_t{value}) {}
  JsonValue(double value) : value_(value) {}
  JsonValue(std::string value) : value_(std::move(value)) {}
  JsonValue(std::string_view value) : value_(std::string(value)) {}
  JsonValue(const char* value) : value_(std::string(value)) {}
  JsonValue(Array value) : value_(std::move(value)) {}
  // Sorts the members. Requires: no key twice.
  JsonValue(Object value);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&value_); }
  const double* as_double() const { return std::get_if<double>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }

  // The member of that name, or nullptr where this is no object or has none. O(log members), no allocation.
  const JsonValue* find(std::string_view key) const;
  // Sets a member of an object (a null becomes an object). Requires: null or an object.
  void set(std::string_view key, JsonValue value);

  // Equal in type and value; int 1 and double 1.0 are equal, as JSON has one kind of number.
  friend bool operator==(const JsonValue& a, const JsonValue& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// The value as canonical JSON (RFC 8785): members sorted by UTF-16 code units, shortest numbers, minimal escapes.
// Integers beyond ±2^53 are written digit for digit, which RFC 8785 leaves to the producer.
std::string to_canonical_json(const JsonValue& value);
// Appends the canonical form of one string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace portreeve

#include "engine/base/json_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/check.h"

namespace portreeve {
namespace {

// ECMAScript's Number::toString, which RFC 8785 §3.2.2.3 prescribes.
void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {  // JSON has no such number; readers never make one
    out += "null";
    return;
  }
  if (value == 0) {
    out += '0';
    return;
  }
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  if (shortest.front() == '-') {
    out += '-';
    shortest.remove_prefix(1);
  }
  const std::size_t e = shortest.find('e');
  int exponent = 0;
  const std::string_view exponent_text = shortest.substr(shortest[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  std::string digits(1, shortest[0]);
  if (e > 2) digits += shortest.substr(2, e - 2);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  if (count <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(point)).append(".").append(digits, static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    out += fmt::format("e{}{}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
}

// Order by UTF-16 code units: bytewise except that U+E000..U+FFFF sort after surrogate pairs' lead units.
bool utf16_less(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    auto x = static_cast<unsigned char>(a[i]);
    auto y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    const bool x_high = x == 0xEE || x == 0xEF;
    const bool y_high = y == 0xEE || y == 0xEF;
    if (x_high && y >= 0xF0) return false;
    if (y_high && x >= 0xF0) return true;
    return x < y;
  }
  return a.size() < b.size();
}

void append_canonical(std::string& out, const JsonValue& value) {
  if (value.is_null()) {
    out += "null";
  } else if (const bool* truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (const std::int64_t* integer = value.as_int()) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const double* number = value.as_double()) {
    append_double(out, *number);
  } else if (const std::string* text = value.as_string()) {
    append_json_string(out, *text);
  } else if (const JsonValue::Array* array = value.as_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ',';
      append_canonical(out, (*array)[i]);
    }
    out += ']';
  } else if (const JsonValue::Object* object = value.as_object()) {
    std::vector<const JsonValue::Member*> members;
    members.reserve(object->size());
    for (const JsonValue::Member& member : *object) members.push_back(&member);
    std::ranges::sort(members, [](const auto* a, const auto* b) { return utf16_less(a->first, b->first); });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out += ',';
      append_json_string(out, members[i]->first);
      out += ':';
      append_canonical(out, members[i]->second);
    }
    out += '}';
  }
}

bool key_less(const JsonValue::Member& member, std::string_view key) { return member.first < key; }

}  // namespace

JsonValue::JsonValue(Object value) : value_(std::move(value)) {
  auto& members = std::get<Object>(value_);
  std::ranges::sort(members, [](const Member& a, const Member& b) { return a.first < b.first; });
  DCHECK(std::ranges::adjacent_find(members, {}, &Member::first) == members.end());
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  constexpr std::size_t kFew = 8;  // up to here looking at each is faster: most keys differ in length
  if (object->size() <= kFew) {
    for (const Member& member : *object) {
      if (member.first == key) return &member.second;
    }
    return nullptr;
  }
  const auto at = std::lower_bound(object->begin(), object->end(), key, key_less);
  return at != object->end() && at->first == key ? &at->second : nullptr;
}

void JsonValue::set(std::string_view key, JsonValue value) {
  if (is_null()) value_ = Object{};
  auto* object = std::get_if<Object>(&value_);
  CHECK(object != nullptr);
  const auto at = std::lower_bound(object->begin(), object->end(), key, key_less);
  if (at != object->end() && at->first == key) {
    at->second = std::move(value);
  } else {
    object->emplace(at, std::string(key), std::move(value));
  }
}

bool operator==(const JsonValue& a, const JsonValue& b) {
  const bool a_number = a.as_int() != nullptr || a.as_double() != nullptr;
  const bool b_number = b.as_int() != nullptr || b.as_double() != nullptr;
  if (a_number && b_number && a.value_.index() != b.value_.index()) {
    const double d = a.as_double() != nullptr ? *a.as_double() : *b.as_double();
    const std::int64_t i = a.as_int() != nullptr ? *a.as_int() : *b.as_int();
    return d >= -9.2e18 && d <= 9.2e18 && static_cast<std::int64_t>(d) == i &&
           static_cast<double>(static_cast<std::int64_t>(d)) == d;
  }
  return a.value_ == b.value_;
}

std::string to_canonical_json(const JsonValue& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[(c >> 4) & 0xF];
          out += kHex[c & 0xF];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace portreeve

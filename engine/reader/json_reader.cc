#include "engine/reader/json_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/reader/json_fault.h"

namespace portreeve::reader {
namespace {

namespace dom = simdjson::dom;

// A step of a JSON pointer: a key, or an index where `key` is null.
struct Step {
  const std::string* key = nullptr;
  std::size_t index = 0;
};

// Turns simdjson's tree into ours, checking what simdjson does not.
class Converter {
 public:
  explicit Converter(const JsonLimits& limits) : depth_(limits.depth), nul_(limits.nul) {}

  Result<JsonValue> convert(const dom::element& element) {
    switch (element.type()) {
      case dom::element_type::NULL_VALUE:
        return JsonValue();
      case dom::element_type::BOOL:
        return JsonValue(bool(element.get_bool().value_unsafe()));
      case dom::element_type::INT64:
        return JsonValue(std::int64_t{element.get_int64().value_unsafe()});
      // Only what int64 cannot hold comes as uint64.
      case dom::element_type::UINT64:
        return JsonValue(static_cast<double>(element.get_uint64().value_unsafe()));
      case dom::element_type::DOUBLE:
        return number(element.get_double().value_unsafe());
      case dom::element_type::STRING:
        return string(element.get_string().value_unsafe());
      case dom::element_type::ARRAY:
        return array(element.get_array().value_unsafe());
      case dom::element_type::OBJECT:
        return object(element.get_object().value_unsafe());
    }
    return fail("a value of no known type");
  }

 private:
  bool is_refused(std::string_view text) const {
    return nul_ == Nul::refused && text.find('\0') != std::string_view::npos;
  }

  Result<JsonValue> number(double value) {
    if (!std::isfinite(value)) return bad("a number too large for a double");
    // `3.0` and `3e0` are what `3` is: JSON has one kind of number, and a record keeps the shortest form of it.
    constexpr double kBeyondInt64 = 9223372036854775808.0;  // 2^63, which a double holds exactly
    const bool whole = std::trunc(value) == value && value >= -kBeyondInt64 && value < kBeyondInt64;
    return whole ? JsonValue(static_cast<std::int64_t>(value)) : JsonValue(value);
  }

  Result<JsonValue> string(std::string_view value) {
    if (is_refused(value)) return bad("a string with U+0000, which is not accepted");
    return JsonValue(value);
  }

  Result<JsonValue> array(const dom::array& source) {
    if (path_.size() >= depth_) return too_deep();
    JsonValue::Array values;
    values.reserve(source.size());
    path_.push_back({});
    for (const dom::element element : source) {
      path_.back().index = values.size();
      TRY_ASSIGN(JsonValue value, convert(element));
      values.push_back(std::move(value));
    }
    path_.pop_back();
    return JsonValue(std::move(values));
  }

  Result<JsonValue> object(const dom::object& source) {
    if (path_.size() >= depth_) return too_deep();
    JsonValue::Object members;
    members.reserve(source.size());
    path_.push_back({});
    for (const dom::key_value_pair member : source) {
      const std::string key(member.key);
      path_.back().key = &key;
      if (is_refused(key)) return bad("a key with U+0000, which is not accepted");
      TRY_ASSIGN(JsonValue value, convert(member.value));
      members.emplace_back(key, std::move(value));
    }
    std::ranges::sort(members, {}, &JsonValue::Member::first);
    const auto twice = std::ranges::adjacent_find(members, {}, &JsonValue::Member::first);
    if (twice != members.end()) {
      path_.back().key = &twice->first;
      return bad("a key that stands twice in its object");
    }
    path_.pop_back();
    return JsonValue(std::move(members));
  }

  Result<JsonValue> too_deep() { return bad(fmt::format("nested deeper than {} levels", depth_)); }

  Result<JsonValue> bad(std::string_view what) {
    std::string pointer;
    for (const Step& step : path_) {
      pointer += '/';
      if (step.key == nullptr) {
        pointer += std::to_string(step.index);
        continue;
      }
      for (const char c : *step.key) {
        if (c == '~') {
          pointer += "~0";
        } else if (c == '/') {
          pointer += "~1";
        } else {
          pointer += c;
        }
      }
    }
    return fail(fmt::format("at `{}`: {}", printable(pointer), what));
  }

  const std::size_t depth_;
  const Nul nul_;
  std::vector<Step> path_;
};

// `text` with an exponent of zero after every integer that no int64 holds, or nothing where there is none.
// simdjson 3.0 refuses integers beyond 64 bits; written so, it reads them as the doubles they are for us, and what
// to_canonical_json() writes of a large double can be read again. Requires: the text is grammatical.
std::string with_large_integers_as_doubles(std::string_view text) {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      for (++at; text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
      continue;
    }
    if (text[at] != '-' && (text[at] < '0' || text[at] > '9')) continue;
    const std::size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
    std::int64_t ignored = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, ignored);
    if (error == std::errc::result_out_of_range && stop == text.data() + end) {
      out.append(text, copied, end - copied).append("e0");
      copied = end;
    }
    at = end - 1;
  }
  return copied == 0 ? out : out.append(text, copied);
}

Result<JsonValue> syntax_error(std::string_view text, simdjson::error_code error) {
  if (!is_valid_utf8(text)) return fail("not well-formed UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) return fail("at byte 0: a byte order mark, which JSON does not have");
  if (error == simdjson::DEPTH_ERROR) return fail("nested too deep");
  const JsonFault fault = find_json_fault(text);
  if (!fault.expected.empty()) return fail(fmt::format("at byte {}: expected {}", fault.offset, fault.expected));
  if (error == simdjson::NUMBER_ERROR) return fail("a number too large for a double");
  return fail("a string with a lone surrogate");
}

}  // namespace

struct JsonReader::Buffers {
  dom::parser parser;
};

JsonReader::JsonReader(JsonLimits limits) : limits_(limits), buffers_(std::make_unique<Buffers>()) {}
JsonReader::~JsonReader() = default;

Result<JsonValue> JsonReader::parse(std::string_view text) {
  if (text.size() > limits_.bytes) return fail(fmt::format("longer than {} bytes", limits_.bytes));
  dom::element root;
  // The copy into the parser's own padded buffer is what lets callers pass any view.
  simdjson::error_code error = buffers_->parser.parse(text.data(), text.size(), true).get(root);
  if (error == simdjson::NUMBER_ERROR && find_json_fault(text).expected.empty()) {
    const std::string rewritten = with_large_integers_as_doubles(text);
    if (!rewritten.empty()) error = buffers_->parser.parse(rewritten).get(root);
  }
  if (error != simdjson::SUCCESS) return syntax_error(text, error);
  return Converter(limits_).convert(root);
}

Result<JsonValue> parse_json(std::string_view text, JsonLimits limits) { return JsonReader(limits).parse(text); }

}  // namespace portreeve::reader

// Values as CEL literals and as JSON with types. A small value may say the same large list over and over, so what is
// written is bounded, and so is the time it takes.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "engine/base/json_value.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/text_forms.h"
#include "engine/cel/typed_json.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {
namespace {

// As CEL reads it back: what does not print as an escape of its code point.
std::string string_literal(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view point = text.substr(at, utf8_length(text, at));
    at += point.size();
    if (point == "\"" || point == "\\") {
      out += '\\';
      out += point;
    } else if (printable(point) == point) {
      out += point;
    } else {
      out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(utf8_code(point)));
    }
  }
  return out + '"';
}

std::string bytes_literal(std::string_view bytes) {
  std::string out = "b\"";
  for (const char c : bytes) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out + '"';
}

std::string double_literal(double value) {
  if (!std::isfinite(value)) return fmt::format("double(\"{}\")", double_text(value));
  std::string text = double_text(value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string cidr_text(const Value& value) {
  return fmt::format("{}/{}", value.address().to_string(), value.prefix_length());
}

// Of anything but a list, a map and an optional.
std::string scalar_literal(const Value& value) {
  switch (value.kind()) {
    case Kind::unknown:
      return "unknown";
    case Kind::error:
      return fmt::format("error({})", error_text(value));
    case Kind::null:
      return "null";
    case Kind::bool_:
      return value.boolean() ? "true" : "false";
    case Kind::int_:
      return fmt::format("{}", value.integer());
    case Kind::uint:
      return fmt::format("{}u", value.unsigned_integer());
    case Kind::double_:
      return double_literal(value.real());
    case Kind::string:
      return string_literal(value.text());
    case Kind::bytes:
      return bytes_literal(value.text());
    case Kind::timestamp:
      return fmt::format("timestamp(\"{}\")", to_rfc3339(value.timestamp()));
    case Kind::duration:
      return fmt::format("duration(\"{}\")", duration_text(value.nanos()));
    case Kind::type:
      return std::string(value.text());
    case Kind::ip:
      return fmt::format("ip(\"{}\")", value.address().to_string());
    case Kind::cidr:
      return fmt::format("cidr(\"{}\")", cidr_text(value));
    case Kind::list:
    case Kind::map:
    case Kind::optional:
      break;
  }
  return {};
}

class LiteralWriter {
 public:
  explicit LiteralWriter(std::size_t most) : most_(most) {}

  bool write(const Value& value) {
    if (out_.size() > most_) return false;
    if (value.kind() == Kind::list) return list(value);
    if (value.kind() == Kind::map) return map(value);
    if (value.kind() != Kind::optional) {
      out_ += scalar_literal(value);
    } else if (value.inner() == nullptr) {
      out_ += "optional.none()";
    } else {
      out_ += "optional.of(";
      if (!write(*value.inner())) return false;
      out_ += ')';
    }
    return out_.size() <= most_;
  }

  std::string take() { return std::move(out_); }

 private:
  bool list(const Value& value) {
    out_ += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!write(value.element(i))) return false;
    }
    out_ += ']';
    return true;
  }

  bool map(const Value& value) {
    out_ += '{';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!write(value.key(i))) return false;
      out_ += ": ";
      if (!write(value.value(i))) return false;
    }
    out_ += '}';
    return true;
  }

  const std::size_t most_;
  std::string out_;
};

// A double as JSON has it, its sign kept where it is zero; what JSON has no number for as a string.
std::string double_json(double value) {
  if (!std::isfinite(value)) return fmt::format("\"{}\"", double_text(value));
  return value == 0 && std::signbit(value) ? "-0.0" : to_canonical_json(JsonValue(value));
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// The `value` of anything but a list, a map and an optional.
std::string scalar_json(const Value& value) {
  switch (value.kind()) {
    case Kind::bool_:
      return value.boolean() ? "true" : "false";
    case Kind::int_:
      return fmt::format("\"{}\"", value.integer());
    case Kind::uint:
      return fmt::format("\"{}\"", value.unsigned_integer());
    case Kind::double_:
      return double_json(value.real());
    case Kind::string:
    case Kind::type:
      return json_string(value.text());
    case Kind::bytes:
      return fmt::format("\"{}\"", base64_encode(value.text()));
    case Kind::timestamp:
      return fmt::format("\"{}\"", to_rfc3339(value.timestamp()));
    case Kind::duration:
      return fmt::format("\"{}\"", duration_text(value.nanos()));
    case Kind::ip:
      return fmt::format("\"{}\"", value.address().to_string());
    case Kind::cidr:
      return fmt::format("\"{}\"", cidr_text(value));
    case Kind::null:
    case Kind::unknown:
    case Kind::error:
    case Kind::list:
    case Kind::map:
    case Kind::optional:
      break;
  }
  return "null";
}

class JsonWriter {
 public:
  bool write(const Value& value) {
    if (!value.is_value()) {
      out_ += fmt::format("{{\"error\":{}}}", json_string(to_text(value)));
      return true;
    }
    out_ += fmt::format("{{\"type\":\"{}\",\"value\":", kind_name(value.kind()));
    const bool fits = content(value);
    out_ += '}';
    return fits && out_.size() <= limits::kCelResultBytes;
  }

  std::string take() { return std::move(out_); }

 private:
  bool content(const Value& value) {
    if (value.kind() == Kind::optional && value.inner() != nullptr) return write(*value.inner());
    if (value.kind() != Kind::list && value.kind() != Kind::map) {
      out_ += scalar_json(value);
      return true;
    }
    const bool map = value.kind() == Kind::map;
    for (std::size_t i = 0; i < value.size(); ++i) {
      out_ += i == 0 ? "[" : ",";
      if (!(map ? pair(value, i) : write(value.element(i)))) return false;
    }
    out_ += value.size() == 0 ? "[]" : "]";
    return true;
  }

  bool pair(const Value& map, std::size_t i) {
    out_ += '[';
    if (!write(map.key(i))) return false;
    out_ += ',';
    if (!write(map.value(i))) return false;
    out_ += ']';
    return true;
  }

  std::string out_;
};

}  // namespace

std::string to_text(const Value& value) {
  constexpr std::size_t kMessageBytes = 4096;
  LiteralWriter writer(kMessageBytes);
  const bool whole = writer.write(value);
  std::string text = writer.take();
  if (whole) return text;
  // Cut between code points.
  std::size_t end = std::min(text.size(), kMessageBytes);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

namespace {

Result<std::string> within_bound(bool fits, std::string text) {
  if (fits) return text;
  return fail(fmt::format("the value is too large to write: more than {} bytes", limits::kCelResultBytes));
}

}  // namespace

Result<std::string> to_literal(const Value& value) {
  LiteralWriter writer(limits::kCelResultBytes);
  const bool fits = writer.write(value);
  return within_bound(fits, writer.take());
}

Result<std::string> to_typed_json(const Value& value) {
  JsonWriter writer;
  const bool fits = writer.write(value);
  return within_bound(fits, writer.take());
}

}  // namespace portreeve::cel

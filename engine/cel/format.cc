#include "engine/cel/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "engine/base/text.h"
#include "engine/cel/functions.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {
namespace {

constexpr int kDefaultPrecision = 6;
constexpr int kMostPrecision = 1000;
constexpr std::size_t kDeepest = 64;  // of lists and maps in one another

// Fills one format. `wrong` is set once and ends it.
class Formatter {
 public:
  Formatter(const Value& arguments, Arena& arena) : arguments_(arguments), arena_(arena) {}

  Value run(std::string_view format) {
    for (std::size_t at = 0; at < format.size() && wrong_.is_value();) {
      const std::size_t clause = std::min(format.find('%', at), format.size());
      out_.append(format, at, clause - at);
      at = clause;
      if (at < format.size()) at = substitute(format, at + 1);
      if (!arena_.has_room(out_.size())) return Value::error(ErrorCode::budget, {});
    }
    if (wrong_.is_value()) return kept(out_, arena_);
    arena_.count(out_.size());  // so that failing over and over is bounded as well
    return wrong_;
  }

 private:
  void fail(std::string_view why) {
    if (wrong_.is_value()) wrong_ = Value::error(ErrorCode::bad_format, arena_.keep(why));
  }

  // After the percent sign; returns where the text goes on.
  std::size_t substitute(std::string_view format, std::size_t at) {
    if (at < format.size() && format[at] == '%') {
      out_ += '%';
      return at + 1;
    }
    int precision = -1;
    if (at < format.size() && format[at] == '.') {
      precision = 0;
      for (++at; at < format.size() && format[at] >= '0' && format[at] <= '9' && precision <= kMostPrecision; ++at) {
        precision = precision * 10 + (format[at] - '0');
      }
    }
    const char clause = at < format.size() ? format[at] : '\0';
    if (std::string_view("sdfeboxX").find(clause) == std::string_view::npos || clause == '\0') {
      fail(clause == '\0' ? "a clause ends too early" : fmt::format("no such clause as %{}", printable({&clause, 1})));
      return format.size();
    }
    if (precision > kMostPrecision) fail(fmt::format("a precision above {}", kMostPrecision));
    if (precision >= 0 && clause != 'f' && clause != 'e') fail(fmt::format("%{} takes no precision", clause));
    if (next_ >= arguments_.size()) fail(fmt::format("there is no argument {}", next_ + 1));
    if (!wrong_.is_value()) return format.size();
    const Value value = arguments_.element(next_++);
    if (!value.is_value()) {
      wrong_ = value;
      return format.size();
    }
    write(clause, precision < 0 ? kDefaultPrecision : precision, value);
    return at + 1;
  }

  void write(char clause, int precision, const Value& value) {
    if (clause == 's') return text(value, out_, 0);
    if (clause == 'd') return decimal(value);
    if (clause == 'f' || clause == 'e') return real(clause, precision, value);
    based(clause, value);
  }

  void not_for(char clause, const Value& value) { fail(fmt::format("%{} does not take {}", clause, type_name(value))); }

  void decimal(const Value& value) {
    if (value.kind() == Kind::int_) {
      out_ += fmt::format("{}", value.integer());
    } else if (value.kind() == Kind::uint) {
      out_ += fmt::format("{}", value.unsigned_integer());
    } else if (value.kind() == Kind::double_ && !std::isfinite(value.real())) {
      out_ += double_text(value.real());
    } else {
      not_for('d', value);
    }
  }

  void real(char clause, int precision, const Value& value) {
    double number = 0;
    if (value.kind() == Kind::double_) {
      number = value.real();
    } else if (value.kind() == Kind::int_) {
      number = static_cast<double>(value.integer());
    } else if (value.kind() == Kind::uint) {
      number = static_cast<double>(value.unsigned_integer());
    } else {
      return not_for(clause, value);
    }
    if (!std::isfinite(number)) {
      out_ += double_text(number);
    } else {
      out_ += clause == 'f' ? fmt::format("{:.{}f}", number, precision) : fmt::format("{:.{}e}", number, precision);
    }
  }

  static std::string magnitude(char clause, std::uint64_t number) {
    if (clause == 'b') return fmt::format("{:b}", number);
    if (clause == 'o') return fmt::format("{:o}", number);
    return clause == 'x' ? fmt::format("{:x}", number) : fmt::format("{:X}", number);
  }

  // %b %o %x %X
  void based(char clause, const Value& value) {
    const bool hexadecimal = clause == 'x' || clause == 'X';
    if (value.kind() == Kind::int_) {
      const bool negative = value.integer() < 0;
      const auto bits = static_cast<std::uint64_t>(value.integer());
      out_ += (negative ? "-" : "") + magnitude(clause, negative ? 0 - bits : bits);
    } else if (value.kind() == Kind::uint) {
      out_ += magnitude(clause, value.unsigned_integer());
    } else if (clause == 'b' && value.kind() == Kind::bool_) {
      out_ += value.boolean() ? '1' : '0';
    } else if (hexadecimal && (value.kind() == Kind::string || value.kind() == Kind::bytes)) {
      for (const char c : value.text()) {
        const auto byte = static_cast<unsigned char>(c);
        out_ += clause == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
      }
    } else {
      not_for(clause, value);
    }
  }

  // %s, lists and maps by their elements; a map's entries in the order of their keys' text.
  void text(const Value& value, std::string& out, std::size_t depth) {
    if (depth > kDeepest) return fail("the value nests too deep");
    if (!arena_.has_room(out.size())) wrong_ = Value::error(ErrorCode::budget, {});
    if (!wrong_.is_value()) return;
    if (!value.is_value()) {
      if (wrong_.is_value()) wrong_ = value;
      return;
    }
    if (value.kind() == Kind::list) {
      out += '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ", ";
        text(value.element(i), out, depth + 1);
      }
      out += ']';
    } else if (value.kind() == Kind::map) {
      map(value, out, depth);
    } else {
      scalar(value, out);
    }
  }

  void map(const Value& value, std::string& out, std::size_t depth) {
    if (value.partly_unknown()) {
      wrong_ = Value::unknown();
      return;
    }
    std::multimap<std::string, std::string> entries;
    for (std::size_t i = 0; i < value.size() && wrong_.is_value(); ++i) {
      std::string key;
      std::string entry;
      text(value.key(i), key, depth + 1);
      text(value.value(i), entry, depth + 1);
      entries.emplace(std::move(key), std::move(entry));
    }
    const char* separator = "{";
    for (const auto& [key, entry] : entries) {
      out += fmt::format("{}{}: {}", separator, key, entry);
      separator = ", ";
    }
    out += entries.empty() ? "{}" : "}";
  }

  void scalar(const Value& value, std::string& out) {
    if (value.kind() == Kind::null) {
      out += "null";
    } else if (value.kind() == Kind::type) {
      out += value.text();
    } else if (const Value converted_text = converted(Function::to_string, value, arena_);
               converted_text.kind() == Kind::string) {
      out += converted_text.text();
    } else {
      not_for('s', value);
    }
  }

  const Value& arguments_;
  Arena& arena_;
  std::string out_;
  std::size_t next_ = 0;
  Value wrong_;  // null while nothing is
};

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

Value formatted(std::string_view format, const Value& arguments, Arena& arena) {
  return Formatter(arguments, arena).run(format);
}

Value quoted(std::string_view text, Arena& arena) {
  static constexpr std::string_view kPlain = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  std::string out = "\"";
  for (const char c : text) {
    const std::size_t at = kPlain.find(c);
    if (at != std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? c : kLetters[at];
  }
  return kept(out + '"', arena);
}

Value base64_encoded(std::string_view bytes, Arena& arena) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
    }
  }
  return kept(out, arena);
}

Value base64_decoded(std::string_view text, Arena& arena) {
  const Value malformed = Value::error(ErrorCode::bad_conversion, "base64.decode");
  if (text.size() % 4 == 0) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return malformed;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return malformed;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  const Value bytes = kept(out, arena);
  return bytes.is_value() ? Value::bytes(bytes.text()) : bytes;
}

}  // namespace portreeve::cel

#include "engine/reader/json_fault.h"

#include <string>

namespace portreeve::reader {
namespace {

constexpr std::string_view kValue = "a value";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  JsonFault scan() {
    bool ok = value();
    while (ok && !open_.empty()) ok = open_.back() == '{' ? object_step() : array_step();
    if (!ok) return {at_, expected_};
    skip_space();
    return at_ == text_.size() ? JsonFault{} : JsonFault{at_, "nothing after the value"};
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }
  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
  }
  bool expect(std::string_view what) {
    expected_ = what;
    return false;
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A scalar whole, of an array or object only the opening bracket.
  bool value() {
    skip_space();
    fresh_ = false;
    if (at_end()) return expect(kValue);
    switch (peek()) {
      case '{':
      case '[':
        open_ += text_[at_++];
        fresh_ = true;
        return true;
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  bool close() {
    ++at_;
    open_.pop_back();
    fresh_ = false;
    return true;
  }

  bool object_step() {
    skip_space();
    if (peek() == '}' && !at_end()) return close();
    if (!fresh_) {
      if (!take(',')) return expect("`,` or `}`");
      skip_space();
    }
    if (peek() != '"') return expect("a key in double quotes");
    if (!string()) return false;
    skip_space();
    if (!take(':')) return expect("`:`");
    return value();
  }

  bool array_step() {
    skip_space();
    if (peek() == ']' && !at_end()) return close();
    if (!fresh_ && !take(',')) return expect("`,` or `]`");
    return value();
  }

  bool string() {
    ++at_;
    while (!at_end()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return expect("control characters in strings to be escaped");
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return expect("the string's closing double quote");
  }

  bool escape() {
    if (at_end() || std::string_view("\"\\/bfnrtu").find(text_[at_]) == std::string_view::npos) {
      return expect("an escape that JSON knows");
    }
    if (text_[at_++] != 'u') return true;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (!is_hex(peek())) return expect("four hexadecimal digits");
    }
    return true;
  }

  bool literal(std::string_view word) {
    for (const char c : word) {
      if (!take(c)) return expect(kValue);
    }
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return expect("a digit");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    const bool negative = take('-');
    if (!is_digit(peek())) return expect(negative ? "a digit" : kValue);
    if (take('0')) {
      if (is_digit(peek())) return expect("no digit after a leading zero");
    } else if (!digits()) {
      return false;
    }
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;    // the brackets still open
  bool fresh_ = false;  // nothing stands yet in the innermost of them
  std::string_view expected_;
};

}  // namespace

JsonFault find_json_fault(std::string_view text) { return Scanner(text).scan(); }

}  // namespace portreeve::reader

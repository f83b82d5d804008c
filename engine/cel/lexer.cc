#include "engine/cel/lexer.h"

#include <fmt/format.h>

#include <array>

#include "engine/base/text.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {
namespace {

constexpr std::array kKeywords = {"in", "true", "false", "null"};
constexpr std::array kReserved = {"as",       "break",  "const",  "continue", "else", "for",
                                  "function", "if",     "import", "let",      "loop", "namespace",
                                  "package",  "return", "var",    "void",     "while"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <class Words>
bool contains(const Words& words, std::string_view word) {
  for (const std::string_view candidate : words) {
    if (candidate == word) return true;
  }
  return false;
}

class Lexer {
 public:
  Lexer(std::string_view text, ErrorSink& errors) : text_(text), errors_(errors) {}

  std::vector<Token> run() {
    for (;;) {
      skip_blank();
      if (at_ >= text_.size()) break;
      next();
    }
    add(TokenKind::end, at_, {});
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Range since(std::size_t begin) const { return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)}; }
  void add(TokenKind kind, std::size_t begin, std::string text) {
    tokens_.push_back({kind, since(begin), std::move(text)});
  }

  void skip_blank() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  void next() {
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted(at_, false, false);
    if (is_word(c)) return word();
    if (c == '`') return quoted_identifier();
    return punctuation();
  }

  void word() {
    const std::size_t begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view found = text_.substr(begin, at_ - begin);
    if ((peek() == '"' || peek() == '\'') && found.size() <= 2) {
      const std::string prefix = to_lower_ascii(found);
      if (prefix == "r") return quoted(begin, true, false);
      if (prefix == "b") return quoted(begin, false, true);
      if (prefix == "rb" || prefix == "br") return quoted(begin, true, true);
    }
    const TokenKind kind = contains(kKeywords, found)   ? TokenKind::keyword
                           : contains(kReserved, found) ? TokenKind::reserved
                                                        : TokenKind::identifier;
    add(kind, begin, std::string(found));
  }

  void number() {
    const std::size_t begin = at_;
    TokenKind kind = TokenKind::int_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && hex_digit(peek(2)) >= 0) {
      at_ += 2;
      while (hex_digit(peek()) >= 0) ++at_;
    } else {
      while (is_digit(peek())) ++at_;
      if (peek() == '.' && is_digit(peek(1))) {
        kind = TokenKind::double_;
        ++at_;
        while (is_digit(peek())) ++at_;
      }
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
        kind = TokenKind::double_;
        at_ += 1 + sign;
        while (is_digit(peek())) ++at_;
      }
    }
    std::string digits(text_.substr(begin, at_ - begin));
    if (kind == TokenKind::int_ && (peek() == 'u' || peek() == 'U')) {
      kind = TokenKind::uint;
      ++at_;
    }
    if (is_word(peek())) {
      while (is_word(peek())) ++at_;
      errors_.add(since(begin), fmt::format("`{}` is no number", printable(text_.substr(begin, at_ - begin))));
    }
    add(kind, begin, std::move(digits));
  }

  void quoted_identifier() {
    const std::size_t begin = at_++;
    while (is_word(peek()) || peek() == '.' || peek() == '-' || peek() == '/' || peek() == ' ') ++at_;
    if (peek() != '`' || at_ == begin + 1) {
      errors_.add(since(begin), "a quoted field name is not closed",
                  "letters, digits, blanks and any of _ . - / may stand between the backticks");
      if (peek() == '`') ++at_;
      return;
    }
    std::string name(text_.substr(begin + 1, at_ - begin - 1));
    ++at_;
    add(TokenKind::quoted_identifier, begin, std::move(name));
  }

  void punctuation() {
    static constexpr std::array<std::string_view, 6> kTwo = {"==", "!=", "<=", ">=", "&&", "||"};
    const std::size_t begin = at_;
    const std::string_view two = text_.substr(at_, 2);
    if (contains(kTwo, two)) {
      at_ += 2;
      return add(TokenKind::operator_, begin, std::string(two));
    }
    if (std::string_view("<>+-*/%!?:.,()[]{}").find(peek()) != std::string_view::npos) {
      ++at_;
      return add(TokenKind::operator_, begin, std::string(text_.substr(begin, 1)));
    }
    const char c = peek();
    at_ += utf8_length(text_, at_);
    std::string help;
    if (c == '=') help = "equality is `==`";
    if (c == '&') help = "write `&&`";
    if (c == '|') help = "write `||`";
    errors_.add(since(begin), fmt::format("unexpected `{}`", printable(text_.substr(begin, at_ - begin))), help);
  }

  // At the quote; `begin` is where the prefix starts.
  void quoted(std::size_t begin, bool raw, bool bytes) {
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3 : 1;
    std::string value;
    for (;;) {
      const char c = peek();
      if (at_ >= text_.size() || (!triple && (c == '\n' || c == '\r'))) {
        errors_.add({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + 1)},
                    "this string is not closed");
        break;
      }
      if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
        at_ += triple ? 3 : 1;
        break;
      }
      if (c == '\\' && !raw) {
        escape(value, bytes);
      } else {
        value += c;
        ++at_;
      }
    }
    add(bytes ? TokenKind::bytes : TokenKind::string, begin, std::move(value));
  }

  void escape(std::string& value, bool bytes) {
    static constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t begin = at_++;
    const char c = peek();
    if (const std::size_t i = kLetters.find(c); c != '\0' && i != std::string_view::npos) {
      value += kMeanings[i];
      ++at_;
      return;
    }
    int digits = 0;
    int base = 16;
    if (c == 'x' || c == 'X') digits = 2;
    if (c == 'u') digits = 4;
    if (c == 'U') digits = 8;
    if (c >= '0' && c <= '3') digits = 3, base = 8;
    if (digits == 0 || (bytes && (c == 'u' || c == 'U'))) {
      if (at_ < text_.size()) at_ += utf8_length(text_, at_);
      errors_.add(since(begin), fmt::format("unknown escape `{}`", printable(text_.substr(begin, at_ - begin))),
                  "in regular expressions double the backslash, or write r'…'");
      return;
    }
    if (base == 16) ++at_;
    std::uint32_t code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const int digit = hex_digit(peek());
      if (digit < 0 || digit >= base) {
        errors_.add(since(begin),
                    fmt::format("escape `{}` wants {} {} digits", printable(text_.substr(begin, at_ - begin)), digits,
                                base == 16 ? "hexadecimal" : "octal"));
        return;
      }
      code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    }
    if (bytes) {
      value += static_cast<char>(code);
    } else if (!append_utf8(value, code)) {
      errors_.add(since(begin), fmt::format("escape `{}` is no Unicode character", text_.substr(begin, at_ - begin)));
    }
  }

  std::string_view text_;
  ErrorSink& errors_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view expression, ErrorSink& errors) { return Lexer(expression, errors).run(); }

}  // namespace portreeve::cel

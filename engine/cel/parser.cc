#include "engine/cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/lexer.h"
#include "engine/cel/macros.h"
#include "engine/cel/text_forms.h"

namespace portreeve::cel {
namespace {

using ExprPtr = std::unique_ptr<Expr>;

// Binary operators by how tightly they bind, loosest first. && and || stand apart, being flat.
constexpr std::array<std::string_view, 7> kRelations = {"<", "<=", ">=", ">", "==", "!=", "in"};
constexpr std::array<std::string_view, 2> kSums = {"+", "-"};
constexpr std::array<std::string_view, 3> kProducts = {"*", "/", "%"};

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Recursive descent. A function that returns nullptr has reported why; the first syntax error ends the parse.
class Parser {
 public:
  Parser(std::vector<Token> tokens, ErrorSink& errors) : tokens_(std::move(tokens)), errors_(errors) {}

  ExprPtr run() {
    if (peek().kind == TokenKind::end) {
      errors_.add(peek().at, "an empty expression", "leave out `when` where there is no condition");
      return nullptr;
    }
    ExprPtr root = expression();
    if (root && peek().kind != TokenKind::end) return unexpected("the end or an operator");
    if (root && root->height > limits::kCelNesting) {
      return fail_at(root->at,
                     fmt::format("the expression nests {} deep; at most {}", root->height, limits::kCelNesting));
    }
    return root;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(std::string_view op, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::operator_ && peek(ahead).text == op;
  }
  bool take(std::string_view op) {
    if (!is(op)) return false;
    ++at_;
    return true;
  }
  Range range_from(std::uint32_t begin) const { return {begin, at_ > 0 ? tokens_[at_ - 1].at.end : begin}; }

  std::nullptr_t fail_at(Range at, std::string message, std::string help = {}) {
    errors_.add(at, std::move(message), std::move(help));
    return nullptr;
  }

  std::nullptr_t unexpected(std::string_view wanted) {
    const Token& found = peek();
    switch (found.kind) {
      case TokenKind::end:
        return fail_at(found.at, fmt::format("the expression ends where {} should follow", wanted));
      case TokenKind::reserved:
        return fail_at(found.at, fmt::format("`{}` is a reserved word", found.text));
      case TokenKind::string:
      case TokenKind::bytes:
        return fail_at(found.at, fmt::format("unexpected string, where {} should stand", wanted));
      case TokenKind::quoted_identifier:
      case TokenKind::identifier:
      case TokenKind::keyword:
      case TokenKind::int_:
      case TokenKind::uint:
      case TokenKind::double_:
      case TokenKind::operator_:
        break;
    }
    return fail_at(found.at, fmt::format("unexpected `{}`, where {} should stand", printable(found.text, 40), wanted));
  }

  bool expect(std::string_view op) {
    if (take(op)) return true;
    unexpected(fmt::format("`{}`", op));
    return false;
  }

  static ExprPtr make(ExprKind kind, Range at, std::string name = {}) {
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    expr->at = at;
    expr->name_at = at;
    expr->name = std::move(name);
    return expr;
  }
  static void adopt(Expr& parent, ExprPtr child) {
    parent.height = std::max(parent.height, child->height + 1);
    parent.args.push_back(std::move(child));
  }

  ExprPtr expression() {
    if (++depth_ > limits::kCelNesting) {
      return fail_at(peek().at, fmt::format("the expression nests more than {} deep", limits::kCelNesting));
    }
    ExprPtr result = ternary();
    --depth_;
    return result;
  }

  ExprPtr ternary() {
    ExprPtr condition = flat("||");
    if (!condition || !is("?")) return condition;
    const Range at = peek().at;
    ++at_;
    ExprPtr yes = flat("||");
    if (!yes || !expect(":")) return nullptr;
    ExprPtr no = expression();
    if (!no) return nullptr;
    ExprPtr result = make(ExprKind::operator_, range_from(condition->at.begin), "?:");
    result->name_at = at;
    adopt(*result, std::move(condition));
    adopt(*result, std::move(yes));
    adopt(*result, std::move(no));
    return result;
  }

  // A chain of && or || as one node: both are associative, absorption included.
  ExprPtr flat(std::string_view op) {
    ExprPtr first = op == "||" ? flat("&&") : binary(0);
    if (!first || !is(op)) return first;
    ExprPtr result = make(ExprKind::operator_, first->at, std::string(op));
    result->name_at = peek().at;
    adopt(*result, std::move(first));
    while (take(op)) {
      ExprPtr next = op == "||" ? flat("&&") : binary(0);
      if (!next) return nullptr;
      adopt(*result, std::move(next));
    }
    result->at.end = range_from(0).end;
    return result;
  }

  bool is_binary(int level) const {
    const Token& token = peek();
    if (level == 0 && token.kind == TokenKind::keyword) return token.text == "in";
    if (token.kind != TokenKind::operator_) return false;
    return level == 0   ? contains(kRelations, token.text)
           : level == 1 ? contains(kSums, token.text)
                        : contains(kProducts, token.text);
  }

  // Relations (0), sums (1), products (2): left-associative.
  ExprPtr binary(int level) {
    ExprPtr left = level == 2 ? unary() : binary(level + 1);
    while (left && is_binary(level)) {
      const Token op = peek();
      ++at_;
      ExprPtr right = level == 2 ? unary() : binary(level + 1);
      if (!right) return nullptr;
      ExprPtr result = make(ExprKind::operator_, range_from(left->at.begin), op.text);
      result->name_at = op.at;
      adopt(*result, std::move(left));
      adopt(*result, std::move(right));
      left = std::move(result);
    }
    return left;
  }

  ExprPtr unary() {
    const Token op = peek();
    if (!is("!") && !is("-")) return member();
    std::vector<Range> signs;
    while (is(op.text)) {
      signs.push_back(peek().at);
      ++at_;
    }
    const bool negative = op.text == "-" && (peek().kind == TokenKind::int_ || peek().kind == TokenKind::double_);
    if (negative) signs.pop_back();
    ExprPtr operand = member(negative);
    for (; operand && !signs.empty(); signs.pop_back()) {
      ExprPtr result = make(ExprKind::operator_, {signs.back().begin, operand->at.end}, op.text == "!" ? "!" : "-x");
      result->name_at = signs.back();
      adopt(*result, std::move(operand));
      operand = std::move(result);
    }
    return operand;
  }

  ExprPtr member(bool negative = false) {
    ExprPtr expr = primary(negative);
    while (expr) {
      if (take(".")) {
        expr = take("?") ? optional_selection(std::move(expr)) : selection(std::move(expr));
      } else if (take("[")) {
        const bool optional = take("?");
        ExprPtr index = expression();
        if (!index || !expect("]")) return nullptr;
        ExprPtr result = make(ExprKind::operator_, range_from(expr->at.begin), "[]");
        result->name_at = index->at;
        result->optional = optional;
        adopt(*result, std::move(expr));
        adopt(*result, std::move(index));
        expr = std::move(result);
      } else if (is("{") && (expr->kind == ExprKind::select || expr->kind == ExprKind::identifier)) {
        return fail_at(expr->at, "not supported: building protobuf messages");
      } else {
        break;
      }
    }
    return expr;
  }

  // After the dot and the question mark.
  ExprPtr optional_selection(ExprPtr target) {
    const Token name = peek();
    const bool plain = name.kind == TokenKind::identifier || name.kind == TokenKind::reserved;
    if (!plain && name.kind != TokenKind::quoted_identifier) return unexpected("a field's name");
    ++at_;
    ExprPtr result = make(ExprKind::select, range_from(target->at.begin), name.text);
    result->name_at = name.at;
    result->optional = true;
    adopt(*result, std::move(target));
    return result;
  }

  // After the dot.
  ExprPtr selection(ExprPtr target) {
    const Token name = peek();
    // Reserved words may be selectors, keywords may not.
    const bool plain = name.kind == TokenKind::identifier || name.kind == TokenKind::reserved;
    if (!plain && name.kind != TokenKind::quoted_identifier) return unexpected("a field's name");
    ++at_;
    if (plain && take("(")) return call(name, std::move(target));
    ExprPtr result = make(ExprKind::select, range_from(target->at.begin), name.text);
    result->name_at = name.at;
    adopt(*result, std::move(target));
    return result;
  }

  // After the opening parenthesis.
  ExprPtr call(const Token& name, ExprPtr target) {
    const std::uint32_t begin = target ? target->at.begin : name.at.begin;
    ExprPtr result = make(ExprKind::call, name.at, name.text);
    result->receiver = target != nullptr;
    if (target) adopt(*result, std::move(target));
    if (!take(")")) {
      do {
        ExprPtr argument = expression();
        if (!argument) return nullptr;
        adopt(*result, std::move(argument));
      } while (take(","));
      if (!expect(")")) return nullptr;
    }
    result->at = range_from(begin);
    return expanded(std::move(result), errors_);
  }

  ExprPtr primary(bool negative) {
    const Token token = peek();
    switch (token.kind) {
      case TokenKind::int_:
      case TokenKind::uint:
      case TokenKind::double_:
        ++at_;
        return number(token, negative);
      case TokenKind::string:
      case TokenKind::bytes: {
        ++at_;
        ExprPtr literal = make(ExprKind::literal, token.at);
        literal->text = token.text;
        literal->literal =
            token.kind == TokenKind::bytes ? Value::bytes(literal->text) : Value::of(std::string_view(literal->text));
        return literal;
      }
      case TokenKind::keyword: {
        if (token.text == "in") return unexpected("a value");
        ++at_;
        ExprPtr literal = make(ExprKind::literal, token.at);
        literal->literal = token.text == "null" ? Value::null() : Value::of(token.text == "true");
        return literal;
      }
      case TokenKind::identifier:
        return identifier(false);
      case TokenKind::operator_:
        return bracketed();
      case TokenKind::end:
      case TokenKind::quoted_identifier:
      case TokenKind::reserved:
        break;
    }
    return unexpected("a value");
  }

  ExprPtr identifier(bool absolute) {
    const Token token = peek();
    if (token.kind != TokenKind::identifier) return unexpected("a name");
    ++at_;
    if (take("(")) return call(token, nullptr);
    ExprPtr expr = make(ExprKind::identifier, token.at, token.text);
    expr->absolute = absolute;
    return expr;
  }

  ExprPtr bracketed() {
    const Token open = peek();
    if (take(".")) return identifier(true);
    if (take("(")) {
      ExprPtr inner = expression();
      if (!inner || !expect(")")) return nullptr;
      inner->at = range_from(open.at.begin);
      return inner;
    }
    if (take("[")) return elements(make(ExprKind::list, open.at), "]");
    if (take("{")) return elements(make(ExprKind::map, open.at), "}");
    return unexpected("a value");
  }

  // A list's or map's elements up to `close`; a comma may stand before it.
  ExprPtr elements(ExprPtr result, std::string_view close) {
    const std::uint32_t begin = result->at.begin;
    while (!take(close)) {
      const Token mark = peek();
      const bool optional = take("?");
      ExprPtr element = expression();
      if (!element) return nullptr;
      if (result->kind == ExprKind::map) {
        if (!expect(":")) return nullptr;
        adopt(*result, std::move(element));
        element = expression();
        if (!element) return nullptr;
      }
      if (optional) {
        ExprPtr entry = make(ExprKind::entry_if_any, {mark.at.begin, element->at.end});
        adopt(*entry, std::move(element));
        element = std::move(entry);
      }
      adopt(*result, std::move(element));
      if (!take(",") && !is(close)) return unexpected(fmt::format("`,` or `{}`", close));
    }
    result->at = range_from(begin);
    result->name_at = result->at;
    return result;
  }

  ExprPtr number(const Token& token, bool negative) {
    ExprPtr literal = make(ExprKind::literal, token.at);
    if (negative) literal->at.begin = literal->name_at.begin = tokens_[at_ - 2].at.begin;
    const std::string sign = negative ? "-" : "";
    if (token.kind == TokenKind::double_) {
      const auto value = parse_double(sign + token.text);
      if (!value)
        return fail_at(token.at, fmt::format("`{}` is out of the range of doubles", printable(token.text, 40)));
      literal->literal = Value::of(*value);
      return literal;
    }
    const bool hexadecimal = token.text.starts_with("0x") || token.text.starts_with("0X");
    const std::string digits = hexadecimal ? token.text.substr(2) : token.text;
    const int base = hexadecimal ? 16 : 10;
    std::int64_t whole = 0;
    std::uint64_t natural = 0;
    const std::string text = sign + digits;
    const char* const end = text.data() + text.size();
    const bool is_uint = token.kind == TokenKind::uint;
    const auto read =
        is_uint ? std::from_chars(text.data(), end, natural, base) : std::from_chars(text.data(), end, whole, base);
    if (read.ec != std::errc() || read.ptr != end) {
      return fail_at(literal->at, fmt::format("`{}{}` is out of the range of {}", sign, printable(token.text, 40),
                                              is_uint ? "uint" : "int"));
    }
    literal->literal = is_uint ? Value::of_uint(natural) : Value::of(whole);
    return literal;
  }

  std::vector<Token> tokens_;
  ErrorSink& errors_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::unique_ptr<Expr> parse(std::string_view expression, ErrorSink& errors) {
  auto tokens = lex(expression, errors);
  if (!errors.empty()) return nullptr;
  auto root = Parser(std::move(tokens), errors).run();
  return errors.empty() ? std::move(root) : nullptr;
}

}  // namespace portreeve::cel

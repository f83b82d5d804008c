// CEL's tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cel/errors.h"

namespace portreeve::cel {

enum class TokenKind : std::uint8_t {
  end,
  identifier,
  quoted_identifier,  // `like-this`, after a dot only
  keyword,            // in, true, false, null
  reserved,
  int_,     // text: digits as written
  uint,     // text: digits without the suffix
  double_,  // text: as written
  string,   // text: the value
  bytes,    // text: the value
  operator_,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Range at;
  std::string text;
};

// The tokens of an expression, kEnd last (cel-spec, langdef.md "Lexis"). Goes on after a bad token where it can.
// Requires: valid UTF-8, at most limits::kCelExpressionBytes.
std::vector<Token> lex(std::string_view expression, ErrorSink& errors);

}  // namespace portreeve::cel

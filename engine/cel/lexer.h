// CEL's tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cel/errors.h"

namespace portreeve::cel {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,
  kQuotedIdentifier,  // `like-this`, after a dot only
  kKeyword,           // in, true, false, null
  kReserved,
  kInt,     // text: digits as written
  kUint,    // text: digits without the suffix
  kDouble,  // text: as written
  kString,  // text: the value
  kBytes,   // text: the value
  kOperator,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Range at;
  std::string text;
};

// The tokens of an expression, kEnd last (cel-spec, langdef.md "Lexis"). Goes on after a bad token where it can.
// Requires: valid UTF-8, at most limits::kCelExpressionBytes.
std::vector<Token> lex(std::string_view expression, ErrorSink& errors);

}  // namespace portreeve::cel

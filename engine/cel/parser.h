// CEL's grammar.
#pragma once

#include <memory>
#include <string_view>

#include "engine/cel/ast.h"

namespace portreeve::cel {

// The syntax tree of an expression (cel-spec, langdef.md "Syntax"), macros recognised. The whole grammar is read; what
// is not accepted yet is an error that says so. nullptr where there was any error. Requires: as lex().
std::unique_ptr<Expr> parse(std::string_view expression, ErrorSink& errors);

}  // namespace portreeve::cel

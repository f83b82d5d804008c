// The macros: calls that are not functions, since they name variables or fields.
#pragma once

#include <memory>

#include "engine/cel/ast.h"

namespace portreeve::cel {

// The macro that `call` is, read as one; `call` itself where it is none. nullptr where it is a macro written wrong,
// which has been reported. Requires: a call as parsed.
std::unique_ptr<Expr> expanded(std::unique_ptr<Expr> call, ErrorSink& errors);

}  // namespace portreeve::cel

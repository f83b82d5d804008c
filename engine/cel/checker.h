// Types: every node gets its type and what it will run as, or there is an error.
#pragma once

#include "engine/cel/ast.h"

namespace portreeve::cel {

// Resolves names, checks types and literals (timestamps, durations, regular expressions, zones), and fills in what
// the planner needs. All type errors are reported; a node with an error counts as dyn, so that one mistake is told
// once.
void check(Expr& root, const TypeEnv& environment, const CompileOptions& options, ErrorSink& errors);

}  // namespace portreeve::cel

// Turns a checked tree into flat code: constants folded, attributes and zones numbered, cost estimated.
#pragma once

#include <memory>

#include "engine/cel/ast.h"

namespace portreeve::cel {

// Elements that the cost estimate assumes of a list or map whose size the expression does not tell. Three macros deep
// over such lists stay within limits::kCelCost with bodies of some 30 nodes; longer lists meet the same figure at run
// time.
inline constexpr std::uint64_t kAssumedElements = 32;
// Steps that a function over a string of unknown length is taken to need.
inline constexpr std::uint64_t kAssumedStringSteps = 16;

// Requires: check() found no error in `root`.
std::unique_ptr<const Program::Code> plan(const Expr& root, std::string_view source, const TypeEnv& environment,
                                          const CompileOptions& options);

}  // namespace portreeve::cel

// One expression by itself, whose variables are given as expressions too: for trying the language, and for cel-spec's
// conformance cases.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/cel/cel.h"

namespace portreeve::cel {

struct Question {
  std::string expression;
  std::map<std::string, std::string> variables;  // name, which may be qualified (`a.b`) → expression
};

// A value, with all that it borrows from. Moves.
struct Evaluated {
  std::shared_ptr<const Program> program;
  Outcome outcome;
  std::vector<Evaluated> variables;
  const Value& value() const { return outcome.value; }
};

// Evaluates the variables' expressions, which see no variable, then the expression. `options.want` is any_value.
// Fails with the compile errors, a line each, or the run's: `column 3: division by zero`.
Result<Evaluated> evaluate(const Question& question, const CompileOptions& options);

}  // namespace portreeve::cel

// What `portreeve explain` says: why, as a tree, and what would change a denial.
#pragma once

#include "engine/base/json_value.h"
#include "tools/portreeve/eval_report.h"

namespace portreeve::cli {

void print_explanation(const Explained& explained, Stream& stream);
// As to_json(), with `whyNot`: `remedy`, `text`, and where one is concerned `rule`, `place`, `roles`, `clauses`.
JsonValue explanation_to_json(const Explained& explained);

}  // namespace portreeve::cli

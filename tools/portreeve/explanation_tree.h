// What `portreeve explain` draws: why, and what would change a denial.
#pragma once

#include "tools/portreeve/eval_report.h"

namespace portreeve::cli {

void print_tree(const Explained& explained, Stream& stream);

}  // namespace portreeve::cli

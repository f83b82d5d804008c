// The page's tables of small things: each row is put into a policy that is whole otherwise.
#pragma once

#include "tests/docs/example_set.h"
#include "tests/docs/page.h"

namespace portreeve::docs {

// A row of `<!-- patterns: NAME -->`: a pattern, what it matches, what it does not match. The set of one rule with that
// pattern, and a case for each. Requires: `is_pattern_table`.
bool is_pattern_table(const Table& table);
ExampleSet pattern_set(const Table& table, const Row& row, const std::string& base);

// A row of `<!-- refused: KIND -->` or `<!-- warned: KIND -->`: a piece of a rule of that policy, or else of a `spec`
// of that kind; `document` is for whole ones. Requires: `is_message_table`.
bool is_message_table(const Table& table);
ExampleSet message_set(const Table& table, const Row& row, const std::string& base);

}  // namespace portreeve::docs

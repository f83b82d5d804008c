// Accounting's report as a table.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

// Prints the answer of `GET /v1/usage`: its rows, their totals, and what the figures leave open. On a terminal each row
// has a bar for its share of the cost, or of the tokens where nothing has a cost. Fails where the report is none.
Status print_usage(Stream& out, const JsonValue& report);

// `1234567` as `1 234 567`.
std::string grouped(std::int64_t number);
// A bar of `share` (0 to 1) of `width` columns, to an eighth; at least an eighth where the share is not 0.
std::string bar(double share, std::size_t width);

}  // namespace portreeve::cli

// Records as rows of a table for spreadsheets (RFC 4180).
#pragma once

#include <string>
#include <string_view>

#include "storage/log/record_filter.h"

namespace portreeve::pdp {

// The header's line.
std::string csv_header();
// A record's line. A record that is no JSON has only its number.
std::string csv_row(const storage::LoggedRecord& record);
// A cell: quoted where it must be; an apostrophe before what a spreadsheet would take for a formula, also in the wide
// forms of the same signs.
std::string csv_cell(std::string_view text);

}  // namespace portreeve::pdp

// Records of the decision log as people read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/wire/record.h"
#include "storage/log/record_filter.h"
#include "tools/portreeve/table.h"

namespace portreeve::cli {

// The columns of `portreeve decisions`, and a record's row in them. Texts are the record's own bytes: for a Table.
std::vector<Column> record_columns();
std::vector<Cell> record_row(const storage::LoggedRecord& logged);

// A whole record, a line a member, control characters made visible.
std::string record_lines(const storage::LoggedRecord& logged);

}  // namespace portreeve::cli

// The questions of `GET /v1/usage`, read from their parameters.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "accounting/ledger/ledger_reader.h"
#include "engine/base/result.h"

namespace portreeve::accounting {

using Parameters = std::vector<std::pair<std::string, std::string>>;

enum class ReportFormat : std::uint8_t { json, csv };

struct ReportQuery {
  Dimension by = Dimension::tenant;
  Selection selection;
  std::size_t limit = 1000;
  ReportFormat format = ReportFormat::json;
};
// `by`, `from`, `to` (RFC 3339, or a date: its beginning in UTC), each dimension as a filter, `limit` (1 to 10 000),
// `format` (`json`, `csv`). Anything else, and anything twice, is refused.
Result<ReportQuery> read_report_query(const Parameters& parameters);

struct CallsQuery {
  Selection selection;
  std::string after;
  std::size_t limit = 100;
};
// `from`, `to` and the filters as above, `after`, `limit` (1 to 1000).
Result<CallsQuery> read_calls_query(const Parameters& parameters);

}  // namespace portreeve::accounting

// Sums over the ledger, and the calls behind them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounting/ledger/call.h"
#include "accounting/price/money.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::accounting {

enum class Dimension : std::uint8_t { tenant, subject, session, model, provider, tag, day };
std::string_view to_text(Dimension dimension);
std::optional<Dimension> dimension_from_text(std::string_view text);

// Which calls are meant. All that is given must hold; an empty text means calls that have none.
struct Selection {
  std::optional<Timestamp> from;  // the call's beginning, inclusive
  std::optional<Timestamp> to;    // exclusive
  // Exact values; of `day` a date (UTC), of `tag` `KEY=VALUE` or `KEY`.
  std::map<Dimension, std::string> where;
  // A reader's bound, beside what it asks for: only this tenant's.
  std::optional<std::string> only_tenant;
};

// Sums of a set of calls.
struct Sums {
  std::int64_t calls = 0;
  wire::UsageCounters counters;
  Money cost;                  // of what is priced
  std::int64_t unpriced = 0;   // calls with usage and no price
  std::int64_t unknown = 0;    // calls whose usage nobody knows
  std::int64_t estimated = 0;  // calls counted by an estimate
  std::int64_t disputed = 0;   // calls of which two accounts differ
};

struct ReportRow {
  std::string key;  // empty: calls that have none
  Sums sums;
};

// Rows by falling cost, then calls, then key. A call with several tags stands in several rows, in the totals once.
struct Report {
  Dimension by = Dimension::tenant;
  std::vector<ReportRow> rows;
  std::int64_t left_out = 0;  // rows beyond the limit
  Sums totals;                // of all calls selected
};

struct CallPage {
  std::vector<Call> calls;  // by time, then id
  std::string next;         // continues there; empty at the end
};

// The error of a page asked for with a cursor that no page gave.
inline constexpr std::string_view kBadCursor = "`after` is none of ours";

struct CallWithEvents {
  Call call;
  std::vector<StoredEvent> events;
};

// Reads beside the writer. One thread at a time.
class LedgerReader {
 public:
  // Fails where there is no ledger.
  static Result<std::unique_ptr<LedgerReader>> open(const std::string& path);
  ~LedgerReader();
  LedgerReader(const LedgerReader&) = delete;
  LedgerReader& operator=(const LedgerReader&) = delete;

  // O(calls selected).
  Result<Report> report(Dimension by, const Selection& selection, std::size_t limit);
  // `after`: a page's `next`; empty: from the start. O(limit) where only times are selected.
  Result<CallPage> calls(const Selection& selection, const std::string& after, std::size_t limit);
  // nullopt: none of that id that the reader may see.
  Result<std::optional<CallWithEvents>> call(std::int64_t id, const std::optional<std::string>& only_tenant);

 private:
  class Impl;
  explicit LedgerReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::accounting

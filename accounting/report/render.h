// What the ledger says, as JSON and CSV.
#pragma once

#include <string>

#include "accounting/ledger/ledger_reader.h"
#include "engine/base/json_value.h"

namespace portreeve::accounting {

// Frozen: docs/accounting.md. Costs are exact decimals of dollars, as texts.
JsonValue to_json(const Report& report, const Selection& selection);
JsonValue to_json(const Call& call);
JsonValue to_json(const CallPage& page);
JsonValue to_json(const CallWithEvents& call);

// RFC 4180, a header first; the totals are a last row with an empty key and `total` in the first column. A text that a
// spreadsheet would take for a formula gets an apostrophe before it.
std::string to_csv(const Report& report);

}  // namespace portreeve::accounting

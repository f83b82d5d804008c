// A decision of the log, judged once more against the revision that made it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/wire/principal.h"
#include "engine/wire/record.h"
#include "tools/portreeve/eval_report.h"
#include "tools/portreeve/policy_folder.h"

namespace portreeve::cli {

// What the data folder still holds of it.
struct RecordedDecision {
  wire::DecisionRecord record;
  LoadedPolicies policies;               // of the revision that decided, as stored
  std::optional<wire::Principal> asked;  // the session's subject; nothing where no session asked
  bool session_is_gone = false;
};

// Reads beside a live PDP and changes nothing. Fails where there is no such decision, or its revision is not stored or
// does not load any more.
Result<RecordedDecision> find_recorded(const std::string& data, const std::string& id);

// Explains it at its time. `recorded` outlives the result.
Result<Explained> explain_recorded(const RecordedDecision& recorded);

}  // namespace portreeve::cli

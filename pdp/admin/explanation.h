// Recorded decisions judged again, and explained.
#pragma once

#include <string_view>
#include <vector>

#include "engine/analyze/explanation.h"
#include "engine/base/json_value.h"
#include "engine/wire/record.h"
#include "pdp/admin/policy_library.h"
#include "pdp/session/revocations.h"

namespace portreeve::pdp {

// A recorded decision explained at its time, by its revision, from what the record holds. A session's subject has the
// claims that the session was made with; other people's claims of that moment are kept nowhere. Fails with why it
// cannot be done.
Result<analyze::Explanation> explain_record(const wire::DecisionRecord& record, const PolicyRevision& revision,
                                            const Revocations& sessions);

// `RoleSource`s of docs/openapi.yaml where nothing says how the roles were come by.
JsonValue unexplained_roles(const std::vector<std::string>& roles);
JsonValue to_json(const std::vector<PolicyExcerpt>& excerpts);

}  // namespace portreeve::pdp

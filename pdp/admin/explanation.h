// Why a question was answered as it was: the same judgement once more, with its trace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/decide/decide.h"
#include "engine/wire/record.h"
#include "pdp/admin/policy_library.h"
#include "pdp/session/revocations.h"

namespace portreeve::pdp {

// A judgement and all that was considered on the way.
struct Judged {
  wire::Decision decision;
  decide::Trace trace;
};

// A recorded decision judged again, at its time, by its revision, from what the record holds. A session's subject has
// the claims that the session was made with; other people's claims of that moment are kept nowhere. Fails with why it
// cannot be done.
Result<Judged> judge_again(const wire::DecisionRecord& record, const PolicyRevision& revision,
                           const Revocations& sessions);

// `Explanation` of docs/openapi.yaml. `basis` is `replayed`, `differs` or `unavailable`.
JsonValue explanation_json(std::string_view basis, std::string_view note, const decide::Trace* trace);
// `RoleSource`s: each role and those of the bindings that give it, or one that inherits it.
JsonValue role_sources(const std::vector<std::string>& roles, const compile::Snapshot& snapshot,
                       const std::vector<std::string>& bindings);
JsonValue to_json(const std::vector<PolicyExcerpt>& excerpts);

}  // namespace portreeve::pdp

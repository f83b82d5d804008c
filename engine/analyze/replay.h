// A recorded decision as the question that it answered, as far as the record holds it.
#pragma once

#include <optional>

#include "engine/base/result.h"
#include "engine/wire/decision.h"
#include "engine/wire/record.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

// Who asked. `session`, where a session did and is still known: its subject, with the roles that it had active then,
// which stand in the record; it may have others by now. Otherwise, and where the session was not accepted, what the
// record says, on the word of a gate: tokens and claims are not recorded.
wire::Principal recorded_principal(const wire::DecisionRecord& record, const std::optional<wire::Principal>& session);

// The question at its time, asked by `principal`. A record keeps no arguments and environment, no context, and of
// generic access no properties: what conditions read of these is gone. Where the subject was not accepted the same
// reason stands again. Fails where the record does not hold a whole question.
Result<wire::Request> recorded_question(const wire::DecisionRecord& record, wire::Principal principal);

// Whether judging again gave what is recorded.
bool same_answer(const wire::DecisionRecord& record, const wire::Decision& decision);
// What may have made the difference where it did not.
std::string_view what_records_leave_out();

}  // namespace portreeve::analyze

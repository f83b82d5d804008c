// A PolicyTest's case as the questions that a gate would ask.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/model/policy_set.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

// Stands in where an egress case names no addresses: public, and of no range that the guard knows.
inline constexpr std::string_view kStandInAddress = "93.184.215.14";

// The case as AuthZEN evaluation bodies, in the order in which a gate asks them: egress.resolve and egress.connect for
// egress, one for anything else. The first that is denied is the answer, else the last is. `subject` is `type` and
// `id`, and the properties of a subject that a PEP names; whoever sends these with a token puts its own subject there.
// Requires: the case is of a checked set, and `subject` the one it names.
std::vector<JsonValue> evaluation_bodies(const model::PolicySet& set, const model::TestSubject& subject,
                                         const model::TestCase& test_case);

// Who the case says is asking, put into a request: its claims as if a token had proved them, its session (gates always
// ask for one), and the time, `now` where the case states none. A subject without its `sub` is token-invalid.
void simulate_subject(const model::PolicySet& set, const model::TestSubject& subject, const model::TestCase& test_case,
                      Timestamp now, wire::Request& request);

// The case as one row of a table, with the given expectations: `{ as: rita, egress: "https://…", expect: deny }`.
std::string to_row(const model::TestCase& test_case, std::string_view expectations);
// The case's own expectations, as they stand in a row: `expect: allow, by: ["web/packages"]`.
std::string expectations_of(const model::TestCase& test_case);

// `dryRun` as tables write it, its decision `allow` or `deny` in place of a boolean.
JsonValue dry_run_in_table(JsonValue dry_run);

}  // namespace portreeve::analyze

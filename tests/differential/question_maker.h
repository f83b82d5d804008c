// Questions that hit what the generated policies say, and its neighbours.
#pragma once

#include <optional>
#include <string>

#include "engine/base/json_value.h"
#include "engine/wire/principal.h"
#include "tests/differential/comparer.h"
#include "tests/differential/dice.h"

namespace portreeve::differential {

// The time about which bindings start and end: 2026-11-24T12:00:00Z.
inline constexpr Timestamp kNoon = Timestamp::from_unix(1'795'521'600);

// A question as the wire brings it: the body goes through the reader of requests. Nothing where it refuses the body.
std::optional<Question> make_question(const JsonValue& body, const wire::Principal& principal, Timestamp time,
                                      std::optional<wire::Reason> identity_failure = std::nullopt);

// A random question of any domain.
std::optional<Question> random_question(Dice& dice);

// An AuthZEN body with the given resource and action.
JsonValue evaluation_body(std::string_view action, std::string_view type, std::string_view id, JsonValue properties,
                          JsonValue context = {});

}  // namespace portreeve::differential

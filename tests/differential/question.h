// One question to both evaluators, in parts that can be dropped one by one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/wire/principal.h"
#include "engine/wire/reason.h"
#include "engine/wire/request.h"

namespace portreeve::differential {

// The time about which bindings start and end: 2026-11-24T12:00:00Z.
inline constexpr Timestamp kNoon = Timestamp::from_unix(1'795'521'600);

struct Question {
  JsonValue body;  // as the wire brings it
  wire::Principal principal;
  Timestamp time;
  std::optional<wire::Reason> identity_failure;
  wire::Request request;  // all that, as judgement takes it
};

// The body goes through the reader of requests. Nothing where it refuses the body.
std::optional<Question> make_question(JsonValue body, wire::Principal principal, Timestamp time,
                                      std::optional<wire::Reason> identity_failure = std::nullopt);

// The AuthZEN body, who asks and when, as JSON.
std::string to_json(const Question& question);

// An AuthZEN body with the given resource and action.
JsonValue evaluation_body(std::string_view action, std::string_view type, std::string_view id, JsonValue properties,
                          JsonValue context = {});

}  // namespace portreeve::differential

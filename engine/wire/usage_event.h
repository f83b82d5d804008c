// What the broker spools and accounting reads: one call of a model, told when it begins and again when it ended.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::wire {

// An intent is durable before the call is sent on; its completion follows. An intent without one is usage that nobody
// knows, never no usage. Their texts are `intent` `completion`.
enum class UsageKind : std::uint8_t { intent, completion };

// How model and usage are read. `anthropic.messages` `openai.chat` `openai.responses` `none`.
enum class UsageApi : std::uint8_t { anthropic_messages, openai_chat, openai_responses, none };

// How a call ended. `completed` `upstream-error` `client-gone` `revoked` `failed`.
enum class UsageOutcome : std::uint8_t { completed, upstream_error, client_gone, revoked, failed };

// What stands behind the counters: the provider's last word; an estimate, where it never came; nothing.
// `reported` `estimated` `unknown`. Rising is better.
enum class UsageCertainty : std::uint8_t { unknown, estimated, reported };

std::string_view to_text(UsageKind kind);
std::string_view to_text(UsageApi api);
std::string_view to_text(UsageOutcome outcome);
std::string_view to_text(UsageCertainty certainty);
std::optional<UsageApi> usage_api_from_text(std::string_view text);
std::optional<UsageOutcome> usage_outcome_from_text(std::string_view text);
std::optional<UsageCertainty> usage_certainty_from_text(std::string_view text);

// Tokens, each in exactly one counter, so that sums are safe; and units of the provider's own tools (`web_search`).
struct UsageCounters {
  std::int64_t input = 0;           // neither cached nor audio
  std::int64_t cache_read = 0;      // input that a cache held
  std::int64_t cache_write_5m = 0;  // input written to a cache, by the lifetime asked for
  std::int64_t cache_write_1h = 0;
  std::int64_t input_audio = 0;
  std::int64_t output = 0;  // neither reasoning nor audio, as far as the provider tells them apart
  std::int64_t reasoning = 0;
  std::int64_t output_audio = 0;
  std::map<std::string, std::int64_t> tools;
  friend bool operator==(const UsageCounters&, const UsageCounters&) = default;
};

// One event. Optional texts are empty where there is none. Never prompts, answers or secrets.
struct UsageEvent {
  std::string key;  // the call's: 32 hex digits of the gate's boot, `-`, a number; the same in intent and completion
  UsageKind kind = UsageKind::intent;
  Timestamp time;  // the gate's clock, to the millisecond: the call's beginning, also in the completion
  std::string gate;
  std::string decision;  // the id of the decision that allowed it
  std::string session;
  std::string subject;
  std::string tenant;    // optional
  std::string secret;    // the Secret's name
  std::string provider;  // `anthropic`, `openai`, or the upstream's host
  UsageApi api = UsageApi::none;
  std::string model;  // as asked for; optional with `none`
  bool stream = false;
  std::map<std::string, std::string> tags;

  // Of a completion only.
  std::string answered_model;  // optional: as the provider names what answered
  std::string response_id;     // optional
  std::string service_tier;    // optional
  int status = 0;              // HTTP; 0: no answer came
  UsageOutcome outcome = UsageOutcome::failed;
  UsageCertainty certainty = UsageCertainty::unknown;
  UsageCounters counters;
  std::int64_t duration_millis = 0;
  friend bool operator==(const UsageEvent&, const UsageEvent&) = default;
};

// The canonical JSON (RFC 8785) of an event and its place in the gate's run (`seq`, 1, 2, …): at most
// limits::kUsageEventBytes. Total: what would not fit is brought within the bounds that usage_event_from_json() holds
// to. Ill-formed UTF-8 becomes U+FFFD, control characters a space, longer texts are cut (a response's id is left out,
// as half of one could be another's), tags and tools beyond the bound are left out, counters clamped.
std::string to_json(const UsageEvent& event, std::int64_t seq);

// `text` within those bounds: what a text of an event may be.
std::string bounded_usage_text(std::string_view text);

struct NumberedUsageEvent {
  std::int64_t seq = 0;
  UsageEvent event;
};

// Reads a parsed event. Strict: an unknown, missing or mistyped member, one that does not belong to the kind, a number
// or text out of bounds is an error that begins with the JSON pointer (RFC 6901) of what is wrong. Any thread.
Result<NumberedUsageEvent> usage_event_from_json(const JsonValue& value);

// True for the form that `key` has.
bool is_usage_key(std::string_view text);

}  // namespace portreeve::wire

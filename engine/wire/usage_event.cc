#include "engine/wire/usage_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::wire {
namespace {

constexpr std::int64_t kMostInteger = (std::int64_t{1} << 53) - 1;
constexpr std::size_t kBootDigits = 32;
constexpr std::size_t kMostCallDigits = 19;

template <class Value>
struct Text {
  Value value;
  std::string_view text;
};
constexpr Text<UsageKind> kKinds[] = {{UsageKind::intent, "intent"}, {UsageKind::completion, "completion"}};
constexpr Text<UsageApi> kApis[] = {{UsageApi::anthropic_messages, "anthropic.messages"},
                                    {UsageApi::openai_chat, "openai.chat"},
                                    {UsageApi::openai_responses, "openai.responses"},
                                    {UsageApi::none, "none"}};
constexpr Text<UsageOutcome> kOutcomes[] = {{UsageOutcome::completed, "completed"},
                                            {UsageOutcome::upstream_error, "upstream-error"},
                                            {UsageOutcome::client_gone, "client-gone"},
                                            {UsageOutcome::revoked, "revoked"},
                                            {UsageOutcome::failed, "failed"}};
constexpr Text<UsageCertainty> kCertainties[] = {{UsageCertainty::unknown, "unknown"},
                                                 {UsageCertainty::estimated, "estimated"},
                                                 {UsageCertainty::reported, "reported"}};

template <class Value>
std::string_view text_of(std::span<const Text<Value>> table, Value value) {
  for (const Text<Value>& row : table) {
    if (row.value == value) return row.text;
  }
  return table.front().text;
}
template <class Value>
std::optional<Value> value_of(std::span<const Text<Value>> table, std::string_view text) {
  for (const Text<Value>& row : table) {
    if (row.text == text) return row.value;
  }
  return std::nullopt;
}

struct CounterName {
  std::string_view name;
  std::int64_t UsageCounters::*member;
};
constexpr CounterName kCounters[] = {{"input", &UsageCounters::input},
                                     {"cacheRead", &UsageCounters::cache_read},
                                     {"cacheWrite5m", &UsageCounters::cache_write_5m},
                                     {"cacheWrite1h", &UsageCounters::cache_write_1h},
                                     {"inputAudio", &UsageCounters::input_audio},
                                     {"output", &UsageCounters::output},
                                     {"reasoning", &UsageCounters::reasoning},
                                     {"outputAudio", &UsageCounters::output_audio}};

// The texts of an event, in the order of nothing: canonical JSON sorts them.
enum class Presence : std::uint8_t { always, if_any };
struct TextName {
  std::string_view name;
  std::string UsageEvent::*member;
  Presence presence;
};
constexpr TextName kTexts[] = {
    {"gate", &UsageEvent::gate, Presence::always},         {"decision", &UsageEvent::decision, Presence::if_any},
    {"session", &UsageEvent::session, Presence::if_any},   {"subject", &UsageEvent::subject, Presence::if_any},
    {"tenant", &UsageEvent::tenant, Presence::if_any},     {"secret", &UsageEvent::secret, Presence::if_any},
    {"provider", &UsageEvent::provider, Presence::always}, {"model", &UsageEvent::model, Presence::if_any}};
constexpr TextName kCompletionTexts[] = {{"answeredModel", &UsageEvent::answered_model, Presence::if_any},
                                         {"responseId", &UsageEvent::response_id, Presence::if_any},
                                         {"serviceTier", &UsageEvent::service_tier, Presence::if_any}};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// --- writing

std::string within_bounds(std::string_view text, std::size_t most = limits::kUsageTextBytes) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  const auto cut = [&](std::string_view whole) {
    std::size_t end = std::min(whole.size(), most);
    while (end > 0 && end < whole.size() && continues(whole[end])) --end;
    return whole.substr(0, end);
  };
  const std::string well_formed = to_well_formed_utf8(cut(text));  // may be longer: each replacement takes three bytes
  std::string out(cut(well_formed));
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return out;
}

std::int64_t clamped(std::int64_t count) { return std::clamp<std::int64_t>(count, 0, limits::kUsageCount); }

JsonValue counters_json(const UsageCounters& counters) {
  JsonValue out{JsonValue::Object{}};
  for (const CounterName& row : kCounters) out.set(row.name, clamped(counters.*row.member));
  JsonValue tools{JsonValue::Object{}};
  std::size_t left = limits::kUsageTools;
  for (const auto& [name, count] : counters.tools) {
    if (name.empty() || left-- == 0) break;
    tools.set(within_bounds(name, limits::kUsageTagKeyBytes), clamped(count));
  }
  if (!tools.as_object()->empty()) out.set("tools", std::move(tools));
  return out;
}

JsonValue tags_json(const std::map<std::string, std::string>& tags) {
  JsonValue out{JsonValue::Object{}};
  std::size_t left = limits::kUsageTags;
  for (const auto& [key, value] : tags) {
    if (key.empty()) continue;
    if (left-- == 0) break;
    out.set(within_bounds(key, limits::kUsageTagKeyBytes), within_bounds(value));
  }
  return out;
}

// --- reading

// Reads members of one object; keeps the first thing that is wrong, and what it has not been asked for is wrong too.
class Reading {
 public:
  Reading(const JsonValue& object, std::string place) : object_(object), place_(std::move(place)) {
    if (object.as_object() == nullptr) error_ = fmt::format("{}: not an object", place_.empty() ? "/" : place_);
  }

  const JsonValue* take(std::string_view key) {
    const JsonValue* const value = object_.find(key);
    taken_ += value != nullptr ? 1 : 0;
    return value;
  }
  const JsonValue* require(std::string_view key) {
    const JsonValue* const value = take(key);
    if (value == nullptr) wrong(key, "missing");
    return value;
  }
  void text(std::string_view key, std::string& out, Presence presence) {
    const JsonValue* const value = presence == Presence::always ? require(key) : take(key);
    if (value == nullptr) return;
    const std::string* const held = value->as_string();
    if (held == nullptr) return wrong(key, "not a string");
    if (held->empty()) return wrong(key, "empty; left out where there is none");
    if (held->size() > limits::kUsageTextBytes) {
      return wrong(key, fmt::format("longer than {} bytes", limits::kUsageTextBytes));
    }
    if (std::any_of(held->begin(), held->end(), is_control)) return wrong(key, "holds a control character");
    out = *held;
  }
  template <class Value>
  void one_of(std::string_view key, std::span<const Text<Value>> table, Value& out) {
    std::string held;
    text(key, held, Presence::always);
    if (!ok()) return;
    const auto value = value_of(table, held);
    if (!value) return wrong(key, "not one of its values");
    out = *value;
  }
  void integer(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t& out) {
    const JsonValue* const value = require(key);
    if (value == nullptr) return;
    const std::int64_t* const held = value->as_int();
    if (held == nullptr) return wrong(key, "not an integer");
    if (*held < least || *held > most) return wrong(key, fmt::format("not within {} and {}", least, most));
    out = *held;
  }
  void flag(std::string_view key, bool& out) {
    const JsonValue* const value = require(key);
    if (value == nullptr) return;
    if (value->as_bool() == nullptr) return wrong(key, "not a boolean");
    out = *value->as_bool();
  }
  void time(std::string_view key, Timestamp& out) {
    std::string held;
    text(key, held, Presence::always);
    if (!ok()) return;
    const auto parsed = Timestamp::parse(held);
    if (!parsed) return wrong(key, "not an RFC 3339 time");
    if (parsed->unix_seconds() < 0) return wrong(key, "before 1970");
    out = Timestamp::from_unix_millis(parsed->unix_millis());
  }
  // The members of the object at `key`, each given to `each(key, value)`, which says what is wrong or nothing.
  template <class Each>
  void entries(std::string_view key, std::size_t most, Each each) {
    const JsonValue* const value = take(key);
    if (value == nullptr) return;
    const JsonValue::Object* const object = value->as_object();
    if (object == nullptr) return wrong(key, "not an object");
    if (object->size() > most) return wrong(key, fmt::format("more than {} members", most));
    for (const auto& [name, member] : *object) {
      if (name.empty() || name.size() > limits::kUsageTagKeyBytes ||
          std::any_of(name.begin(), name.end(), is_control)) {
        return wrong(key, fmt::format("a key is 1 to {} bytes without control characters", limits::kUsageTagKeyBytes));
      }
      if (const std::string_view why = each(name, member); !why.empty()) return wrong(key, why);
    }
  }

  void wrong(std::string_view key, std::string_view why) {
    if (error_.empty()) error_ = fmt::format("{}/{}: {}", place_, key, why);
  }
  bool ok() const { return error_.empty(); }
  void end() {
    if (ok() && taken_ != object_.as_object()->size()) {
      error_ = fmt::format("{}: has a member that is unknown or not its kind's", place_.empty() ? "/" : place_);
    }
  }
  const std::string& error() const { return error_; }

 private:
  const JsonValue& object_;
  const std::string place_;
  std::size_t taken_ = 0;
  std::string error_;
};

std::string_view read_tag(std::map<std::string, std::string>& out, const std::string& key, const JsonValue& value) {
  const std::string* const held = value.as_string();
  if (held == nullptr) return "a value is not a string";
  if (held->size() > limits::kUsageTextBytes) return "a value is too long";
  if (std::any_of(held->begin(), held->end(), is_control)) return "a value holds a control character";
  out.emplace(key, *held);
  return {};
}

Status read_counters(const JsonValue& value, UsageCounters& out) {
  Reading reading(value, "/counters");
  if (!reading.ok()) return fail(reading.error());
  for (const CounterName& row : kCounters) reading.integer(row.name, 0, limits::kUsageCount, out.*row.member);
  reading.entries("tools", limits::kUsageTools,
                  [&](const std::string& name, const JsonValue& count) -> std::string_view {
                    const std::int64_t* const held = count.as_int();
                    if (held == nullptr || *held < 0 || *held > limits::kUsageCount) return "a count is out of bounds";
                    out.tools.emplace(name, *held);
                    return {};
                  });
  reading.end();
  if (!reading.ok()) return fail(reading.error());
  return {};
}

}  // namespace

std::string_view to_text(UsageKind kind) { return text_of<UsageKind>(kKinds, kind); }
std::string_view to_text(UsageApi api) { return text_of<UsageApi>(kApis, api); }
std::string_view to_text(UsageOutcome outcome) { return text_of<UsageOutcome>(kOutcomes, outcome); }
std::string_view to_text(UsageCertainty certainty) { return text_of<UsageCertainty>(kCertainties, certainty); }
std::optional<UsageApi> usage_api_from_text(std::string_view text) { return value_of<UsageApi>(kApis, text); }
std::optional<UsageOutcome> usage_outcome_from_text(std::string_view text) {
  return value_of<UsageOutcome>(kOutcomes, text);
}
std::optional<UsageCertainty> usage_certainty_from_text(std::string_view text) {
  return value_of<UsageCertainty>(kCertainties, text);
}

bool is_usage_key(std::string_view text) {
  if (text.size() < kBootDigits + 2 || text.size() > kBootDigits + 1 + kMostCallDigits) return false;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view call = text.substr(kBootDigits + 1);
  return std::all_of(text.begin(), text.begin() + kBootDigits, is_hex) && text[kBootDigits] == '-' &&
         call.front() != '0' && std::all_of(call.begin(), call.end(), is_digit);
}

std::string bounded_usage_text(std::string_view text) { return within_bounds(text); }

std::string to_json(const UsageEvent& event, std::int64_t seq) {
  JsonValue out(JsonValue::Object{{"seq", seq},
                                  {"key", event.key},
                                  {"kind", to_text(event.kind)},
                                  {"time", to_rfc3339_millis(event.time)},
                                  {"api", to_text(event.api)},
                                  {"stream", event.stream}});
  const auto set_text = [&](const TextName& row) {
    std::string text = within_bounds(event.*row.member);
    if (!text.empty() || row.presence == Presence::always) out.set(row.name, text.empty() ? "-" : std::move(text));
  };
  for (const TextName& row : kTexts) set_text(row);
  if (!event.tags.empty()) out.set("tags", tags_json(event.tags));
  if (event.kind == UsageKind::completion) {
    for (const TextName& row : kCompletionTexts) {
      if (row.member == &UsageEvent::response_id && event.response_id.size() > limits::kUsageTextBytes) continue;
      set_text(row);
    }
    out.set("status", std::int64_t{std::clamp(event.status, 0, 999)});
    out.set("outcome", to_text(event.outcome));
    out.set("certainty", to_text(event.certainty));
    out.set("counters", counters_json(event.counters));
    out.set("durationMs", std::clamp<std::int64_t>(event.duration_millis, 0, kMostInteger));
  }
  std::string text = to_canonical_json(out);
  DCHECK(text.size() <= limits::kUsageEventBytes);
  return text;
}

Result<NumberedUsageEvent> usage_event_from_json(const JsonValue& value) {
  NumberedUsageEvent numbered;
  UsageEvent& event = numbered.event;
  Reading reading(value, "");
  if (!reading.ok()) return fail(reading.error());
  reading.integer("seq", 1, kMostInteger, numbered.seq);
  reading.text("key", event.key, Presence::always);
  if (reading.ok() && !is_usage_key(event.key)) reading.wrong("key", "not 32 hex digits, `-` and a number");
  reading.one_of<UsageKind>("kind", kKinds, event.kind);
  reading.time("time", event.time);
  reading.one_of<UsageApi>("api", kApis, event.api);
  reading.flag("stream", event.stream);
  for (const TextName& row : kTexts) reading.text(row.name, event.*row.member, row.presence);
  reading.entries("tags", limits::kUsageTags,
                  [&](const std::string& key, const JsonValue& tag) { return read_tag(event.tags, key, tag); });
  if (reading.ok() && event.kind == UsageKind::completion) {
    for (const TextName& row : kCompletionTexts) reading.text(row.name, event.*row.member, row.presence);
    std::int64_t status = 0;
    reading.integer("status", 0, 999, status);
    event.status = static_cast<int>(status);
    reading.one_of<UsageOutcome>("outcome", kOutcomes, event.outcome);
    reading.one_of<UsageCertainty>("certainty", kCertainties, event.certainty);
    reading.integer("durationMs", 0, kMostInteger, event.duration_millis);
    if (const JsonValue* counters = reading.require("counters"); counters != nullptr && reading.ok()) {
      if (Status read = read_counters(*counters, event.counters); !read) return fail(read.error());
    }
  }
  reading.end();
  if (!reading.ok()) return fail(reading.error());
  return numbered;
}

}  // namespace portreeve::wire

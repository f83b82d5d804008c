#include "accounting/ingest/litellm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::accounting {
namespace {

using wire::UsageEvent;

constexpr std::string_view kKeyPrefix = "litellm:";
constexpr std::size_t kMostId = 200;

std::optional<unsigned> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = to_lower_ascii(c);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<unsigned>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

// `\u0000` and surrogates without their other half become `\ufffd`.
std::string mended(std::string_view json) {
  constexpr std::string_view kReplacement = "\\ufffd";
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '\\') {
      const std::size_t next = std::min(json.find('\\', at), json.size());
      out += json.substr(at, next - at);
      at = next;
      continue;
    }
    const auto unit = json.substr(at, 2) == "\\u" ? hex4(json.substr(at + 2)) : std::nullopt;
    if (!unit) {
      out += json.substr(at, 2);
      at += 2;
      continue;
    }
    const bool high = *unit >= 0xD800 && *unit < 0xDC00;
    const bool low = *unit >= 0xDC00 && *unit < 0xE000;
    const auto second = high && json.substr(at + 6, 2) == "\\u" ? hex4(json.substr(at + 8)) : std::nullopt;
    if (second && *second >= 0xDC00 && *second < 0xE000) {
      out += json.substr(at, 12);
      at += 12;
      continue;
    }
    out += *unit == 0 || high || low ? kReplacement : json.substr(at, 6);
    at += 6;
  }
  return out;
}

const JsonValue* at_path(const JsonValue& value, std::initializer_list<std::string_view> path) {
  const JsonValue* at = &value;
  for (const std::string_view key : path) {
    if (at != nullptr) at = at->find(key);
  }
  return at;
}

// The member as a text within the bounds; empty where it is none.
std::string text_at(const JsonValue& value, std::initializer_list<std::string_view> path) {
  const JsonValue* const found = at_path(value, path);
  return found != nullptr && found->as_string() != nullptr ? wire::bounded_usage_text(*found->as_string())
                                                           : std::string();
}
std::string first_text(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

// Counts of one payload; remembers where one is no count.
class Counts {
 public:
  // nullopt: absent or null.
  std::optional<std::int64_t> at(const JsonValue& value, std::initializer_list<std::string_view> path) {
    const JsonValue* const found = at_path(value, path);
    if (found == nullptr || found->is_null()) return std::nullopt;
    std::optional<std::int64_t> count;
    if (const std::int64_t* whole = found->as_int()) count = *whole;
    if (const double* number = found->as_double(); number != nullptr && *number == std::trunc(*number) &&
                                                   std::abs(*number) <= static_cast<double>(limits::kUsageCount)) {
      count = static_cast<std::int64_t>(*number);
    }
    if (count && *count >= 0 && *count <= limits::kUsageCount) return count;
    if (wrong_.empty()) {
      for (const std::string_view key : path) wrong_ += fmt::format("/{}", key);
    }
    return std::nullopt;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  std::string wrong_;
};

std::int64_t take_out(std::int64_t& total, std::int64_t part) {
  const std::int64_t taken = std::min(part, total);
  total -= taken;
  return taken;
}

// Where LiteLLM keeps the details: as it read them, or as it answers.
const JsonValue& usage_of(const JsonValue& payload) {
  static const JsonValue kNone;
  for (const JsonValue* usage :
       {at_path(payload, {"metadata", "usage_object"}), at_path(payload, {"response", "usage"})}) {
    if (usage != nullptr && usage->as_object() != nullptr) return *usage;
  }
  return kNone;
}

void read_counters(const JsonValue& payload, Counts& counts, UsageEvent& event) {
  const JsonValue& usage = usage_of(payload);
  const auto prompt = counts.at(payload, {"prompt_tokens"});
  const auto completion = counts.at(payload, {"completion_tokens"});
  if (!prompt) return;
  event.certainty = wire::UsageCertainty::reported;
  std::int64_t input = *prompt;
  std::int64_t output = completion.value_or(0);
  const auto either = [&](std::initializer_list<std::string_view> first,
                          std::initializer_list<std::string_view> second) {
    const auto one = counts.at(usage, first);
    return one && *one > 0 ? *one : counts.at(usage, second).value_or(0);
  };
  wire::UsageCounters& counters = event.counters;
  counters.cache_read =
      take_out(input, either({"prompt_tokens_details", "cached_tokens"}, {"cache_read_input_tokens"}));
  std::int64_t written =
      take_out(input, either({"cache_creation_input_tokens"}, {"prompt_tokens_details", "cache_creation_tokens"}));
  counters.cache_write_1h =
      take_out(written, either({"prompt_tokens_details", "cache_creation_token_details", "ephemeral_1h_input_tokens"},
                               {"cache_creation", "ephemeral_1h_input_tokens"}));
  counters.cache_write_5m = written;
  counters.input_audio = take_out(input, counts.at(usage, {"prompt_tokens_details", "audio_tokens"}).value_or(0));
  counters.input = input;
  counters.reasoning =
      take_out(output, counts.at(usage, {"completion_tokens_details", "reasoning_tokens"}).value_or(0));
  counters.output_audio = take_out(output, counts.at(usage, {"completion_tokens_details", "audio_tokens"}).value_or(0));
  counters.output = output;
  if (const auto searches = counts.at(usage, {"server_tool_use", "web_search_requests"}); searches && *searches > 0) {
    counters.tools["web_search"] = *searches;
  }
}

wire::UsageApi api_of(std::string_view call_type) {
  if (call_type.find("responses") != std::string_view::npos) return wire::UsageApi::openai_responses;
  if (call_type.find("anthropic") != std::string_view::npos) return wire::UsageApi::anthropic_messages;
  return wire::UsageApi::openai_chat;
}

void read_tags(const JsonValue& payload, UsageEvent& event) {
  const auto add = [&event](std::string key, std::string value) {
    if (key.empty() || key.size() > limits::kUsageTagKeyBytes || event.tags.size() >= limits::kUsageTags) return;
    event.tags.emplace(std::move(key), std::move(value));
  };
  const std::string team = first_text({text_at(payload, {"metadata", "user_api_key_team_alias"}),
                                       text_at(payload, {"metadata", "user_api_key_team_id"})});
  if (!team.empty()) add("team", team);
  if (std::string key = text_at(payload, {"metadata", "user_api_key_alias"}); !key.empty()) add("key", std::move(key));
  const JsonValue* const tags = payload.find("request_tags");
  for (const JsonValue& tag : tags != nullptr && tags->as_array() != nullptr ? *tags->as_array() : JsonValue::Array()) {
    if (tag.as_string() != nullptr) add(wire::bounded_usage_text(*tag.as_string()), "");
  }
}

std::optional<double> seconds_at(const JsonValue& payload, std::string_view key) {
  const JsonValue* const value = payload.find(key);
  if (value == nullptr) return std::nullopt;
  const double seconds = value->as_int() != nullptr      ? static_cast<double>(*value->as_int())
                         : value->as_double() != nullptr ? *value->as_double()
                                                         : -1;
  constexpr double kMost = 4e9;  // beyond it stand milliseconds, or nonsense
  return seconds >= 0 && seconds < kMost ? std::optional(seconds) : std::nullopt;
}

tl::expected<Posting, BodyProblem> read_payload(const JsonValue& payload, const std::string& place) {
  const auto refuse = [&place](std::string_view field, std::string message) {
    return tl::unexpected(BodyProblem{fmt::format("{}{}", place, field), std::move(message)});
  };
  if (payload.as_object() == nullptr) return refuse("", "not an object");
  const JsonValue* const id = payload.find("id");
  if (id == nullptr || id->as_string() == nullptr || id->as_string()->empty() || id->as_string()->size() > kMostId) {
    return refuse("/id", fmt::format("not a text of 1 to {} bytes", kMostId));
  }
  const auto started = seconds_at(payload, "startTime");
  if (!started) return refuse("/startTime", "not a time in seconds since 1970");
  Posting posting;
  posting.source = Source::litellm;
  posting.seq = 1;
  UsageEvent& event = posting.event;
  event.kind = wire::UsageKind::completion;
  event.response_id = wire::bounded_usage_text(*id->as_string());
  event.key = std::string(kKeyPrefix) + event.response_id;
  event.time = Timestamp::from_unix_millis(static_cast<std::int64_t>(*started * 1000));
  event.gate = "litellm";
  event.provider = text_at(payload, {"custom_llm_provider"});
  if (event.provider.empty()) event.provider = "unknown";
  event.api = api_of(text_at(payload, {"call_type"}));
  std::string model = text_at(payload, {"model"});
  if (model.compare(0, event.provider.size() + 1, event.provider + "/") == 0) model.erase(0, event.provider.size() + 1);
  event.model = first_text({text_at(payload, {"model_group"}), model});
  event.answered_model = model;
  event.service_tier =
      first_text({text_at(payload, {"response", "service_tier"}), text_at(usage_of(payload), {"service_tier"})});
  event.tenant = first_text(
      {text_at(payload, {"metadata", "user_api_key_org_id"}), text_at(payload, {"metadata", "user_api_key_team_id"})});
  event.subject = first_text({text_at(payload, {"metadata", "user_api_key_user_id"}), text_at(payload, {"end_user"})});
  const JsonValue* const stream = payload.find("stream");
  event.stream = stream != nullptr && stream->as_bool() != nullptr && *stream->as_bool();
  if (const auto ended = seconds_at(payload, "endTime"); ended && *ended >= *started) {
    event.duration_millis = static_cast<std::int64_t>((*ended - *started) * 1000);
  }
  read_tags(payload, event);
  const bool succeeded = text_at(payload, {"status"}) != "failure";
  event.outcome = succeeded ? wire::UsageOutcome::completed : wire::UsageOutcome::upstream_error;
  event.status = succeeded ? 200 : 0;
  const JsonValue* const hit = payload.find("cache_hit");
  if (hit != nullptr && hit->as_bool() != nullptr && *hit->as_bool()) {
    // The answer's id is that of the call which filled the cache; this one asked nobody.
    event.key += "@" + std::to_string(event.time.unix_millis()) + text_at(payload, {"call_id"});
    event.response_id.clear();
    event.certainty = wire::UsageCertainty::reported;
    event.tags.emplace("cache_hit", "true");
    return posting;
  }
  Counts counts;
  read_counters(payload, counts, event);
  if (!counts.wrong().empty()) {
    return refuse(counts.wrong(), fmt::format("not a whole number of at most {}", limits::kUsageCount));
  }
  return posting;
}

constexpr std::size_t kMostDepth = 1000;  // Python's own bound

}  // namespace

tl::expected<LiteLlmBatch, BodyProblem> read_litellm(std::string_view body) {
  if (body.size() > limits::kLiteLlmBytes) {
    return tl::unexpected(BodyProblem{"", fmt::format("more than {} bytes", limits::kLiteLlmBytes)});
  }
  const std::string text = mended(body);
  reader::JsonReader reader({2 * limits::kLiteLlmBytes, kMostDepth});
  LiteLlmBatch batch;
  const auto take = [&batch](const JsonValue& payload, const std::string& place) {
    auto posting = read_payload(payload, place);
    if (posting) {
      batch.postings.push_back(std::move(*posting));
    } else if (batch.refused.size() < limits::kDiagnostics) {
      batch.refused.push_back(std::move(posting.error()));
    }
  };
  const auto whole = reader.parse(text);
  if (whole && whole->as_array() != nullptr) {
    for (std::size_t i = 0; i < whole->as_array()->size(); ++i) take((*whole->as_array())[i], fmt::format("/{}", i));
    return batch;
  }
  if (whole) {
    take(*whole, "");
    return batch;
  }
  if (text.find('\n') == std::string::npos) return tl::unexpected(BodyProblem{"", whole.error().message});
  std::size_t line = 0;
  for (std::string_view rest = text; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto payload = reader.parse(one);
    const std::string place = fmt::format("/{}", line);
    if (payload) {
      take(*payload, place);
    } else if (batch.refused.size() < limits::kDiagnostics) {
      batch.refused.push_back({place, payload.error().message});
    }
  }
  return batch;
}

}  // namespace portreeve::accounting

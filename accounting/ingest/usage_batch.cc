#include "accounting/ingest/usage_batch.h"

#include <fmt/format.h>

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"

namespace portreeve::accounting {
namespace {

constexpr std::size_t kBootDigits = 32;

tl::unexpected<BodyProblem> refuse(std::string field, std::string message) {
  return tl::unexpected(BodyProblem{std::move(field), std::move(message)});
}

const std::string* short_text(const JsonValue& root, std::string_view key) {
  const JsonValue* const value = root.find(key);
  const std::string* const text = value == nullptr ? nullptr : value->as_string();
  return text != nullptr && !text->empty() && text->size() <= limits::kUsageTextBytes ? text : nullptr;
}

}  // namespace

tl::expected<UsageBatch, BodyProblem> read_usage_batch(std::string_view body) {
  const auto root = reader::parse_json(body, {limits::kUsageBatchBytes, limits::kJsonDepth});
  if (!root) return refuse("", root.error().message);
  if (root->as_object() == nullptr) return refuse("/", "not an object");
  if (root->as_object()->size() != 3) return refuse("/", "its members are `gate`, `boot` and `events`");
  UsageBatch batch;
  const std::string* const gate = short_text(*root, "gate");
  if (gate == nullptr) return refuse("/gate", "not a name");
  batch.gate = *gate;
  const std::string* const boot = short_text(*root, "boot");
  if (boot == nullptr || !wire::is_usage_key(*boot + "-1")) return refuse("/boot", "not 32 hexadecimal digits");
  batch.boot = *boot;
  const JsonValue* const events = root->find("events");
  const JsonValue::Array* const list = events == nullptr ? nullptr : events->as_array();
  if (list == nullptr || list->empty()) return refuse("/events", "not a list of one or more");
  if (list->size() > limits::kUsageBatchEvents) {
    return refuse("/events", fmt::format("more than {} events", limits::kUsageBatchEvents));
  }
  batch.postings.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto event = wire::usage_event_from_json((*list)[i]);
    if (!event) return refuse(fmt::format("/events/{}", i), event.error().message);
    if (event->event.key.compare(0, kBootDigits, batch.boot) != 0) {
      return refuse(fmt::format("/events/{}/key", i), "another boot's");
    }
    if (event->seq <= batch.last_seq) return refuse(fmt::format("/events/{}/seq", i), "not rising");
    batch.last_seq = event->seq;
    batch.postings.push_back({Source::gate, std::move(event->event), event->seq});
  }
  return batch;
}

}  // namespace portreeve::accounting

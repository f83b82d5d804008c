#include "pdp/admin/record_json.h"

#include <fmt/format.h>

#include "engine/reader/json_reader.h"

namespace portreeve::pdp {
namespace {

JsonValue number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void describe(const storage::Counted& counted, std::string_view total, JsonValue& out) {
  out.set("complete", !counted.since.has_value());
  if (counted.since) out.set("since", to_rfc3339_millis(*counted.since));
  if (!total.empty()) out.set(total, number(counted.records));
}

}  // namespace

std::string to_json(const storage::LoggedRecord& record) {
  const bool readable = reader::parse_json(record.bytes).has_value();
  return fmt::format(R"({{"index":{},"record":{}}})", record.index,
                     readable ? std::string_view(record.bytes) : std::string_view(R"({"unreadable":true})"));
}

std::string to_json(const std::vector<storage::LoggedRecord>& records) {
  std::string out = "[";
  for (const storage::LoggedRecord& record : records) out += (out.size() == 1 ? "" : ",") + to_json(record);
  return out + "]";
}

JsonValue to_json(const storage::Facets& facets) {
  JsonValue out{JsonValue::Object{}};
  describe(facets.counted, "matching", out);
  JsonValue::Array all;
  for (const storage::Facet& facet : facets.facets) {
    JsonValue::Array values;
    for (const auto& [value, count] : facet.values) {
      values.push_back(JsonValue::Object{{"count", number(count)}, {"value", value}});
    }
    all.push_back(
        JsonValue::Object{{"field", to_text(facet.field)}, {"more", facet.more}, {"values", std::move(values)}});
  }
  out.set("facets", std::move(all));
  return out;
}

JsonValue to_json(const storage::Histogram& histogram) {
  JsonValue out{JsonValue::Object{}};
  describe(histogram.counted, {}, out);
  out.set("from", to_rfc3339_millis(histogram.from));
  out.set("until", to_rfc3339_millis(histogram.until));
  out.set("step", histogram.step.count());
  JsonValue::Array buckets;
  for (const storage::TimeCount& count : histogram.counts) {
    buckets.push_back(JsonValue::Object{{"allow", number(count.allowed)},
                                        {"deny", number(count.denied)},
                                        {"other", number(count.other)},
                                        {"time", to_rfc3339_millis(count.time)}});
  }
  out.set("buckets", std::move(buckets));
  return out;
}

}  // namespace portreeve::pdp

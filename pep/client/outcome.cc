#include "pep/client/outcome.h"

#include "engine/base/json_value.h"

namespace portreeve::pep {
namespace {

void set_if(JsonValue& record, std::string_view key, const std::string& text) {
  if (!text.empty()) record.set(key, text);
}
void set_if(JsonValue& record, std::string_view key, const std::optional<std::int64_t>& number) {
  if (number) record.set(key, *number);
}
void set_if(JsonValue& record, std::string_view key, const std::optional<net::IpAddress>& address) {
  if (address) record.set(key, address->to_string());
}

}  // namespace

std::string to_json(const Outcome& outcome, std::int64_t seq) {
  JsonValue record(JsonValue::Object{{"seq", seq},
                                     {"kind", "outcome"},
                                     {"time", to_rfc3339_millis(outcome.time)},
                                     {"decision", outcome.decision},
                                     {"result", outcome.result},
                                     {"bytesIn", outcome.bytes_in},
                                     {"bytesOut", outcome.bytes_out},
                                     {"durationMs", std::int64_t{outcome.duration.count()}}});
  if (outcome.reason) record.set("reason", wire::code(*outcome.reason));
  if (!outcome.host.empty()) {
    record.set("host", outcome.host);
    record.set("port", std::int64_t{outcome.port});
    record.set("protocol", wire::to_text(outcome.protocol));
  }
  set_if(record, "address", outcome.address);
  set_if(record, "exitStatus", outcome.exit_status);
  set_if(record, "signal", outcome.signal);
  set_if(record, "session", outcome.session);
  set_if(record, "source", outcome.source);
  return to_canonical_json(record);
}

std::string to_json(const Use& use, std::int64_t seq) {
  return to_canonical_json(JsonValue::Object{{"seq", seq},
                                             {"kind", "use"},
                                             {"time", to_rfc3339_millis(use.time)},
                                             {"decision", use.decision},
                                             {"event", "used"},
                                             {"uses", 1}});
}

std::string to_json(const Refusal& refusal, std::int64_t seq) {
  JsonValue record(JsonValue::Object{{"seq", seq},
                                     {"kind", "refusal"},
                                     {"action", refusal.action},
                                     {"time", to_rfc3339_millis(refusal.time)},
                                     {"result", "refused"},
                                     {"reason", wire::code(refusal.reason)},
                                     {"source", refusal.source.to_string()}});
  set_if(record, "host", refusal.host);
  if (!refusal.host.empty()) record.set("port", std::int64_t{refusal.port});
  set_if(record, "session", refusal.session);
  if (refusal.left_out > 0) record.set("lost", refusal.left_out);
  return to_canonical_json(record);
}

}  // namespace portreeve::pep

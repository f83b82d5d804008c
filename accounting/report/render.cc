#include "accounting/report/render.h"

#include <fmt/format.h>

#include "engine/reader/json_reader.h"

namespace portreeve::accounting {
namespace {

JsonValue tools_json(const std::map<std::string, std::int64_t>& tools) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [tool, count] : tools) out.set(tool, count);
  return out;
}

// The counters under the names of usage events.
void set_counters(JsonValue& out, const wire::UsageCounters& counters) {
  out.set("input", counters.input);
  out.set("cacheRead", counters.cache_read);
  out.set("cacheWrite5m", counters.cache_write_5m);
  out.set("cacheWrite1h", counters.cache_write_1h);
  out.set("inputAudio", counters.input_audio);
  out.set("output", counters.output);
  out.set("reasoning", counters.reasoning);
  out.set("outputAudio", counters.output_audio);
  out.set("tools", tools_json(counters.tools));
}

JsonValue to_json(const Sums& sums) {
  JsonValue out(JsonValue::Object{{"calls", sums.calls},
                                  {"cost", to_text(sums.cost)},
                                  {"unpriced", sums.unpriced},
                                  {"unknown", sums.unknown},
                                  {"estimated", sums.estimated},
                                  {"disputed", sums.disputed}});
  set_counters(out, sums.counters);
  return out;
}

void set_if(JsonValue& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out.set(key, text);
}

std::string csv_field(const std::string& text) {
  std::string safe = text;
  if (!safe.empty() && std::string_view("=+-@\t\r").find(safe.front()) != std::string_view::npos) safe.insert(0, "'");
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string out = "\"";
  for (const char c : safe) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_line(std::string_view kind, const std::string& key, const Sums& sums) {
  const wire::UsageCounters& c = sums.counters;
  std::string tools;
  for (const auto& [tool, count] : c.tools) tools += fmt::format("{}{}={}", tools.empty() ? "" : " ", tool, count);
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", kind, csv_field(key), sums.calls,
                     c.input, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.input_audio, c.output, c.reasoning,
                     c.output_audio, csv_field(tools), to_text(sums.cost), sums.unpriced, sums.unknown, sums.estimated,
                     sums.disputed);
}

}  // namespace

JsonValue to_json(const Report& report, const Selection& selection) {
  JsonValue::Array rows;
  for (const ReportRow& row : report.rows) {
    JsonValue one = to_json(row.sums);
    one.set("key", row.key);
    rows.push_back(std::move(one));
  }
  JsonValue out(JsonValue::Object{{"by", to_text(report.by)},
                                  {"currency", "USD"},
                                  {"rows", std::move(rows)},
                                  {"leftOut", report.left_out},
                                  {"totals", to_json(report.totals)}});
  if (selection.from) out.set("from", to_rfc3339(*selection.from));
  if (selection.to) out.set("to", to_rfc3339(*selection.to));
  return out;
}

JsonValue to_json(const Call& call) {
  const wire::UsageEvent& event = call.event;
  JsonValue::Array from;
  if (call.from_gate) from.emplace_back(to_text(Source::gate));
  if (call.from_litellm) from.emplace_back(to_text(Source::litellm));
  JsonValue tags{JsonValue::Object{}};
  for (const auto& [key, value] : event.tags) tags.set(key, value);
  const bool completed = event.kind == wire::UsageKind::completion;
  JsonValue out(JsonValue::Object{{"id", call.id},
                                  {"key", event.key},
                                  {"time", to_rfc3339_millis(event.time)},
                                  {"gate", event.gate},
                                  {"provider", event.provider},
                                  {"api", wire::to_text(event.api)},
                                  {"model", billed_model(event)},
                                  {"stream", event.stream},
                                  {"certainty", wire::to_text(event.certainty)},
                                  {"completed", completed},
                                  {"sources", std::move(from)},
                                  {"figuresFrom", to_text(call.figures_from)},
                                  {"disputed", call.disputed},
                                  {"tags", std::move(tags)},
                                  {"price", to_text(call.charge.state)}});
  set_counters(out, event.counters);
  set_if(out, "decision", event.decision);
  set_if(out, "session", event.session);
  set_if(out, "subject", event.subject);
  set_if(out, "tenant", event.tenant);
  set_if(out, "secret", event.secret);
  set_if(out, "askedModel", event.model);
  set_if(out, "responseId", event.response_id);
  set_if(out, "serviceTier", event.service_tier);
  set_if(out, "priceRow", call.charge.row);
  set_if(out, "priceBook", call.price_book);
  set_if(out, "whyUnpriced", call.charge.why);
  if (call.charge.state == PriceState::priced) out.set("cost", to_text(Money{call.charge.pico}));
  if (completed) {
    out.set("status", std::int64_t{event.status});
    out.set("outcome", wire::to_text(event.outcome));
    out.set("durationMs", event.duration_millis);
  }
  return out;
}

JsonValue to_json(const CallPage& page) {
  JsonValue::Array events;
  for (const Call& call : page.calls) events.push_back(to_json(call));
  JsonValue out(JsonValue::Object{{"events", std::move(events)}});
  set_if(out, "next", page.next);
  return out;
}

JsonValue to_json(const CallWithEvents& call) {
  JsonValue out = to_json(call.call);
  JsonValue::Array accounts;
  for (const StoredEvent& stored : call.events) {
    auto body = reader::parse_json(stored.body);
    accounts.emplace_back(JsonValue::Object{{"source", to_text(stored.source)},
                                            {"standing", to_text(stored.standing)},
                                            {"received", to_rfc3339_millis(stored.received)},
                                            {"event", body ? std::move(*body) : JsonValue()}});
  }
  out.set("accounts", std::move(accounts));
  return out;
}

std::string to_csv(const Report& report) {
  std::string out = fmt::format(
      "row,{},calls,input,cache_read,cache_write_5m,cache_write_1h,input_audio,output,reasoning,output_audio,tools,"
      "cost_usd,unpriced,unknown,estimated,disputed\r\n",
      to_text(report.by));
  for (const ReportRow& row : report.rows) out += csv_line("row", row.key, row.sums);
  return out + csv_line("total", "", report.totals);
}

}  // namespace portreeve::accounting

#include "engine/wire/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/wire/record_truncation.h"

namespace portreeve::wire {
namespace {

constexpr std::int64_t kMostInteger = (std::int64_t{1} << 53) - 1;

struct KindText {
  RecordKind kind;
  std::string_view text;
};
constexpr KindText kKinds[] = {{RecordKind::decision, "decision"},
                               {RecordKind::outcome, "outcome"},
                               {RecordKind::use, "use"},
                               {RecordKind::refusal, "refusal"},
                               {RecordKind::admin, "admin"}};

JsonValue well_formed_json(const JsonValue& value) {
  if (const std::string* text = value.as_string()) return to_well_formed_utf8(*text);
  if (const JsonValue::Array* array = value.as_array()) {
    JsonValue::Array out;
    for (const JsonValue& item : *array) out.push_back(well_formed_json(item));
    return out;
  }
  if (const JsonValue::Object* object = value.as_object()) {
    JsonValue out{JsonValue::Object{}};
    for (const auto& [key, member] : *object) out.set(to_well_formed_utf8(key), well_formed_json(member));
    return out;
  }
  return value;
}

// Gathers a record's members; remembers the first number that does not fit.
class Members {
 public:
  void text(std::string_view key, std::string_view value) { json_.set(key, to_well_formed_utf8(value)); }
  void optional_text(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  void integer(std::string_view key, std::int64_t value) {
    if ((value < 0 || value > kMostInteger) && error_.empty()) {
      error_ = fmt::format("`{}` of a record is {}, 0 to 2^53-1 fit", key, value);
    }
    json_.set(key, value);
  }
  void signed_integer(std::string_view key, const std::optional<std::int64_t>& value) {
    if (!value) return;
    if ((*value < -kMostInteger || *value > kMostInteger) && error_.empty()) {
      error_ = fmt::format("`{}` of a record is {}, -(2^53-1) to 2^53-1 fit", key, *value);
    }
    json_.set(key, *value);
  }
  void optional_integer(std::string_view key, const std::optional<std::int64_t>& value) {
    if (value) integer(key, *value);
  }
  void flag(std::string_view key, bool value) { json_.set(key, value); }
  void time(std::string_view key, Timestamp value) { json_.set(key, to_rfc3339_millis(value)); }
  void json(std::string_view key, JsonValue value) { json_.set(key, std::move(value)); }
  void object(std::string_view key, const JsonValue& value) {
    if (value.as_object() != nullptr) json_.set(key, well_formed_json(value));
  }
  void source(const RecordSource& source) {
    Members members;
    members.text("name", source.name);
    members.text("boot", source.boot);
    json("source", std::move(members.json_));
  }

  Result<std::string> bytes() && {
    if (!error_.empty()) return fail(std::move(error_));
    return bounded_canonical_json(json_, limits::kRecordBytes);
  }
  JsonValue take() && { return std::move(json_); }

 private:
  JsonValue json_{JsonValue::Object{}};
  std::string error_;
};

Members begin(RecordKind kind) {
  Members members;
  members.integer("v", kRecordSchemaVersion);
  members.text("kind", to_text(kind));
  return members;
}

JsonValue list_json(const std::vector<std::string>& texts) {
  JsonValue::Array out;
  for (const std::string& text : texts) out.emplace_back(to_well_formed_utf8(text));
  return out;
}

JsonValue resource_json(std::string_view action, const RecordResource& resource) {
  Members members;
  members.text("type", resource.type);
  members.text("id", resource.id);
  const JsonValue properties = recordable_properties(action, resource.properties);
  if (const auto* object = properties.as_object(); object != nullptr && !object->empty()) {
    members.object("properties", properties);
  }
  return std::move(members).take();
}

// How a property of a question may enter a record.
enum class Shape : std::uint8_t { text, path, url, integer, flag, texts, count_of, path_member };
struct Recordable {
  std::string_view name;
  Shape shape;
  std::string_view recorded_as;
};
constexpr Recordable kEgress[] = {{"host", Shape::text, "host"},         {"port", Shape::integer, "port"},
                                  {"protocol", Shape::text, "protocol"}, {"addresses", Shape::texts, "addresses"},
                                  {"sni", Shape::text, "sni"},           {"method", Shape::text, "method"},
                                  {"path", Shape::path, "path"}};
constexpr Recordable kSecret[] = {{"use", Shape::text, "use"},
                                  {"upstream", Shape::url, "upstream"},
                                  {"method", Shape::text, "method"},
                                  {"path", Shape::path, "path"},
                                  {"model", Shape::text, "model"}};
constexpr Recordable kExec[] = {{"file", Shape::text, "file"},
                                {"stable", Shape::flag, "stable"},
                                {"cwd", Shape::text, "cwd"},
                                {"user", Shape::text, "user"},
                                {"terminal", Shape::flag, "terminal"},
                                {"interpreter", Shape::path_member, "interpreter"},
                                {"args", Shape::count_of, "argumentCount"},
                                {"argumentCount", Shape::integer, "argumentCount"},
                                {"env", Shape::count_of, "environmentCount"},
                                {"environmentCount", Shape::integer, "environmentCount"}};

std::span<const Recordable> recordable_for(std::string_view action) {
  if (action == "egress.resolve" || action == "egress.connect") return kEgress;
  if (action == "secret.use") return kSecret;
  if (action == "process.exec") return kExec;
  return {};
}

std::string without_query(std::string_view path) { return std::string(path.substr(0, path.find_first_of("?#"))); }

std::string without_secrets(std::string_view url) {
  std::string out = without_query(url);
  const std::size_t scheme = out.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t authority_end = std::min(out.find('/', start), out.size());
  const std::size_t at = out.rfind('@', authority_end);
  if (at != std::string::npos && at >= start && at < authority_end) out.erase(start, at + 1 - start);
  return out;
}

std::optional<JsonValue> recorded(Shape shape, const JsonValue& value) {
  const std::string* text = value.as_string();
  switch (shape) {
    case Shape::text:
      return text != nullptr ? std::optional<JsonValue>(*text) : std::nullopt;
    case Shape::path:
      return text != nullptr ? std::optional<JsonValue>(without_query(*text)) : std::nullopt;
    case Shape::url:
      return text != nullptr ? std::optional<JsonValue>(without_secrets(*text)) : std::nullopt;
    case Shape::integer:
      if (const std::int64_t* number = value.as_int(); number != nullptr && *number >= 0 && *number <= kMostInteger) {
        return *number;
      }
      return std::nullopt;
    case Shape::flag:
      return value.as_bool() != nullptr ? std::optional<JsonValue>(value) : std::nullopt;
    case Shape::texts: {
      const JsonValue::Array* array = value.as_array();
      const auto is_text = [](const JsonValue& item) { return item.as_string() != nullptr; };
      return array != nullptr && std::ranges::all_of(*array, is_text) ? std::optional<JsonValue>(value) : std::nullopt;
    }
    case Shape::count_of:
      if (const JsonValue::Array* array = value.as_array()) return static_cast<std::int64_t>(array->size());
      if (const JsonValue::Object* object = value.as_object()) return static_cast<std::int64_t>(object->size());
      return std::nullopt;
    case Shape::path_member:
      if (text != nullptr) return *text;
      if (const JsonValue* path = value.find("path"); path != nullptr && path->as_string() != nullptr) return *path;
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(RecordKind kind) {
  for (const KindText& row : kKinds) {
    if (row.kind == kind) return row.text;
  }
  return "decision";
}

std::optional<RecordKind> record_kind_from_text(std::string_view text) {
  for (const KindText& row : kKinds) {
    if (row.text == text) return row.kind;
  }
  return std::nullopt;
}

RecordKind kind_of(const Record& record) {
  if (const auto* outcome = std::get_if<OutcomeRecord>(&record)) return outcome->kind;
  return std::holds_alternative<AdminRecord>(record) ? RecordKind::admin : RecordKind::decision;
}

Timestamp time_of(const Record& record) {
  if (const auto* outcome = std::get_if<OutcomeRecord>(&record)) return outcome->received;
  if (const auto* admin = std::get_if<AdminRecord>(&record)) return admin->time;
  return std::get<DecisionRecord>(record).time;
}

JsonValue recordable_properties(std::string_view action, const JsonValue& properties) {
  JsonValue out{JsonValue::Object{}};
  for (const Recordable& row : recordable_for(action)) {
    const JsonValue* value = properties.find(row.name);
    if (value == nullptr) continue;
    if (auto kept = recorded(row.shape, *value)) out.set(row.recorded_as, *std::move(kept));
  }
  return out.as_object()->empty() ? JsonValue() : out;
}

Result<std::string> to_bytes(const DecisionRecord& record) {
  Members members = begin(RecordKind::decision);
  members.text("id", record.id);
  members.time("time", record.time);
  members.source(record.source);
  members.integer("seq", record.seq);
  members.text("revision", record.revision);
  Members subject;
  subject.text("type", record.subject.type);
  subject.text("id", record.subject.id);
  members.json("subject", std::move(subject).take());
  members.optional_text("session", record.session);
  members.optional_text("tenant", record.tenant);
  members.text("action", record.action);
  members.json("resource", resource_json(record.action, record.resource));
  members.flag("decision", record.decision);
  members.text("reason", record.reason);
  members.optional_text("ruleReason", record.rule_reason);
  members.json("rules", list_json(record.rules));
  members.object("obligations", record.obligations);
  if (record.dry_run) {
    Members dry_run;
    dry_run.flag("decision", record.dry_run->decision);
    dry_run.json("rules", list_json(record.dry_run->rules));
    members.json("dryRun", std::move(dry_run).take());
  }
  members.json("roles", list_json(record.roles));
  members.text("pep", record.pep);
  members.optional_text("trace", record.trace);
  members.integer("latencyMicros", record.latency_micros);
  members.integer("revocationEvent", record.revocation_event);
  return std::move(members).bytes();
}

Result<std::string> to_bytes(const OutcomeRecord& record) {
  CHECK(record.kind != RecordKind::decision && record.kind != RecordKind::admin);
  Members members = begin(record.kind);
  members.text("gate", record.gate);
  members.text("boot", record.boot);
  members.integer("seq", record.seq);
  members.time("time", record.time);
  members.time("received", record.received);
  members.source(record.source);
  members.optional_text("decisionId", record.decision_id);
  members.text("event", record.event);
  members.optional_text("result", record.result);
  members.optional_text("reason", record.reason);
  members.optional_text("session", record.session);
  members.optional_text("action", record.action);
  if (record.resource) members.json("resource", resource_json(record.action, *record.resource));
  members.optional_text("address", record.address);
  members.optional_integer("bytesIn", record.bytes_in);
  members.optional_integer("bytesOut", record.bytes_out);
  members.optional_integer("durationMillis", record.duration_millis);
  members.signed_integer("exitStatus", record.exit_status);
  members.optional_integer("signal", record.signal);
  members.optional_integer("uses", record.uses);
  members.optional_integer("lost", record.lost);
  members.optional_text("trace", record.trace);
  return std::move(members).bytes();
}

Result<std::string> to_bytes(const AdminRecord& record) {
  Members members = begin(RecordKind::admin);
  members.time("time", record.time);
  members.source(record.source);
  members.integer("seq", record.seq);
  members.text("actor", record.actor);
  members.text("action", record.action);
  members.optional_text("target", record.target);
  members.optional_text("revision", record.revision);
  members.text("result", record.result);
  members.optional_text("reason", record.reason);
  members.object("detail", record.detail);
  return std::move(members).bytes();
}

Result<std::string> to_bytes(const Record& record) {
  return std::visit([](const auto& held) { return to_bytes(held); }, record);
}

}  // namespace portreeve::wire

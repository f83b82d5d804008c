// Records read back, from parsed JSON and from bytes alone.
#include <fmt/format.h>

#include "engine/wire/record.h"

namespace portreeve::wire {
namespace {

// Reads members of an object; keeps the first thing that is wrong.
class Reading {
 public:
  explicit Reading(const JsonValue* object) : object_(object) {}

  void text(std::string_view key, std::string& out) {
    if (required(key)) optional_text(key, out);
  }
  void optional_text(std::string_view key, std::string& out) {
    const JsonValue* const value = find(key);
    if (value == nullptr) return;
    if (const std::string* held = value->as_string()) {
      out = *held;
    } else {
      wrong(key, "a string");
    }
  }
  void integer(std::string_view key, std::int64_t& out) {
    std::optional<std::int64_t> value;
    if (required(key)) optional_integer(key, value);
    if (value) out = *value;
  }
  void optional_integer(std::string_view key, std::optional<std::int64_t>& out) {
    const JsonValue* const value = find(key);
    if (value == nullptr) return;
    if (const std::int64_t* held = value->as_int()) {
      out = *held;
    } else {
      wrong(key, "an integer");
    }
  }
  void flag(std::string_view key, bool& out) {
    if (!required(key)) return;
    if (const bool* held = find(key)->as_bool()) {
      out = *held;
    } else {
      wrong(key, "a boolean");
    }
  }
  void time(std::string_view key, Timestamp& out) {
    std::string held;
    text(key, held);
    if (!ok()) return;
    if (const auto parsed = Timestamp::parse(held)) {
      out = *parsed;
    } else {
      wrong(key, "an RFC 3339 time");
    }
  }
  void texts(std::string_view key, std::vector<std::string>& out) {
    if (!required(key)) return;
    const JsonValue::Array* const list = find(key)->as_array();
    if (list == nullptr) return wrong(key, "a list");
    for (const JsonValue& item : *list) {
      if (item.as_string() == nullptr) return wrong(key, "a list of strings");
      out.push_back(*item.as_string());
    }
  }
  void object(std::string_view key, JsonValue& out) {
    const JsonValue* const value = find(key);
    if (value == nullptr) return;
    if (value->as_object() == nullptr) return wrong(key, "an object");
    out = *value;
  }
  // The object at `key`; one without members where there is none.
  Reading inner(std::string_view key) {
    if (!required(key)) return Reading(nullptr);
    const JsonValue* const value = find(key);
    if (value->as_object() == nullptr) wrong(key, "an object");
    return Reading(value);
  }
  void merge(const Reading& inner) {
    if (error_.empty()) error_ = inner.error_;
  }
  void source(RecordSource& out) {
    Reading inside = inner("source");
    inside.text("name", out.name);
    inside.text("boot", out.boot);
    merge(inside);
  }
  void resource(RecordResource& out) {
    Reading inside = inner("resource");
    inside.text("type", out.type);
    inside.text("id", out.id);
    inside.object("properties", out.properties);
    merge(inside);
  }
  void truncated(std::vector<TruncatedField>& out) {
    const JsonValue* const value = find("truncated");
    if (value == nullptr) return;
    const JsonValue::Array* const list = value->as_array();
    if (list == nullptr) return wrong("truncated", "a list");
    for (const JsonValue& item : *list) {
      Reading inside(&item);
      inside.text("field", out.emplace_back().field);
      inside.integer("bytes", out.back().bytes);
      merge(inside);
    }
  }
  bool has(std::string_view key) const { return find(key) != nullptr; }

  bool ok() const { return error_.empty(); }
  tl::unexpected<Error> error() const { return fail("not a record: " + error_); }
  void wrong(std::string_view key, std::string_view expected) {
    if (ok()) error_ = fmt::format("`{}` is not {}", key, expected);
  }

 private:
  bool required(std::string_view key) {
    if (find(key) != nullptr) return true;
    if (ok()) error_ = fmt::format("`{}` is missing", key);
    return false;
  }

  const JsonValue* find(std::string_view key) const { return object_ == nullptr ? nullptr : object_->find(key); }

  const JsonValue* object_;
  std::string error_;
};

Result<RecordKind> kind_from(const JsonValue& value) {
  Reading reading(&value);
  std::int64_t version = 0;
  std::string kind;
  reading.integer("v", version);
  reading.text("kind", kind);
  if (!reading.ok()) return reading.error();
  if (version != kRecordSchemaVersion) {
    return fail(
        fmt::format("record schema version {} is unknown, this program reads {}", version, kRecordSchemaVersion));
  }
  const auto known = record_kind_from_text(kind);
  if (!known) return fail(fmt::format("record kind `{}` is unknown", kind));
  return *known;
}

Result<DecisionRecord> read_decision(const JsonValue& value) {
  DecisionRecord record;
  Reading reading(&value);
  reading.text("id", record.id);
  reading.time("time", record.time);
  reading.source(record.source);
  reading.integer("seq", record.seq);
  reading.text("revision", record.revision);
  Reading subject = reading.inner("subject");
  subject.text("type", record.subject.type);
  subject.text("id", record.subject.id);
  reading.merge(subject);
  reading.optional_text("session", record.session);
  reading.optional_text("tenant", record.tenant);
  reading.text("action", record.action);
  reading.resource(record.resource);
  reading.flag("decision", record.decision);
  reading.text("reason", record.reason);
  reading.optional_text("ruleReason", record.rule_reason);
  reading.texts("rules", record.rules);
  reading.object("obligations", record.obligations);
  if (reading.has("dryRun")) {
    Reading dry_run = reading.inner("dryRun");
    dry_run.flag("decision", record.dry_run.emplace().decision);
    dry_run.texts("rules", record.dry_run->rules);
    reading.merge(dry_run);
  }
  reading.texts("roles", record.roles);
  reading.text("pep", record.pep);
  reading.optional_text("trace", record.trace);
  reading.integer("latencyMicros", record.latency_micros);
  reading.integer("revocationEvent", record.revocation_event);
  reading.truncated(record.truncated);
  if (!reading.ok()) return reading.error();
  return record;
}

Result<OutcomeRecord> read_outcome(const JsonValue& value, RecordKind kind) {
  OutcomeRecord record;
  record.kind = kind;
  Reading reading(&value);
  reading.text("gate", record.gate);
  reading.text("boot", record.boot);
  reading.integer("seq", record.seq);
  reading.time("time", record.time);
  reading.time("received", record.received);
  reading.source(record.source);
  reading.optional_text("decisionId", record.decision_id);
  reading.text("event", record.event);
  reading.optional_text("result", record.result);
  reading.optional_text("reason", record.reason);
  reading.optional_text("session", record.session);
  reading.optional_text("action", record.action);
  if (reading.has("resource")) reading.resource(record.resource.emplace());
  reading.optional_text("address", record.address);
  reading.optional_integer("bytesIn", record.bytes_in);
  reading.optional_integer("bytesOut", record.bytes_out);
  reading.optional_integer("durationMillis", record.duration_millis);
  reading.optional_integer("exitStatus", record.exit_status);
  reading.optional_integer("signal", record.signal);
  reading.optional_integer("uses", record.uses);
  reading.optional_integer("lost", record.lost);
  reading.optional_text("trace", record.trace);
  reading.truncated(record.truncated);
  if (!reading.ok()) return reading.error();
  return record;
}

Result<AdminRecord> read_admin(const JsonValue& value) {
  AdminRecord record;
  Reading reading(&value);
  reading.time("time", record.time);
  reading.source(record.source);
  reading.integer("seq", record.seq);
  reading.text("actor", record.actor);
  reading.text("action", record.action);
  reading.optional_text("target", record.target);
  reading.optional_text("revision", record.revision);
  reading.text("result", record.result);
  reading.optional_text("reason", record.reason);
  reading.object("detail", record.detail);
  reading.truncated(record.truncated);
  if (!reading.ok()) return reading.error();
  return record;
}

// The end of the JSON string that begins at `at`.
std::size_t string_end(std::string_view bytes, std::size_t at) {
  for (++at; at < bytes.size() && bytes[at] != '"'; ++at) {
    if (bytes[at] == '\\') ++at;
  }
  return at + 1;
}

// The raw text of a top-level member that is a string without escapes.
std::optional<std::string_view> top_level_text(std::string_view bytes, std::string_view key) {
  int depth = 0;
  bool at_key = false;
  for (std::size_t i = 0; i < bytes.size();) {
    const char c = bytes[i];
    if (c == '"') {
      const std::size_t end = string_end(bytes, i);
      if (end > bytes.size()) return std::nullopt;
      if (at_key && depth == 1 && bytes.substr(i + 1, end - i - 2) == key && bytes.substr(end, 2) == ":\"") {
        const std::size_t value_end = string_end(bytes, end + 1);
        if (value_end > bytes.size()) return std::nullopt;
        return bytes.substr(end + 2, value_end - end - 3);
      }
      at_key = false;
      i = end;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    at_key = depth == 1 && (c == '{' || c == ',');
    ++i;
  }
  return std::nullopt;
}

}  // namespace

Result<Record> record_from_json(const JsonValue& value) {
  TRY_ASSIGN(const RecordKind kind, kind_from(value));
  switch (kind) {
    case RecordKind::decision: {
      TRY_ASSIGN(DecisionRecord record, read_decision(value));
      return Record(std::move(record));
    }
    case RecordKind::admin: {
      TRY_ASSIGN(AdminRecord record, read_admin(value));
      return Record(std::move(record));
    }
    case RecordKind::outcome:
    case RecordKind::use:
    case RecordKind::refusal:
      break;
  }
  TRY_ASSIGN(OutcomeRecord record, read_outcome(value, kind));
  return Record(std::move(record));
}

Result<DecisionRecord> decision_from_json(const JsonValue& value) {
  TRY_ASSIGN(const RecordKind kind, kind_from(value));
  if (kind != RecordKind::decision) return fail(fmt::format("a record of kind `{}` is no decision", to_text(kind)));
  return read_decision(value);
}

Result<OutcomeRecord> outcome_from_json(const JsonValue& value) {
  TRY_ASSIGN(const RecordKind kind, kind_from(value));
  if (kind == RecordKind::decision || kind == RecordKind::admin) {
    return fail(fmt::format("a record of kind `{}` is nothing that a gate reports", to_text(kind)));
  }
  return read_outcome(value, kind);
}

Result<Timestamp> record_time(std::string_view bytes) {
  auto text = top_level_text(bytes, "received");
  if (!text) text = top_level_text(bytes, "time");
  if (!text) return fail("the record has no time");
  return Timestamp::parse(*text);
}

}  // namespace portreeve::wire

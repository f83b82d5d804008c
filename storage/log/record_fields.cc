#include "storage/log/record_fields.h"

#include "engine/base/text.h"
#include "engine/wire/record.h"

namespace portreeve::storage {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames = {
    "kind",    "decision", "reason", "action",   "resourceType", "resource", "host", "subject",
    "session", "tenant",   "rule",   "revision", "pep",          "event",    "text"};

std::string text_at(const JsonValue& object, std::string_view key) {
  const JsonValue* const value = object.find(key);
  const std::string* const text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string() : *text;
}

void add_line(std::string& lines, std::string_view text) {
  if (text.empty()) return;
  if (!lines.empty()) lines += '\n';
  lines += text;
}

// Every text within a value, depth first. Records are as deep as requests, which are bounded.
void add_texts(std::string& lines, const JsonValue& value) {
  if (const std::string* const text = value.as_string()) add_line(lines, *text);
  if (const JsonValue::Array* const items = value.as_array()) {
    for (const JsonValue& item : *items) add_texts(lines, item);
  }
  if (const JsonValue::Object* const members = value.as_object()) {
    for (const auto& [key, member] : *members) add_texts(lines, member);
  }
}

void read_resource(const JsonValue& record, RecordFields& out) {
  const JsonValue* const resource = record.find("resource");
  if (resource == nullptr) return;
  out[Field::resource_type] = text_at(*resource, "type");
  out[Field::resource] = text_at(*resource, "id");
  const JsonValue* const properties = resource->find("properties");
  if (properties == nullptr || properties->as_object() == nullptr) return;
  out[Field::host] = to_lower_ascii(text_at(*properties, "host"));
  for (const auto& [key, value] : *properties->as_object()) {
    if (key != "host") add_texts(out[Field::texts], value);
  }
}

void read_decision(const JsonValue& record, RecordFields& out) {
  out.decision_id = text_at(record, "id");
  if (const JsonValue* const decision = record.find("decision");
      decision != nullptr && decision->as_bool() != nullptr) {
    out[Field::decision] = *decision->as_bool() ? "allow" : "deny";
  }
  if (const JsonValue* const subject = record.find("subject")) out[Field::subject] = text_at(*subject, "id");
  if (const JsonValue* const rules = record.find("rules")) add_texts(out[Field::rules], *rules);
}

void read_report(const JsonValue& record, RecordFields& out) {
  out.decision_id = text_at(record, "decisionId");
  out[Field::event] = text_at(record, "event");
  RecordFields::Delivery delivery{text_at(record, "gate"), text_at(record, "boot"), 0};
  const JsonValue* const seq = record.find("seq");
  if (delivery.gate.empty() || delivery.boot.empty() || seq == nullptr || seq->as_int() == nullptr) return;
  delivery.seq = *seq->as_int();
  out.delivery = std::move(delivery);
}

}  // namespace

std::string_view to_text(Field field) { return kNames[static_cast<std::size_t>(field)]; }

namespace {

RecordFields read_whole(reader::JsonReader& json, std::string_view bytes) {
  RecordFields out;
  const auto time = wire::record_time(bytes);
  const auto record = json.parse(bytes);
  if (time) out.time_millis = time->unix_millis();
  const std::string kind = record ? text_at(*record, "kind") : std::string();
  const auto known = wire::record_kind_from_text(kind);
  if (!time || !known) {
    out[Field::kind] = "unreadable";
    return out;
  }
  out[Field::kind] = kind;
  for (const Field field : {Field::reason, Field::action, Field::session, Field::tenant, Field::revision, Field::pep}) {
    out[field] = text_at(*record, to_text(field));
  }
  if (out[Field::pep].empty()) out[Field::pep] = text_at(*record, "gate");
  read_resource(*record, out);
  for (const char* const key : {"ruleReason", "address", "result"}) add_line(out[Field::texts], text_at(*record, key));
  switch (*known) {
    case wire::RecordKind::decision:
      read_decision(*record, out);
      break;
    case wire::RecordKind::outcome:
    case wire::RecordKind::use:
    case wire::RecordKind::refusal:
      read_report(*record, out);
      break;
    case wire::RecordKind::admin:
      out[Field::subject] = text_at(*record, "actor");
      out[Field::resource] = text_at(*record, "target");
      if (const JsonValue* const detail = record->find("detail")) add_texts(out[Field::texts], *detail);
      break;
  }
  return out;
}

}  // namespace

RecordFields read_fields(reader::JsonReader& json, std::string_view bytes) {
  RecordFields out = read_whole(json, bytes);
  for (std::string& value : out.values) {
    if (value.size() > kFieldBytes) value.resize(kFieldBytes);
  }
  return out;
}

}  // namespace portreeve::storage

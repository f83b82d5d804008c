#include "tools/portreeve/record_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <variant>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kMostShownValue = 70'000;  // more than a record has

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string joined(const std::vector<std::string>& texts) {
  return texts.empty() ? "-" : fmt::format("{}", fmt::join(texts, ","));
}

std::vector<Cell> row(const wire::DecisionRecord& record) {
  return {{to_rfc3339_millis(record.time)},
          {record.decision ? "allow" : "deny", record.decision ? Colour::green : Colour::red},
          {or_dash(record.subject.id)},
          {record.action},
          {record.resource.id},
          {record.rule_reason.empty() ? record.reason : record.reason + " (" + record.rule_reason + ")"},
          {joined(record.rules)},
          {record.id}};
}

std::string traffic_of(const wire::OutcomeRecord& record) {
  std::string out = record.address;
  const auto add = [&out](std::string_view text) { out += (out.empty() ? "" : " ") + std::string(text); };
  if (record.resource) add(record.resource->id);
  if (record.bytes_out) add(fmt::format("out {}", *record.bytes_out));
  if (record.bytes_in) add(fmt::format("in {}", *record.bytes_in));
  if (record.exit_status) add(fmt::format("exit {}", *record.exit_status));
  if (record.signal) add(fmt::format("signal {}", *record.signal));
  if (record.lost) add(fmt::format("lost {}", *record.lost));
  return or_dash(out);
}

std::vector<Cell> row(const wire::OutcomeRecord& record) {
  return {{to_rfc3339_millis(record.received)},
          {record.event, record.event == "refused" || record.result == "failed" ? Colour::yellow : Colour::faint},
          {or_dash(record.session.empty() ? record.gate : record.session)},
          {record.action.empty() ? std::string(wire::to_text(record.kind)) : record.action},
          {traffic_of(record)},
          {or_dash(record.reason)},
          {or_dash(record.result)},
          {or_dash(record.decision_id)}};
}

std::vector<Cell> row(const wire::AdminRecord& record) {
  return {{to_rfc3339_millis(record.time)}, {"admin", Colour::faint}, {record.actor},  {record.action},
          {or_dash(record.target)},         {or_dash(record.reason)}, {record.result}, {"-"}};
}

Result<wire::Record> read(const storage::LoggedRecord& logged) {
  TRY_ASSIGN(const JsonValue value, reader::parse_json(logged.bytes));
  return wire::record_from_json(value);
}

void append_lines(std::string& out, const std::string& name, const JsonValue& value) {
  if (value.as_object() != nullptr && !value.as_object()->empty()) {
    for (const auto& [key, member] : *value.as_object())
      append_lines(out, name.empty() ? key : name + "." + key, member);
    return;
  }
  const std::string* const text = value.as_string();
  out += padded(printable(name, kMostShownValue), 28) + " " +
         printable(text != nullptr ? *text : to_canonical_json(value), kMostShownValue) + "\n";
}

}  // namespace

std::vector<Column> record_columns() {
  return {{"TIME", 24},     {"ANSWER", 7}, {"SUBJECT", 10}, {"ACTION", 10},
          {"RESOURCE", 12}, {"REASON", 8}, {"RULES", 8},    {"ID", 6}};
}

std::vector<Cell> record_row(const storage::LoggedRecord& logged) {
  const auto record = read(logged);
  if (record) return std::visit([](const auto& known) { return row(known); }, *record);
  return {{"-"},
          {"?", Colour::yellow},
          {"-"},
          {"-"},
          {fmt::format("record {}", logged.index)},
          {record.error().message},
          {"-"},
          {"-"}};
}

std::string record_lines(const storage::LoggedRecord& logged) {
  std::string out = padded("record", 28) + fmt::format(" {}\n", logged.index);
  const auto value = reader::parse_json(logged.bytes);
  if (!value) return out + padded("unreadable", 28) + " " + value.error().message + "\n";
  append_lines(out, "", *value);
  return out;
}

}  // namespace portreeve::cli

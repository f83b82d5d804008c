#include "pdp/admin/record_csv.h"

#include <algorithm>
#include <array>

#include "engine/base/json_value.h"
#include "engine/reader/json_reader.h"

namespace portreeve::pdp {
namespace {

// A column and where in a record its value stands; of several places the first that is there.
struct CsvColumn {
  std::string_view name;
  std::array<std::string_view, 2> places;  // dotted
};
constexpr std::array kColumns = std::to_array<CsvColumn>({{"time", {"received", "time"}},
                                                          {"kind", {"kind", ""}},
                                                          {"id", {"id", "decisionId"}},
                                                          {"decision", {"decision", ""}},
                                                          {"reason", {"reason", ""}},
                                                          {"ruleReason", {"ruleReason", ""}},
                                                          {"rules", {"rules", ""}},
                                                          {"subject", {"subject.id", "actor"}},
                                                          {"session", {"session", ""}},
                                                          {"tenant", {"tenant", ""}},
                                                          {"roles", {"roles", ""}},
                                                          {"action", {"action", ""}},
                                                          {"resourceType", {"resource.type", ""}},
                                                          {"resource", {"resource.id", "target"}},
                                                          {"host", {"resource.properties.host", ""}},
                                                          {"pep", {"pep", "gate"}},
                                                          {"event", {"event", ""}},
                                                          {"result", {"result", ""}},
                                                          {"address", {"address", ""}},
                                                          {"bytesIn", {"bytesIn", ""}},
                                                          {"bytesOut", {"bytesOut", ""}},
                                                          {"durationMillis", {"durationMillis", ""}},
                                                          {"exitStatus", {"exitStatus", ""}},
                                                          {"revision", {"revision", ""}},
                                                          {"trace", {"trace", ""}}});

// The signs that begin a formula, and their fullwidth forms.
constexpr std::array kFormulaSigns =
    std::to_array<std::string_view>({"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"});

const JsonValue* find(const JsonValue& record, std::string_view place) {
  const JsonValue* at = place.empty() ? nullptr : &record;
  while (at != nullptr && !place.empty()) {
    const std::size_t dot = std::min(place.find('.'), place.size());
    at = at->find(place.substr(0, dot));
    place.remove_prefix(std::min(dot + 1, place.size()));
  }
  return at;
}

std::string text_of(const JsonValue& value) {
  if (const std::string* const text = value.as_string()) return csv_cell(*text);
  if (const JsonValue::Array* const items = value.as_array()) {
    std::string joined;
    for (const JsonValue& item : *items) {
      if (item.as_string() != nullptr) joined += (joined.empty() ? "" : " ") + *item.as_string();
    }
    return csv_cell(joined);
  }
  return to_canonical_json(value);  // a number or a boolean
}

}  // namespace

std::string csv_cell(std::string_view text) {
  const bool formula =
      std::ranges::any_of(kFormulaSigns, [&](std::string_view sign) { return text.starts_with(sign); });
  std::string cell = formula ? "'" : "";
  cell += text;
  if (cell.find_first_of(",\"\r\n\t") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_header() {
  std::string out = "index";
  for (const CsvColumn& column : kColumns) out += "," + std::string(column.name);
  return out + "\r\n";
}

std::string csv_row(const storage::LoggedRecord& record) {
  std::string out = std::to_string(record.index);
  const auto read = reader::parse_json(record.bytes);
  for (const CsvColumn& column : kColumns) {
    out += ',';
    if (!read) continue;
    const JsonValue* value = find(*read, column.places[0]);
    if (value == nullptr) value = find(*read, column.places[1]);
    if (value != nullptr) out += text_of(*value);
  }
  return out + "\r\n";
}

}  // namespace portreeve::pdp

#include "tests/differential/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/load/load.h"

namespace portreeve::differential {
namespace {

// What a reader looks for first stands first; the rest by name.
constexpr std::array<std::string_view, 5> kFirst{"id", "as", "effect", "type", "issuer"};

JsonValue::Object in_reading_order(const JsonValue::Object& members) {
  JsonValue::Object ordered = members;
  const auto rank = [](const JsonValue::Member& member) {
    return std::ranges::find(kFirst, member.first) - kFirst.begin();
  };
  std::ranges::stable_sort(ordered, {}, rank);
  return ordered;
}

bool is_plain(std::string_view text) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '-'; };
  const bool is_reserved = text == "true" || text == "false" || text == "null";
  return text.size() > 3 && !is_reserved && text.front() != '-' && std::ranges::all_of(text, is_word);
}

void append_flow(std::string& out, const JsonValue& value) {
  if (const JsonValue::Array* array = value.as_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ", ";
      append_flow(out, (*array)[i]);
    }
    out += ']';
  } else if (const JsonValue::Object* members = value.as_object()) {
    out += members->empty() ? "{" : "{ ";
    bool first = true;
    for (const auto& [key, member] : in_reading_order(*members)) {
      if (!std::exchange(first, false)) out += ", ";
      out += key + ": ";
      append_flow(out, member);
    }
    out += members->empty() ? "}" : " }";
  } else if (value.as_string() != nullptr && is_plain(*value.as_string())) {
    out += *value.as_string();
  } else {
    out += to_canonical_json(value);
  }
}

void append_spec(std::string& out, const JsonValue& spec) {
  const JsonValue::Object& members = *spec.as_object();
  if (members.empty()) {
    out += "spec: {}\n";
    return;
  }
  out += "spec:\n";
  for (const auto& [key, value] : members) {
    if (key == "rules") continue;
    out += fmt::format("  {}: {}\n", key, to_flow(value));
  }
  const JsonValue* rules = spec.find("rules");
  if (rules == nullptr) return;
  out += "  rules:\n";
  for (const JsonValue& rule : *rules->as_array()) out += "    - " + to_flow(rule) + "\n";
}

}  // namespace

JsonValue object(std::initializer_list<JsonValue::Member> members) { return JsonValue(JsonValue::Object(members)); }

JsonValue list(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return JsonValue(std::move(array));
}

JsonValue list(JsonValue::Array values) { return JsonValue(std::move(values)); }

std::string to_flow(const JsonValue& value) {
  std::string out;
  append_flow(out, value);
  return out;
}

std::string to_yaml(const World& world, std::string_view more) {
  std::string text;
  if (!world.own_addresses.empty()) {
    text += "# own addresses of the deployment:";
    for (const net::IpPrefix& prefix : world.own_addresses) text += " " + prefix.to_string();
    text += "\n";
  }
  for (const DocumentText& document : world.documents) {
    text += fmt::format("---\napiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {} }}\n", document.kind,
                        document.name);
    append_spec(text, document.spec);
  }
  return text.append(more);
}

std::shared_ptr<const model::CheckedPolicySet> load_world(const World& world, std::string* errors) {
  load::LoadResult loaded = load::load({{"generated.yaml", to_yaml(world)}});
  if (errors != nullptr) {
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) *errors += to_text(diagnostic) + "\n";
    }
  }
  return loaded.set;
}

}  // namespace portreeve::differential

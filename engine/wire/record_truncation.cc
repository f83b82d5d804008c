#include "engine/wire/record_truncation.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "engine/base/check.h"

namespace portreeve::wire {
namespace {

constexpr std::string_view kNeverCut[] = {"/kind", "/id", "/time", "/received", "/revision"};
constexpr std::string_view kWalked[] = {"/subject", "/resource", "/resource/properties", "/source"};

struct Candidate {
  std::string pointer;
  std::size_t bytes = 0;
};

// Keys are ours or were chosen by recordable_properties(), but for `detail`, which is not walked: none needs escaping.
void longest(const JsonValue& object, const std::string& prefix, const std::map<std::string, std::int64_t>& cut,
             Candidate& best) {
  for (const auto& [key, member] : *object.as_object()) {
    std::string pointer = prefix + "/" + key;
    if (member.as_object() != nullptr && std::ranges::find(kWalked, pointer) != std::end(kWalked)) {
      longest(member, pointer, cut, best);
      continue;
    }
    const bool cuttable = member.as_string() != nullptr || member.as_array() != nullptr || member.as_object() != nullptr;
    if (!cuttable || cut.contains(pointer) || std::ranges::find(kNeverCut, pointer) != std::end(kNeverCut)) continue;
    const std::size_t bytes = to_canonical_json(member).size();
    if (bytes > best.bytes || (bytes == best.bytes && pointer < best.pointer)) best = {std::move(pointer), bytes};
  }
}

std::string cut_text(std::string_view text) {
  std::string json;
  std::size_t end = 0;
  std::size_t bytes = 2;  // the quotes
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    json.clear();
    append_json_string(json, text.substr(end, next - end));
    bytes += json.size() - 2;
    if (bytes > kCutFieldBytes) break;
    end = next;
  }
  return std::string(text.substr(0, end));
}

JsonValue::Array cut_list(const JsonValue::Array& list) {
  JsonValue::Array out;
  std::size_t bytes = 2;
  for (const JsonValue& item : list) {
    bytes += to_canonical_json(item).size() + (out.empty() ? 0 : 1);
    if (bytes > kCutFieldBytes) break;
    out.push_back(item);
  }
  return out;
}

std::optional<JsonValue> cut_value(const JsonValue& value) {
  if (const std::string* text = value.as_string()) return JsonValue(cut_text(*text));
  if (const JsonValue::Array* list = value.as_array()) return JsonValue(cut_list(*list));
  return std::nullopt;
}

// `object` with the member at `pointer` cut.
JsonValue with_cut(const JsonValue& object, std::string_view pointer) {
  pointer.remove_prefix(1);
  const std::string_view key = pointer.substr(0, pointer.find('/'));
  const std::string_view rest = pointer.substr(key.size());
  JsonValue out{JsonValue::Object{}};
  for (const auto& [name, member] : *object.as_object()) {
    if (name != key) {
      out.set(name, member);
    } else if (!rest.empty()) {
      out.set(name, with_cut(member, rest));
    } else if (auto kept = cut_value(member)) {
      out.set(name, *std::move(kept));
    }
  }
  return out;
}

}  // namespace

std::string bounded_canonical_json(JsonValue record, std::size_t most) {
  std::string bytes = to_canonical_json(record);
  std::map<std::string, std::int64_t> cut;
  while (bytes.size() > most) {
    Candidate best;
    longest(record, "", cut, best);
    CHECK(best.bytes > 0);
    record = with_cut(record, best.pointer);
    cut.emplace(best.pointer, static_cast<std::int64_t>(best.bytes));
    JsonValue::Array truncated;
    for (const auto& [field, size] : cut) {
      JsonValue entry{JsonValue::Object{}};
      entry.set("field", field);
      entry.set("bytes", size);
      truncated.push_back(std::move(entry));
    }
    JsonValue said = record;
    said.set("truncated", std::move(truncated));
    bytes = to_canonical_json(said);
  }
  return bytes;
}

}  // namespace portreeve::wire

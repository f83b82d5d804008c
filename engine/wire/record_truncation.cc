#include "engine/wire/record_truncation.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/check.h"

namespace portreeve::wire {
namespace {

constexpr std::string_view kNeverCut[] = {"/kind", "/id", "/time", "/received", "/revision"};
constexpr std::string_view kWalked[] = {"/subject", "/resource", "/resource/properties", "/source"};

struct Field {
  std::string pointer;
  const JsonValue* value = nullptr;
  std::size_t bytes = 0;  // of its canonical JSON
};

// What may be cut. Keys are ours or were chosen by recordable_properties(), but in `detail`, which is not walked: none
// needs escaping.
void gather(const JsonValue& object, const std::string& prefix, std::vector<Field>& out) {
  for (const auto& [key, member] : *object.as_object()) {
    std::string pointer = prefix + "/" + key;
    if (member.as_object() != nullptr && std::ranges::find(kWalked, pointer) != std::end(kWalked)) {
      gather(member, pointer, out);
      continue;
    }
    const bool cuttable =
        member.as_string() != nullptr || member.as_array() != nullptr || member.as_object() != nullptr;
    if (!cuttable || std::ranges::find(kNeverCut, pointer) != std::end(kNeverCut)) continue;
    out.push_back({std::move(pointer), &member, to_canonical_json(member).size()});
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

using Cuts = std::map<std::string, std::optional<JsonValue>>;  // by pointer; nothing: left out

JsonValue with_cuts(const JsonValue& object, const std::string& prefix, const Cuts& cuts) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [key, member] : *object.as_object()) {
    const std::string pointer = prefix + "/" + key;
    const auto cut = cuts.find(pointer);
    if (cut != cuts.end()) {
      if (cut->second) out.set(key, *cut->second);
    } else if (std::ranges::find(kWalked, pointer) != std::end(kWalked) && member.as_object() != nullptr) {
      out.set(key, with_cuts(member, pointer, cuts));
    } else {
      out.set(key, member);
    }
  }
  return out;
}

JsonValue truncated_list(const std::map<std::string, std::int64_t>& sizes) {
  JsonValue::Array list;
  for (const auto& [field, bytes] : sizes) {
    JsonValue entry{JsonValue::Object{}};
    entry.set("field", field);
    entry.set("bytes", bytes);
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::string bounded_canonical_json(const JsonValue& record, std::size_t most) {
  std::string bytes = to_canonical_json(record);
  if (bytes.size() <= most) return bytes;
  std::vector<Field> fields;
  gather(record, "", fields);
  std::ranges::sort(fields, [](const Field& a, const Field& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.pointer < b.pointer;
  });
  // Sizes are reckoned, not tried, so that the longest record costs no more than writing it twice.
  std::size_t size = bytes.size() + std::string_view(R"("truncated":,)").size();
  Cuts cuts;
  std::map<std::string, std::int64_t> sizes;
  for (const Field& field : fields) {
    if (!cuts.empty() && size + to_canonical_json(truncated_list(sizes)).size() <= most) break;
    std::optional<JsonValue> kept = cut_value(*field.value);
    size -= field.bytes;
    const std::string_view key = std::string_view(field.pointer).substr(field.pointer.rfind('/') + 1);
    if (kept) {
      size += to_canonical_json(*kept).size();
    } else {
      size -= key.size() + std::string_view(R"("":,)").size();
    }
    sizes.emplace(field.pointer, static_cast<std::int64_t>(field.bytes));
    cuts.emplace(field.pointer, std::move(kept));
  }
  JsonValue cut = with_cuts(record, "", cuts);
  cut.set("truncated", truncated_list(sizes));
  bytes = to_canonical_json(cut);
  CHECK(bytes.size() <= most);
  DCHECK(bytes.size() == size + to_canonical_json(truncated_list(sizes)).size());
  return bytes;
}

}  // namespace portreeve::wire

#include "tools/substrate/yaml_text.h"

#include <algorithm>
#include <string_view>

namespace portreeve::substrate {
namespace {

// Keys of letters only need no quotes; `no` and `y` would, and are none of ours.
std::string key_text(std::string_view key) {
  const bool is_word =
      std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  if (is_word && key.size() > 3) return std::string(key);
  std::string out;
  append_json_string(out, key);
  return out;
}

bool is_flow(const JsonValue& value) {
  if (const auto* members = value.as_object()) return members->empty();
  if (const auto* elements = value.as_array()) return elements->empty();
  return true;
}

void write(const JsonValue& value, std::size_t depth, std::string& out);

// Appends the value after `key:` or `-`.
void write_below(const JsonValue& value, std::size_t depth, std::string& out) {
  if (is_flow(value)) {
    out += " " + to_canonical_json(value) + "\n";
    return;
  }
  out += "\n";
  write(value, depth, out);
}

void write(const JsonValue& value, std::size_t depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  if (const auto* members = value.as_object()) {
    for (const auto& [key, member] : *members) {
      out += indent + key_text(key) + ":";
      write_below(member, depth + 1, out);
    }
    return;
  }
  for (const JsonValue& element : *value.as_array()) {
    if (is_flow(element)) {
      out += indent + "- " + to_canonical_json(element) + "\n";
      continue;
    }
    // The element's first line stands behind the dash.
    std::string inner;
    write(element, depth + 1, inner);
    inner[2 * depth] = '-';
    out += inner;
  }
}

}  // namespace

std::string to_yaml(const JsonValue& document) {
  std::string out;
  write(document, 0, out);
  return out;
}

}  // namespace portreeve::substrate

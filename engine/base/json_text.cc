#include "engine/base/json_text.h"

#include <algorithm>

namespace portreeve {
namespace {

void write_indented(const JsonValue& value, std::size_t depth, std::string& out) {
  const std::string inner(2 * depth + 2, ' ');
  const std::string outer(2 * depth, ' ');
  if (const auto* members = value.as_object(); members != nullptr && !members->empty()) {
    out += "{\n";
    for (std::size_t i = 0; i < members->size(); ++i) {
      out += inner;
      append_json_string(out, (*members)[i].first);
      out += ": ";
      write_indented((*members)[i].second, depth + 1, out);
      out += i + 1 == members->size() ? "\n" : ",\n";
    }
    out += outer + "}";
    return;
  }
  const auto is_plain = [](const JsonValue& element) {
    return element.as_object() == nullptr && element.as_array() == nullptr;
  };
  const auto* elements = value.as_array();
  if (elements == nullptr || std::ranges::all_of(*elements, is_plain)) {
    out += to_canonical_json(value);
    return;
  }
  out += "[\n";
  for (std::size_t i = 0; i < elements->size(); ++i) {
    out += inner;
    write_indented((*elements)[i], depth + 1, out);
    out += i + 1 == elements->size() ? "\n" : ",\n";
  }
  out += outer + "]";
}

}  // namespace

std::string to_indented_json(const JsonValue& value) {
  std::string out;
  write_indented(value, 0, out);
  return out + "\n";
}

}  // namespace portreeve

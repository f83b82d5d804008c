#include "pep/http/field_section.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pep {

const std::string* find_field(const std::vector<Field>& fields, std::string_view name) {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return it == fields.end() ? nullptr : &it->value;
}

std::size_t count_fields(const std::vector<Field>& fields, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; }));
}

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> list_elements(std::string_view value) {
  std::vector<std::string_view> elements;
  while (true) {
    const std::size_t comma = value.find(',');
    elements.push_back(trim_blanks(value.substr(0, comma)));
    if (comma == std::string_view::npos) return elements;
    value.remove_prefix(comma + 1);
  }
}

FieldReader::State FieldReader::fail_with(FieldFault fault) {
  fault_ = fault;
  return state_ = State::failed;
}

FieldReader::State FieldReader::take(char c) {
  switch (place_) {
    case Place::line_start:
      if (c == '\r') {
        place_ = Place::last;
        return state_;
      }
      if (is_blank(c)) return fail_with(FieldFault::folded);
      if (fields_.size() == limits::kHttpFields) return fail_with(FieldFault::too_many);
      fields_.emplace_back();
      place_ = Place::name;
      [[fallthrough]];
    case Place::name:
      if (c == ':' && !fields_.back().name.empty()) {
        place_ = Place::value;
        return state_;
      }
      if (!is_token_char(c)) return fail_with(FieldFault::name);
      fields_.back().name += to_lower_ascii(c);
      return state_;
    case Place::value: {
      std::string& value = fields_.back().value;
      if (c == '\r') {
        while (!value.empty() && is_blank(value.back())) value.pop_back();
        place_ = Place::line_end;
        return state_;
      }
      const bool kept = obs_text_ == ObsText::keep && static_cast<unsigned char>(c) >= 0x80;
      if (!is_visible(c) && !is_blank(c) && !kept) return fail_with(FieldFault::value);
      if (!value.empty() || !is_blank(c)) value += c;
      return state_;
    }
    case Place::line_end:
      if (c != '\n') return fail_with(FieldFault::line_end);
      place_ = Place::line_start;
      return state_;
    case Place::last:
      if (c != '\n') return fail_with(FieldFault::section_end);
      return state_ = State::complete;
  }
  return state_;
}

}  // namespace portreeve::pep

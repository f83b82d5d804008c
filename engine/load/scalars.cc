#include "engine/load/scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/base/text.h"
#include "engine/load/fields.h"

namespace portreeve::load {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Nothing for a number that no double holds, not even as its nearest.
std::optional<JsonValue> number(std::string_view text) {
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [rest, fault] = std::from_chars(text.data(), end, whole); fault == std::errc() && rest == end)
    return whole;
  double real = 0;
  if (std::from_chars(text.data(), end, real).ec != std::errc()) return std::nullopt;
  // As of JSON: `3.0` and `3e0` are what `3` is.
  constexpr double kBeyondInt64 = 9223372036854775808.0;  // 2^63
  const bool is_whole = std::trunc(real) == real && real >= -kBeyondInt64 && real < kBeyondInt64;
  return is_whole ? JsonValue(static_cast<std::int64_t>(real)) : JsonValue(real);
}

JsonValue plain_to_json(const Node& node, Report& report) {
  if (is_boolean(node.text)) return node.text == "true";
  if (is_json_number(node.text)) {
    if (auto value = number(node.text)) return *std::move(value);
    report.error(node.at, fmt::format("`{}` is beyond every number", printable(node.text)),
                 fmt::format("text stands in quotes: \"{}\"", printable(node.text)));
    return {};
  }
  if (is_ambiguous(node.text)) {
    report.error(
        node.at, fmt::format("`{}` means different things to different readers of YAML", printable(node.text)),
        fmt::format("write `true`, `false` or a decimal number, or text in quotes: \"{}\"", printable(node.text)));
  }
  return node.text;
}

}  // namespace

bool is_boolean(std::string_view text) { return text == "true" || text == "false"; }

bool is_json_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t digits = skip_digits(text, at);
  if (digits == at || (text[at] == '0' && digits > at + 1)) return false;
  at = digits;
  if (at < text.size() && text[at] == '.') {
    const std::size_t end = skip_digits(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t end = skip_digits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

bool is_number_or_boolean(std::string_view text) { return is_boolean(text) || is_json_number(text); }

bool is_ambiguous(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords{"yes", "no", "on", "off", "true", "false", ".inf", ".nan"};
  if (is_number_or_boolean(text)) return false;
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const std::string lower = to_lower_ascii(text);
  const std::string_view word = lower;
  if (std::ranges::find(kWords, word) != kWords.end()) return true;
  const auto all = [](std::string_view rest, std::string_view allowed) {
    return !rest.empty() && rest.find_first_not_of(allowed) == std::string_view::npos;
  };
  if (word.starts_with("0x") && all(word.substr(2), "0123456789abcdef_")) return true;
  if ((word.starts_with("0o") || word.starts_with("0b")) && all(word.substr(2), "01234567_")) return true;
  const bool numeric = all(word, "0123456789_.") && word.find_first_of("0123456789") != std::string_view::npos;
  return numeric && word.front() != '_' && std::ranges::count(word, '.') <= 1;
}

JsonValue to_json(const Node& node, Report& report) {
  if (node.refused) return {};
  switch (node.kind) {
    case Node::Kind::null:
      return {};
    case Node::Kind::plain:
      return plain_to_json(node, report);
    case Node::Kind::quoted:
      return node.text;
    case Node::Kind::sequence: {
      JsonValue::Array array;
      for (const Node* element = node.first; element != nullptr; element = element->next) {
        array.push_back(to_json(*element, report));
      }
      return array;
    }
    case Node::Kind::mapping: {
      JsonValue::Object object;
      for (const Node* key = node.first; key != nullptr; key = key->next->next) {
        if (!key->refused) object.emplace_back(key->text, to_json(*key->next, report));
      }
      return object;
    }
  }
  return {};
}

}  // namespace portreeve::load

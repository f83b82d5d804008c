#include "engine/load/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/check.h"
#include "engine/base/text.h"
#include "engine/load/scalars.h"

namespace portreeve::load {

std::string alternatives(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += fmt::format("`{}`", words[i]);
  }
  return out;
}

std::vector<std::string_view> keys_of(const Object& object) {
  std::vector<std::string_view> keys;
  for (const Field& field : object.fields) keys.push_back(field.key);
  return keys;
}

Fields::Fields(const Node& node, const Object& object, Report& report) : node_(node), object_(object), report_(report) {
  CHECK(object.fields.size() <= kMostFields);
  if (node.kind != Node::Kind::mapping) return;  // reported as a shape
  read_entries();
  check_presence();
  if (!object.exactly_one.empty()) check_exactly_one();
}

void Fields::read_entries() {
  for (const Node* key = node_.first; key != nullptr; key = key->next->next) {
    const Node& value = *key->next;
    const auto field = std::ranges::find(object_.fields, key->text, &Field::key);
    if (key->refused) continue;
    if (field == object_.fields.end()) {
      const std::vector<std::string_view> keys = keys_of(object_);
      report_.error(
          key->at, fmt::format("unknown key `{}`", printable(key->text)),
          suggestion(key->text, keys, keys.empty() ? "nothing may stand here" : "allowed: " + alternatives(keys)));
      continue;
    }
    Slot& slot = slots_[static_cast<std::size_t>(field - object_.fields.begin())];
    slot.key = key;
    if (check_shape(value, *field, report_)) slot.value = &value;
  }
}

void Fields::check_presence() {
  for (std::size_t i = 0; i < object_.fields.size(); ++i) {
    const Field& field = object_.fields[i];
    if (field.need == Need::required && slots_[i].key == nullptr) {
      report_.error(node_.at, fmt::format("`{}` is missing", field.key), std::string(field.doc));
    }
  }
}

void Fields::check_exactly_one() {
  std::string_view first;
  for (const std::string_view key : object_.exactly_one) {
    if (!has(key)) continue;
    if (first.empty()) {
      first = key;
      continue;
    }
    report_.error(at(key), fmt::format("`{}` stands beside `{}`", key, first),
                  fmt::format("keep one of {}", alternatives(object_.exactly_one)));
  }
  if (first.empty()) report_.error(node_.at, fmt::format("one of {} is missing", alternatives(object_.exactly_one)));
}

std::size_t Fields::index(std::string_view key) const {
  const auto field = std::ranges::find(object_.fields, key, &Field::key);
  CHECK(field != object_.fields.end());
  return static_cast<std::size_t>(field - object_.fields.begin());
}

At Fields::at(std::string_view key) const {
  const Node* node = slot(key).key;
  return node == nullptr ? node_.at : node->at;
}

std::vector<const Node*> Fields::list(std::string_view key) const {
  std::vector<const Node*> out;
  const Node* node = find(key);
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::sequence) return {node};
  out.reserve(node->count);
  for (const Node* element = node->first; element != nullptr; element = element->next) {
    if (!element->refused) out.push_back(element);
  }
  return out;
}

std::optional<Fields> Fields::nested(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr || node->kind != Node::Kind::mapping) return std::nullopt;
  return std::optional<Fields>(std::in_place, *node, *object_.fields[index(key)].object, report_);
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr || !node->is_scalar()) return std::nullopt;
  return std::string(node->text);
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  std::vector<std::string> out;
  for (const Node* node : list(key)) out.emplace_back(node->text);
  return out;
}

std::optional<std::vector<std::string>> Fields::optional_texts(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  return texts(key);
}

std::optional<bool> Fields::boolean(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return node->text == "true";
}

std::optional<std::int64_t> Fields::integer(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(node->text.data(), node->text.data() + node->text.size(), value);
  return value;
}

namespace {

template <class Parse>
auto convert(const Node* node, Report& report, Parse parse) -> std::optional<std::decay_t<decltype(*parse(""))>> {
  if (node == nullptr) return std::nullopt;
  auto value = parse(node->text);
  if (value) return *std::move(value);
  report.error(node->at, std::move(value).error().message);
  return std::nullopt;
}

}  // namespace

std::optional<Seconds> Fields::duration(std::string_view key) const {
  return convert(find(key), report_, parse_duration);
}
std::optional<std::int64_t> Fields::size(std::string_view key) const {
  return convert(find(key), report_, parse_byte_size);
}
std::optional<Timestamp> Fields::time(std::string_view key) const {
  return convert(find(key), report_, Timestamp::parse);
}

std::optional<model::ClaimPath> Fields::claim_path(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr || node->kind == Node::Kind::mapping) return std::nullopt;
  return read_claim_path(*node, report_);
}

std::optional<std::size_t> Fields::choice(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr || !node->is_scalar()) return std::nullopt;
  const auto& choices = object_.fields[index(key)].choices;
  const auto word = std::ranges::find(choices, node->text);
  if (word == choices.end()) return std::nullopt;
  return static_cast<std::size_t>(word - choices.begin());
}

JsonValue Fields::json(std::string_view key) const {
  const Node* node = find(key);
  return node == nullptr ? JsonValue() : to_json(*node, report_);
}

std::optional<model::ClaimPath> read_claim_path(const Node& node, Report& report) {
  model::ClaimPath path;
  if (node.kind == Node::Kind::sequence) {
    for (const Node* name = node.first; name != nullptr; name = name->next) path.segments.emplace_back(name->text);
    return path;
  }
  if (node.text.find("://") != std::string_view::npos) {  // taken apart at its dots it would never be found
    report.error(node.at, fmt::format("`{}` is the name of one claim, and holds dots", printable(node.text)),
                 fmt::format("write it as a list: `[\"{}\"]`", printable(node.text)));
    return std::nullopt;
  }
  for (std::size_t begin = 0; begin <= node.text.size();) {
    const std::size_t end = std::min(node.text.find('.', begin), node.text.size());
    if (end == begin) {
      report.error(node.at, fmt::format("`{}` is not a path of claims: a name in it is empty", printable(node.text)),
                   "write `realm_access.roles`, or a list where a name holds dots: `[\"a.b\", c]`");
      return std::nullopt;
    }
    path.segments.emplace_back(node.text.substr(begin, end - begin));
    begin = end + 1;
  }
  return path;
}

bool check_name(std::string_view name, At at, Type type, Report& report) {
  const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool secret = type == Type::secret_name;
  const bool good =
      !name.empty() && name.size() <= 63 && is_edge(name.front()) && is_edge(name.back()) &&
      std::ranges::all_of(name, [&](char c) { return is_edge(c) || c == '.' || c == '-' || (secret && c == '/'); }) &&
      name.find("//") == std::string_view::npos;
  if (good) return true;
  report.error(at, fmt::format("`{}` is not a name", printable(name)),
               fmt::format("at most 63 of `a-z`, `0-9`, `.`, `-`{}, with a letter or digit at both ends",
                           secret ? ", `/`" : ""));
  return false;
}

namespace {

bool check_scalar(const Node& value, const Field& field, Report& report) {
  if (value.is_scalar()) return true;
  if (value.kind == Node::Kind::null) {
    report.error(value.at, fmt::format("`{}` is null", field.key), "leave it out, or give it a value");
  } else {
    report.error(value.at, fmt::format("`{}` takes a value, not {}", field.key, describe(value)));
  }
  return false;
}

// Text that YAML does not read as something else, without control characters.
bool check_text(const Node& value, const Field& field, Report& report) {
  if (value.kind == Node::Kind::plain && is_number_or_boolean(value.text)) {
    report.error(value.at,
                 fmt::format("`{}` takes text, and YAML reads `{}` as {}", field.key, value.text,
                             is_boolean(value.text) ? "a boolean" : "a number"),
                 fmt::format("write it in quotes: \"{}\"", value.text));
    return false;
  }
  if (value.text.empty() && field.type != Type::any_text) {
    report.error(value.at, fmt::format("`{}` is empty", field.key), std::string(field.doc));
    return false;
  }
  const bool lines = field.type == Type::prose;
  const auto control = std::ranges::find_if(value.text, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(lines && (c == '\n' || c == '\t'))) || byte == 0x7F;
  });
  if (control == value.text.end()) return true;
  report.error(value.at, fmt::format("`{}` holds the control character `{}`", field.key, printable({&*control, 1})));
  return false;
}

bool check_boolean(const Node& value, const Field& field, Report& report) {
  const bool plain = value.kind == Node::Kind::plain;
  if (field.type == Type::affirmation) {
    if (plain && value.text == "true") return true;
    report.error(value.at, fmt::format("`{}: {}`", field.key, printable(value.text)),
                 fmt::format("write `{}: true`, or leave it out", field.key));
    return false;
  }
  if (plain && is_boolean(value.text)) return true;
  report.error(value.at, fmt::format("`{}` is not a boolean", printable(value.text)), "write `true` or `false`");
  return false;
}

bool check_integer(const Node& value, const Field& field, Report& report) {
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [rest, fault] = std::from_chars(value.text.data(), end, number);
  const bool written = value.kind == Node::Kind::plain && fault == std::errc() && rest == end &&
                       (value.text.size() == 1 || value.text.front() != '0');
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  if (written && number >= 1 && number <= kMost) return true;
  report.error(value.at, fmt::format("`{}` takes a whole number from 1, not `{}`", field.key, printable(value.text)),
               value.kind == Node::Kind::quoted ? "without quotes" : "");
  return false;
}

bool check_choice(const Node& value, const Field& field, Report& report) {
  if (std::ranges::find(field.choices, value.text) != field.choices.end()) return true;
  std::string help = field.choices.size() == 1 ? fmt::format("write `{}`", field.choices.front())
                                               : "one of " + alternatives(field.choices);
  if (field.object != nullptr) help += fmt::format(", or a mapping with {}", alternatives(keys_of(*field.object)));
  report.error(value.at, fmt::format("`{}` is not a value of `{}`", printable(value.text), field.key), std::move(help));
  return false;
}

bool check_object(const Node& value, const Field& field, Report& report) {
  if (value.is_scalar() && !field.choices.empty()) return check_choice(value, field, report);
  if (value.kind == Node::Kind::null) return check_scalar(value, field, report);
  if (value.kind != Node::Kind::mapping) {
    report.error(value.at,
                 fmt::format("{}`{}` takes a mapping, not {}", field.shape == Shape::list ? "each entry of " : "",
                             field.key, describe(value)),
                 field.object == nullptr ? "write `{ name: value }`" : "with " + alternatives(keys_of(*field.object)));
    return false;
  }
  if (value.count != 0 || (field.object != nullptr && field.object->may_be_empty)) return true;
  if (field.object == nullptr) return true;
  const std::vector<std::string_view> keys = keys_of(*field.object);
  report.error(value.at, fmt::format("`{}` is empty", field.key),
               fmt::format("state one of {}, or leave it out", alternatives(keys)));
  return false;
}

bool check_by_name(const Node& value, const Field& field, Report& report) {
  if (value.kind != Node::Kind::mapping || value.count == 0) {
    report.error(value.at, fmt::format("`{}` takes a mapping of names, not {}", field.key,
                                       value.kind == Node::Kind::mapping ? "an empty one" : describe(value)));
    return false;
  }
  for (const Node* key = value.first; key != nullptr; key = key->next->next) {
    if (!key->refused && !check_object(*key->next, field, report)) key->refused = true;
  }
  return true;
}

bool check_claim_path(const Node& value, const Field& field, Report& report) {
  if (value.kind == Node::Kind::mapping && field.object != nullptr) return check_object(value, field, report);
  if (value.kind != Node::Kind::sequence) {
    return check_scalar(value, field, report) && check_text(value, field, report);
  }
  const Field name{.key = field.key, .doc = "the name of a claim"};
  if (value.count == 0) report.error(value.at, fmt::format("`{}` is an empty list", field.key));
  bool good = value.count != 0;
  for (const Node* element = value.first; element != nullptr; element = element->next) {
    good = check_scalar(*element, name, report) && check_text(*element, name, report) && good;
  }
  return good;
}

bool check_one(const Node& value, const Field& field, Report& report) {
  if (value.refused) return false;
  switch (field.type) {
    case Type::json:
      return true;
    case Type::json_object:
    case Type::object:
      return check_object(value, field, report);
    case Type::objects_by_name:
      return check_by_name(value, field, report);
    case Type::claim_path:
      return check_claim_path(value, field, report);
    case Type::boolean:
    case Type::affirmation:
      return check_scalar(value, field, report) && check_boolean(value, field, report);
    case Type::integer:
      return check_scalar(value, field, report) && check_integer(value, field, report);
    case Type::choice:
      return check_scalar(value, field, report) && check_choice(value, field, report);
    case Type::name:
    case Type::secret_name:
      return check_scalar(value, field, report) && check_text(value, field, report) &&
             check_name(value.text, value.at, field.type, report);
    case Type::text:
    case Type::prose:
    case Type::any_text:
    case Type::algorithm:
    case Type::method:
    case Type::url:
    case Type::path_pattern:
    case Type::pattern:
    case Type::host:
    case Type::host_pattern:
      return check_scalar(value, field, report) && check_text(value, field, report);
    case Type::duration:
    case Type::size:
    case Type::time:
    case Type::expression:
    case Type::prefix:
    case Type::port:
    case Type::scalar:
      return check_scalar(value, field, report);
  }
  return false;
}

}  // namespace

bool check_shape(const Node& value, const Field& field, Report& report) {
  if (field.shape == Shape::one || (field.shape == Shape::one_or_list && value.kind != Node::Kind::sequence)) {
    return check_one(value, field, report);
  }
  if (value.refused) return false;
  if (value.kind == Node::Kind::null) return check_scalar(value, field, report);
  if (value.kind != Node::Kind::sequence) {
    report.error(value.at, fmt::format("`{}` takes a list, not {}", field.key, describe(value)),
                 value.is_scalar() ? fmt::format("write `{}: [{}]`", field.key, printable(value.text))
                                   : "each entry begins with `- `");
    return false;
  }
  if (value.count == 0) {
    report.error(value.at, fmt::format("`{}` is an empty list", field.key),
                 "an empty list never means everything: leave the field out, or name something");
    return false;
  }
  for (const Node* element = value.first; element != nullptr; element = element->next) {
    if (!check_one(*element, field, report)) element->refused = true;
  }
  return true;
}

}  // namespace portreeve::load

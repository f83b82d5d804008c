// The field table as JSON Schema (2020-12), for editors, and as Markdown, for people.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/json_text.h"
#include "engine/base/json_value.h"
#include "engine/load/load.h"
#include "engine/load/scalars.h"
#include "engine/load/schema.h"

namespace portreeve::load {
namespace {

using Array = JsonValue::Array;

// Members in the order of writing do not matter: a JsonValue sorts them.
JsonValue object(std::initializer_list<std::pair<std::string_view, JsonValue>> members) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [key, value] : members) out.set(key, value);
  return out;
}

JsonValue words(std::span<const std::string_view> list) {
  Array out;
  for (const std::string_view word : list) {
    out.push_back(is_boolean(word) ? JsonValue(word == "true") : JsonValue(word));
  }
  return out;
}

JsonValue text_like(std::string_view pattern) { return object({{"type", "string"}, {"pattern", pattern}}); }

JsonValue object_schema(const Object& spec);

JsonValue value_schema(const Field& field) {
  const JsonValue non_empty = object({{"type", "string"}, {"minLength", 1}});
  switch (field.type) {
    case Type::text:
    case Type::prose:
    case Type::pattern:
    case Type::expression:
      return non_empty;
    case Type::any_text:
      return object({{"type", "string"}});
    case Type::name:
      return object({{"type", "string"}, {"maxLength", 63}, {"pattern", "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}});
    case Type::secret_name:
      return object({{"type", "string"}, {"maxLength", 63}, {"pattern", "^(?!.*//)[a-z0-9]([a-z0-9./-]*[a-z0-9])?$"}});
    case Type::boolean:
      return object({{"type", "boolean"}});
    case Type::affirmation:
      return object({{"const", true}});
    case Type::integer:
      return object({{"type", "integer"}, {"minimum", 1}});
    case Type::choice:
    case Type::algorithm:
      return object({{"enum", words(field.choices)}});
    case Type::duration:
      return text_like("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$");
    case Type::size:
      return text_like("^[0-9]+([KMGT]iB|[kMGT]?B)$");
    case Type::time:
      return object({{"type", "string"}, {"format", "date-time"}});
    case Type::host:
      return text_like("^(list:[a-z0-9.-]+|(\\*\\*?\\.)?[^*:/\\s]+)$");
    case Type::host_pattern:
      return text_like("^(\\*\\*?\\.)?[^*:/\\s]+$");
    case Type::prefix:
      return text_like("^[0-9a-fA-F.:]+/[0-9]{1,3}$");
    case Type::port:
      return object({{"oneOf", Array{object({{"type", "integer"}, {"minimum", 1}, {"maximum", 65535}}),
                                     text_like("^[0-9]{1,5}(-[0-9]{1,5})?$")}}});
    case Type::method:
      return text_like("^[^a-z\\s]+$");
    case Type::path_pattern:
      return text_like("^/");
    case Type::url:
      return text_like("^https?://");
    case Type::claim_path: {
      Array forms{non_empty, object({{"type", "array"}, {"minItems", 1}, {"items", non_empty}})};
      if (field.object != nullptr) forms.push_back(object_schema(*field.object));
      return object({{"oneOf", std::move(forms)}});
    }
    case Type::scalar:
      return object({{"type", Array{"string", "number", "boolean"}}});
    case Type::json:
      return object({});
    case Type::json_object:
      return object({{"type", "object"}});
    case Type::object: {
      if (field.choices.empty()) return object_schema(*field.object);
      return object({{"oneOf", Array{object({{"enum", words(field.choices)}}), object_schema(*field.object)}}});
    }
    case Type::objects_by_name:
      return object({{"type", "object"}, {"minProperties", 1}, {"additionalProperties", object_schema(*field.object)}});
  }
  return {};
}

JsonValue field_schema(const Field& field) {
  JsonValue one = value_schema(field);
  JsonValue out;
  const JsonValue list = object({{"type", "array"}, {"minItems", 1}, {"items", one}});
  switch (field.shape) {
    case Shape::one:
      out = std::move(one);
      break;
    case Shape::list:
      out = list;
      break;
    case Shape::one_or_list:
      out = object({{"oneOf", Array{std::move(one), list}}});
      break;
  }
  out.set("description",
          field.absent.empty() ? std::string(field.doc) : fmt::format("{} (absent: {})", field.doc, field.absent));
  return out;
}

JsonValue object_schema(const Object& spec) {
  JsonValue properties{JsonValue::Object{}};
  Array required;
  for (const Field& field : spec.fields) {
    properties.set(field.key, field_schema(field));
    if (field.need == Need::required) required.emplace_back(field.key);
  }
  JsonValue out = object({{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}});
  if (!required.empty()) out.set("required", std::move(required));
  if (!spec.may_be_empty) out.set("minProperties", 1);
  if (!spec.exactly_one.empty()) {
    Array forms;
    for (const std::string_view key : spec.exactly_one) forms.push_back(object({{"required", Array{key}}}));
    out.set("oneOf", std::move(forms));
  }
  return out;
}

JsonValue document_schema() {
  Array kind_names, cases;
  for (const KindSpec& kind : all_kinds()) {
    kind_names.emplace_back(kind.name);
    const Field name{.key = "name",
                     .type = kind.kind == Kind::secret ? Type::secret_name : Type::name,
                     .doc = "the document's name"};
    JsonValue spec = object_schema(kind.spec);
    spec.set("description", kind.doc);
    const JsonValue metadata = object({{"type", "object"},
                                       {"additionalProperties", false},
                                       {"required", Array{"name"}},
                                       {"properties", object({{"name", field_schema(name)}})}});
    const JsonValue is_kind = object({{"properties", object({{"kind", object({{"const", kind.name}})}})}});
    cases.push_back(
        object({{"if", is_kind},
                {"then", object({{"properties", object({{"metadata", metadata}, {"spec", std::move(spec)}})}})}}));
  }
  return object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"$id", "urn:portreeve:schema:v1"},
                 {"title", "A document of a Portreeve policy set"},
                 {"type", "object"},
                 {"required", Array{"apiVersion", "kind", "metadata", "spec"}},
                 {"additionalProperties", false},
                 {"properties", object({{"apiVersion", object({{"const", kApiVersion}})},
                                        {"kind", object({{"enum", std::move(kind_names)}})},
                                        {"metadata", object({{"type", "object"}})},
                                        {"spec", object({{"type", "object"}})}})},
                 {"allOf", std::move(cases)}});
}

std::string_view type_in_words(Type type) {
  switch (type) {
    case Type::text:
    case Type::prose:
    case Type::any_text:
      return "text";
    case Type::name:
    case Type::secret_name:
      return "name";
    case Type::boolean:
      return "`true` or `false`";
    case Type::affirmation:
      return "`true`";
    case Type::integer:
      return "whole number";
    case Type::choice:
    case Type::algorithm:
      return "word";
    case Type::duration:
      return "duration";
    case Type::size:
      return "size";
    case Type::time:
      return "time";
    case Type::expression:
      return "CEL";
    case Type::host:
      return "host pattern or `list:NAME`";
    case Type::host_pattern:
      return "host pattern";
    case Type::prefix:
      return "prefix";
    case Type::port:
      return "port or range";
    case Type::method:
      return "method";
    case Type::pattern:
      return "pattern";
    case Type::path_pattern:
      return "path pattern";
    case Type::url:
      return "URL";
    case Type::claim_path:
      return "claim path";
    case Type::scalar:
      return "text, number or boolean";
    case Type::json:
      return "anything";
    case Type::json_object:
      return "mapping";
    case Type::object:
      return "mapping";
    case Type::objects_by_name:
      return "mapping of names";
  }
  return "";
}

std::string type_of(const Field& field) {
  std::string what(type_in_words(field.type));
  if (!field.choices.empty()) {
    std::string choices;
    for (const std::string_view word : field.choices)
      choices += fmt::format("{}`{}`", choices.empty() ? "" : ", ", word);
    what = field.object == nullptr ? choices : choices + " or a mapping";
  }
  if (field.shape == Shape::list) return "list of " + what;
  return field.shape == Shape::one_or_list ? what + ", or a list" : what;
}

std::string_view absence_of(const Field& field, const Object& spec) {
  if (field.need == Need::required) return "required";
  if (std::ranges::find(spec.exactly_one, field.key) != spec.exactly_one.end()) return "one of these";
  return field.absent;
}

void write_table(const Object& spec, std::string_view title, std::string& out) {
  if (spec.fields.empty()) return;
  out += fmt::format("\n**`{}`**\n\n| field | value | where absent | |\n|---|---|---|---|\n", title);
  for (const Field& field : spec.fields) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", field.key, type_of(field), absence_of(field, spec), field.doc);
  }
  if (!spec.exactly_one.empty()) {
    std::string keys;
    for (const std::string_view key : spec.exactly_one) keys += fmt::format("{}`{}`", keys.empty() ? "" : ", ", key);
    out += fmt::format("\nExactly one of {}.\n", keys);
  }
  const Object* last = nullptr;  // of fields that share one object, it is shown once
  for (const Field& field : spec.fields) {
    if (field.object == nullptr || field.object == last) continue;
    last = field.object;
    write_table(*field.object, field.object->title, out);
  }
}

}  // namespace

std::string json_schema() { return to_indented_json(document_schema()); }

std::string json_schema_of(const Object& file, std::string_view id, std::string_view title) {
  JsonValue schema = object_schema(file);
  schema.set("$schema", "https://json-schema.org/draft/2020-12/schema");
  schema.set("$id", id);
  schema.set("title", title);
  return to_indented_json(schema);
}

std::string field_reference_of(const Object& file, std::string_view title) {
  std::string out;
  write_table(file, title, out);
  return out;
}

std::string field_reference(std::string_view kind) {
  for (const KindSpec& spec : all_kinds()) {
    if (spec.name != kind) continue;
    std::string out = fmt::format("{}\n", spec.doc);
    write_table(spec.spec, "spec", out);
    return out;
  }
  return {};
}

std::vector<std::string_view> kinds() {
  std::vector<std::string_view> out;
  for (const KindSpec& spec : all_kinds()) out.push_back(spec.name);
  return out;
}

}  // namespace portreeve::load

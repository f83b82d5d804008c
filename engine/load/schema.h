// The one table of what a policy document may hold. It drives the reader, the suggestions, the JSON Schema and the
// reference page; a field that is not in it does not exist.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace portreeve::load {

// What one value is. Shapes are checked by Fields; what stands behind them (a known role, a public suffix) by the
// readers.
enum class Type : std::uint8_t {
  text,         // non-empty, one line
  prose,        // as text, any number of lines
  any_text,     // as text, or empty
  name,         // of a document or rule
  secret_name,  // as name, `/` too
  boolean,
  affirmation,  // `true`; absent is the other
  integer,      // at least 1
  choice,       // one of Field::choices
  algorithm,    // as choice; the reader says more of those it refuses
  duration,
  size,
  time,
  expression,  // CEL
  host,        // a host pattern, or `list:NAME`
  host_pattern,
  prefix,
  port,  // a number, or `first-last`
  method,
  pattern,       // glob or `/re:…/`
  path_pattern,  // as pattern, absolute
  url,
  claim_path,  // dotted text, or a list of names
  scalar,      // text, number or boolean
  json,        // anything
  json_object,
  object,  // Field::object, or where there are choices one of those words
  objects_by_name,
};

enum class Shape : std::uint8_t { one, list, one_or_list };
enum class Need : std::uint8_t { optional, required };

struct Object;

struct Field {
  std::string_view key;
  Type type = Type::text;
  Shape shape = Shape::one;
  Need need = Need::optional;
  std::string_view doc;          // one line, as the reference shows it
  std::string_view absent = {};  // what it means that an optional field is not written, as the reference shows it
  std::span<const std::string_view> choices = {};
  const Object* object = nullptr;
};

struct Object {
  std::string_view title;
  std::span<const Field> fields;
  std::span<const std::string_view> exactly_one = {};  // of these keys
  bool may_be_empty = false;
};

enum class Kind : std::uint8_t {
  identity_provider,
  role,
  role_binding,
  role_constraint,
  list,
  entities,
  internal_service,
  secret,
  egress_policy,
  secret_policy,
  execution_policy,
  access_policy,
  policy_test,
};
inline constexpr std::size_t kKinds = 13;

struct KindSpec {
  Kind kind;
  std::string_view name;
  std::string_view doc;
  const Object& spec;
};

inline constexpr std::string_view kApiVersion = "portreeve/v1";

// Every kind, in the order of the enumeration (what later kinds refer to stands before them).
std::span<const KindSpec> all_kinds();
const KindSpec& spec_of(Kind kind);

// The JSON Schema (2020-12) of a file that holds one such object and is no policy, and its fields as Markdown tables.
std::string json_schema_of(const Object& file, std::string_view id, std::string_view title);
std::string field_reference_of(const Object& file, std::string_view title);

}  // namespace portreeve::load

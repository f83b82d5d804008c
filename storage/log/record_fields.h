// What of a record is searched, counted and ordered by.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/reader/json_reader.h"

namespace portreeve::storage {

// The columns of the index, all of them texts. `texts` holds, a line each, every other text of the record that someone
// may look for: the rule's own words, addresses, paths, models, dialled addresses, details; no ids, times and boots.
enum class Field : std::uint8_t {
  kind,
  decision,  // `allow` or `deny`
  reason,
  action,
  resource_type,
  resource,
  host,  // lower case
  subject,
  session,
  tenant,
  rules,  // a line each
  revision,
  pep,    // the gate that asked or reported
  event,  // what a gate reports
  texts,
};
inline constexpr std::size_t kFieldCount = 15;

// A value is cut to so many bytes, in the index and in a filter alike: names and ids are far shorter, and what is
// longer is found by its beginning.
inline constexpr std::size_t kFieldBytes = 2048;

// As the API names it: `resourceType`, `rule`, `text`.
std::string_view to_text(Field field);

// One record's fields. A field that is empty is one that the record does not have.
struct RecordFields {
  std::int64_t time_millis = 0;  // the PDP's clock
  std::array<std::string, kFieldCount> values;
  std::string decision_id;  // the decision's own, or the one that the record is about
  struct Delivery {         // of what gates report
    std::string gate;
    std::string boot;
    std::int64_t seq = 0;
  };
  std::optional<Delivery> delivery;

  std::string& operator[](Field field) { return values[static_cast<std::size_t>(field)]; }
  const std::string& operator[](Field field) const { return values[static_cast<std::size_t>(field)]; }
};

// Reads them. Total: a record that is no JSON has the kind `unreadable` and nothing else, so that it is seen and stops
// nothing. An admin's deed has its actor as subject, its target as resource.
RecordFields read_fields(reader::JsonReader& json, std::string_view bytes);

}  // namespace portreeve::storage

// Reads mappings by the field table: unknown keys, missing keys and wrong shapes are told here, once for all kinds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/load/report.h"
#include "engine/load/schema.h"
#include "engine/load/yaml_tree.h"
#include "engine/model/identity_provider.h"

namespace portreeve::load {

// The fields of one mapping. Values of the wrong shape are reported and from then on absent. Borrows everything.
class Fields {
 public:
  // Reports all that the table alone can tell. `node` may be anything.
  Fields(const Node& node, const Object& object, Report& report);

  At at() const { return node_.at; }
  Report& report() const { return report_; }

  // Written, be it rightly or not.
  bool has(std::string_view key) const { return slot(key).key != nullptr; }
  // The place of the key; the mapping's where it is absent.
  At at(std::string_view key) const;
  // The value, or nullptr where it is absent or of the wrong shape.
  const Node* find(std::string_view key) const { return slot(key).value; }
  // The elements of a list (of one_or_list also the one value) that have the right shape.
  std::vector<const Node*> list(std::string_view key) const;

  // The mapping under the key, read by the field's object; nullopt where it is absent, of the wrong shape, or a word.
  std::optional<Fields> nested(std::string_view key) const;

  // Absent, or reported: nullopt.
  std::optional<std::string> text(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::optional<std::vector<std::string>> optional_texts(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  bool affirmed(std::string_view key) const { return find(key) != nullptr; }
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<Seconds> duration(std::string_view key) const;
  std::optional<std::int64_t> size(std::string_view key) const;
  std::optional<Timestamp> time(std::string_view key) const;
  std::optional<model::ClaimPath> claim_path(std::string_view key) const;
  // The place of the word in the field's choices.
  std::optional<std::size_t> choice(std::string_view key) const;
  // An object or null.
  JsonValue json(std::string_view key) const;

 private:
  static constexpr std::size_t kMostFields = 32;
  struct Slot {
    const Node* key = nullptr;
    const Node* value = nullptr;
  };
  void read_entries();
  void check_presence();
  void check_exactly_one();
  std::size_t index(std::string_view key) const;
  const Slot& slot(std::string_view key) const { return slots_[index(key)]; }

  const Node& node_;
  const Object& object_;
  Report& report_;
  std::array<Slot, kMostFields> slots_{};
};

// `a`, `b` or `c`.
std::string alternatives(std::span<const std::string_view> words);
std::vector<std::string_view> keys_of(const Object& object);

// Reports a value that does not have its field's shape. Elements that have not are marked as refused; the list then
// counts as having it.
bool check_shape(const Node& value, const Field& field, Report& report);

// Reports a name that is not `[a-z0-9]([a-z0-9.-]*[a-z0-9])?` of at most 63 bytes; Secrets' may hold `/`.
bool check_name(std::string_view name, At at, Type type, Report& report);

// The dotted or listed form. Reports empty names.
std::optional<model::ClaimPath> read_claim_path(const Node& node, Report& report);

// Any YAML value as JSON: `true`, `false`, `null`, whole and decimal numbers; every other plain text is a string.
// Reports what other readers of YAML take for something else: `yes`, `0x1F`, `007`.
JsonValue to_json(const Node& node, Report& report);

}  // namespace portreeve::load

// A policy file as a tree with places: what is left of YAML once everything that is not plain data has been refused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/load/report.h"

namespace portreeve::load {

// One key, value or container. Children are a list by `next`; of a mapping they are key, value, key, value.
struct Node {
  enum class Kind : std::uint8_t { null, plain, quoted, sequence, mapping };
  Kind kind = Kind::null;
  // Told already (an alias, a repeated key, an element of the wrong shape): not to be read, nor complained of again.
  mutable bool refused = false;
  At at;
  std::uint32_t offset = 0;  // of the first byte, in the file
  std::uint32_t count = 0;   // elements of a sequence, entries of a mapping
  std::string_view text;     // of a scalar, decoded
  const Node* first = nullptr;
  const Node* next = nullptr;

  bool is_scalar() const { return kind == Kind::plain || kind == Kind::quoted; }
};

// `a mapping`, `a list`, `null`, `a string`, …: what a message calls the node.
std::string_view describe(const Node& node);

// The documents of one file. Nodes and their texts live as long as this and the file's bytes.
struct YamlFile {
  std::vector<const Node*> documents;  // empty ones left out
  std::deque<Node> nodes;
  std::deque<std::string> texts;
  bool well_formed = false;  // false: documents end where the file stopped making sense
};

// Reads one file of the set, and reports all that is not plain data: ill-formed YAML, anchors, aliases, tags, merge and
// repeated keys, keys that are no scalars, control characters, ill-formed UTF-8, and what is over a bound. A byte order
// mark is passed over. `nodes_left` is the set's budget. Any bytes may be given.
YamlFile read_yaml(std::uint32_t file, Report& report, std::size_t& nodes_left);

// The place of byte `offset` of a scalar's decoded text: exact within a plain, quoted, literal or folded scalar, as
// what is no white space stands in the file in the same order.
At place_within(const Node& scalar, std::size_t offset, std::string_view file_bytes);

}  // namespace portreeve::load

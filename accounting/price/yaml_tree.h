// A YAML document as a small tree with places. Internal; the one place that knows yaml-cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/diagnostic.h"

namespace portreeve::accounting {

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  SourcePlace place;
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<std::pair<YamlNode, YamlNode>> members;  // in the document's order, each key once
};

struct YamlTree {
  YamlNode root;
  std::vector<Diagnostic> errors;  // not empty: `root` is not to be used
};

// Reads one document. Anchors, aliases, tags, duplicate keys, keys that are no scalars, and anything beyond the bounds
// of limits.h are errors. Never throws.
YamlTree read_yaml(std::string_view text, const std::string& file);

}  // namespace portreeve::accounting

// The texts and patterns that rules list, back to back in one array.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/access.h"
#include "engine/model/source.h"
#include "engine/pattern/pattern.h"

namespace portreeve::compile {

// Where a list stands in its pool; kNoList where the rule has none.
using ListId = std::uint32_t;
inline constexpr ListId kNoList = 0;

// Lists of what a value may be. A look-up walks one list's bytes and nothing else; only of regular expressions does it
// look at the model. Borrows those from the policy set. Filled, then only read: const use is thread-safe.
class MatchPool {
 public:
  ListId add(const std::optional<std::vector<std::string>>& texts);
  ListId add(const std::optional<std::vector<model::Reference>>& names);
  ListId add(const std::optional<std::vector<pattern::Pattern>>& patterns);
  ListId add(const std::optional<std::vector<model::ResourceMatch>>& resources);

  // True where an element of the list covers the whole of `text`. Requires: a list, not of resources.
  bool matches(ListId list, std::string_view text) const;
  // Requires: a list of resources.
  bool matches(ListId list, std::string_view type, std::string_view id) const;

  void compact() { bytes_.shrink_to_fit(); }

 private:
  enum class Kind : std::uint8_t { literal, glob, regex, any };
  struct Element {
    Kind kind;
    std::string_view text;  // of an expression its place in expressions_
  };
  class Reader;

  ListId begin(std::size_t elements);
  void push(Kind kind, std::string_view text);
  void push(const pattern::Pattern& pattern);
  void push_number(std::size_t number);
  bool covers(const Element& element, std::string_view text) const;

  std::vector<char> bytes_{'\0'};  // the first is no list
  std::vector<const pattern::Pattern*> expressions_;
};

}  // namespace portreeve::compile

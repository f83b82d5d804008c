// The texts and patterns that rules list, back to back in one array.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/frozen_array.h"
#include "engine/model/access.h"
#include "engine/pattern/pattern.h"

namespace portreeve::compile {

// Where a list stands in its pool; kNoList where the rule has none.
using ListId = std::uint32_t;
inline constexpr ListId kNoList = 0;

// Lists of what a value may be, equal ones once. A look-up walks one list's bytes and, of regular expressions, the
// compiled expression. Made by its Builder, immutable: const use is thread-safe.
class MatchPool {
 public:
  class Builder;

  // True where an element of the list covers the whole of `text`. Requires: a list, not of resources. Hot path: it
  // allocates nothing but what RE2 may.
  bool matches(ListId list, std::string_view text) const;
  // Requires: a list of resources.
  bool matches(ListId list, std::string_view type, std::string_view id) const;

  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    visit(bytes_);
  }

 private:
  enum class Kind : std::uint8_t { literal, subtree, glob, regex, any };  // subtree: `DIR/**`
  struct Element {
    Kind kind;
    std::string_view text;     // of a literal, a glob; DIR of a subtree
    std::uint32_t expression;  // of a regex: its place in expressions_
  };
  class Reader;
  bool covers(const Element& element, std::string_view text) const;

  FrozenArray<char> bytes_;
  std::vector<pattern::Pattern> expressions_;  // each once
};

// Gathers lists. Moves; one thread.
class MatchPool::Builder {
 public:
  Builder() : bytes_(1) {}  // the first is no list

  ListId add(const std::vector<std::string>& texts);
  ListId add(const std::vector<pattern::Pattern>& patterns);
  ListId add(const std::vector<model::ResourceMatch>& resources);
  template <class T>
  ListId add(const std::optional<std::vector<T>>& list) {
    return list ? add(*list) : kNoList;
  }
  MatchPool build() &&;

 private:
  void begin(std::size_t elements);
  void push(Kind kind, std::string_view text);
  void push(const pattern::Pattern& pattern);
  // The list just pushed, or the one before that is equal to it.
  ListId end();

  std::vector<char> bytes_;
  std::vector<pattern::Pattern> expressions_;
  std::vector<char> list_;  // being pushed
  std::map<std::vector<char>, ListId> known_lists_;
  std::map<std::string, std::uint32_t> known_expressions_;
};

}  // namespace portreeve::compile

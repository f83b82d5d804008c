// From a text to the numbers filed under it, in memory that a look-up walks in two steps.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/frozen_array.h"

namespace portreeve::index {

// An open table of hashes into one array of bytes, where each text stands with its numbers: a text that is not there
// costs one cache line, one that is there two or three. Equality is of the bytes, whatever the hashes say. Made by its
// Builder, immutable: const use is thread-safe.
class Postings {
 public:
  class Builder;

  // Calls `visit` with each number filed under `text`, in the order of adding. Allocates nothing. Hot path.
  template <class Visit>
  void for_each(std::string_view text, Visit visit) const {
    if (slots_.empty()) return;
    Entry entry = entry_of(text);
    for (; entry.count > 0; --entry.count, entry.numbers += sizeof(std::uint32_t)) visit(number_at(entry.numbers));
  }
  // The first number filed under `text`, if any is.
  std::optional<std::uint32_t> first(std::string_view text) const {
    if (slots_.empty()) return std::nullopt;
    const Entry entry = entry_of(text);
    return entry.count == 0 ? std::nullopt : std::optional(number_at(entry.numbers));
  }
  bool contains(std::string_view text) const { return first(text).has_value(); }
  bool empty() const { return slots_.empty(); }
  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    visit(slots_);
    visit(bytes_);
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;    // of the hash
    std::uint32_t place = 0;  // of the entry, plus one; 0: free
  };
  struct Entry {
    std::uint32_t count = 0;
    const std::uint8_t* numbers = nullptr;
  };

  static std::uint32_t number_at(const std::uint8_t* bytes) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes, sizeof number);
    return number;
  }
  static std::uint64_t hash_of(std::string_view text);
  static std::size_t first_slot(std::uint64_t hash, std::size_t slots);
  // Of no numbers where the text is not there. Requires: some slots.
  Entry entry_of(std::string_view text) const;

  FrozenArray<Slot> slots_;          // some of them free
  FrozenArray<std::uint8_t> bytes_;  // an entry: the text's length, how many numbers, these, the text
};

// Gathers what is filed. Moves; one thread.
class Postings::Builder {
 public:
  void add(std::string_view text, std::uint32_t number);
  // Cost: sorting what was added.
  Postings build() &&;

 private:
  struct Added {
    std::uint64_t hash;
    std::uint32_t text_at, text_length;
    std::uint32_t number;
  };
  std::string_view text_of(const Added& added) const { return {texts_.data() + added.text_at, added.text_length}; }

  std::vector<char> texts_;
  std::vector<Added> added_;
};

}  // namespace portreeve::index

// From a text to the ids filed under it, in memory that a look-up walks in two steps.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace portreeve::index {

using EntryId = std::uint32_t;

// An open table of hashes into one array, where each text's length, ids and bytes stand together: a text that is not
// there costs one cache line, one that is there two or three. Equality is of the bytes, whatever the hashes say.
// Filled, then only read: const use is thread-safe.
class Postings {
 public:
  void add(std::string_view text, EntryId id);
  // Drops what growing left over. Worth its time once, after the last add.
  void compact();

  // Appends the ids filed under `text`, in the order of adding. Allocates only where `out` grows.
  void find(std::string_view text, std::vector<EntryId>& out) const {
    if (used_ == 0) return;
    const std::uint32_t* entry = entry_of(text);
    if (entry != nullptr) out.insert(out.end(), ids(entry), ids(entry) + entry[kCount]);
  }
  // Nullptr where nothing is filed under `text`, else the first id.
  const EntryId* first(std::string_view text) const {
    const std::uint32_t* entry = used_ == 0 ? nullptr : entry_of(text);
    return entry == nullptr ? nullptr : ids(entry);
  }
  bool contains(std::string_view text) const { return first(text) != nullptr; }
  bool empty() const { return used_ == 0; }

 private:
  // An entry is these three words, `room` words for ids, and the text's bytes.
  static constexpr std::size_t kLength = 0, kRoom = 1, kCount = 2, kHead = 3;
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t place = 0;  // of the entry, plus one; 0: free
  };

  static std::uint64_t hash_of(std::string_view text);
  static const EntryId* ids(const std::uint32_t* entry) { return entry + kHead; }
  static std::string_view text_of(const std::uint32_t* entry) {
    return {reinterpret_cast<const char*>(entry + kHead + entry[kRoom]), entry[kLength]};
  }
  const std::uint32_t* entry_of(std::string_view text) const;
  // Where the text's slot is, or the free one where it would be. Requires: a free slot.
  std::size_t slot_of(std::string_view text, std::uint64_t hash) const;
  static std::uint32_t append_entry(std::vector<std::uint32_t>& words, std::string_view text, const EntryId* ids,
                                    std::uint32_t count, std::uint32_t room);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half of them used
  std::vector<std::uint32_t> words_;
  std::size_t used_ = 0;
};

}  // namespace portreeve::index

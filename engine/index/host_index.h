// From a host name to the patterns that match it, without looking at the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/index/postings.h"
#include "engine/net/host_name.h"
#include "engine/net/host_pattern.h"

namespace portreeve::index {

// A hash of a text key that is looked up by view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// Filled, then only read: const use is thread-safe.
class HostIndex {
 public:
  void add(const net::HostPattern& pattern, EntryId id);
  void compact();  // as Postings

  // Appends the ids of all patterns that match, in no order, possibly more than once. Cost: one look-up a label, and
  // the ids found; allocates only where `out` grows.
  void find(const net::HostName& name, std::vector<EntryId>& out) const;
  // True where some pattern matches. Allocates nothing.
  bool contains(const net::HostName& name) const;

 private:
  Postings exact_;
  Postings one_label_;  // by suffix
  Postings any_depth_;  // by suffix
};

}  // namespace portreeve::index

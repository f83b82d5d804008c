#include "engine/index/prefix_index.h"

#include <algorithm>

namespace portreeve::index {

void PrefixIndex::add(const net::IpPrefix& prefix, EntryId id) {
  entries_[prefix].push_back(id);
  std::vector<int>& lengths = prefix.is_v4() ? v4_lengths_ : v6_lengths_;
  const auto at = std::ranges::lower_bound(lengths, prefix.length());
  if (at == lengths.end() || *at != prefix.length()) lengths.insert(at, prefix.length());
}

void PrefixIndex::find(net::IpAddress address, std::vector<EntryId>& out) const {
  for (const int length : address.is_v4() ? v4_lengths_ : v6_lengths_) {
    const auto at = entries_.find(net::IpPrefix::masked(address, length));
    if (at != entries_.end()) out.insert(out.end(), at->second.begin(), at->second.end());
  }
}

}  // namespace portreeve::index

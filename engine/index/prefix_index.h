// From an address to the prefixes that contain it, without looking at the others.
#pragma once

#include <unordered_map>
#include <vector>

#include "engine/index/host_index.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::index {

// Filled, then only read: const use is thread-safe.
class PrefixIndex {
 public:
  void add(const net::IpPrefix& prefix, EntryId id);

  // Appends the ids of all prefixes that contain the address, in no order, possibly more than once. Cost: one look-up
  // for each length in use, and the ids found; allocates only where `out` grows.
  void find(net::IpAddress address, std::vector<EntryId>& out) const;

  bool empty() const { return entries_.empty(); }

 private:
  std::unordered_map<net::IpPrefix, std::vector<EntryId>> entries_;
  std::vector<int> v4_lengths_, v6_lengths_;  // in use, sorted
};

}  // namespace portreeve::index

// From an address to the prefixes that contain it, without looking at the others.
#pragma once

#include <vector>

#include "engine/index/hit.h"
#include "engine/index/postings.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::index {

// Made by its Builder, immutable: const use is thread-safe.
class PrefixIndex {
 public:
  class Builder;

  // Appends all prefixes that contain the address, each hit certain, in no order, possibly more than once. Cost: one
  // look-up for each length in use, and the hits; allocates only where `out` grows. Hot path.
  void find(net::IpAddress address, std::vector<Hit>& out) const;
  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    by_network_.for_each_array(visit);
  }

 private:
  Postings by_network_;                       // by the prefix's bytes
  std::vector<int> v4_lengths_, v6_lengths_;  // in use, sorted
};

class PrefixIndex::Builder {
 public:
  void add(const net::IpPrefix& prefix, EntryId id);
  PrefixIndex build() &&;

 private:
  Postings::Builder by_network_;
  std::vector<int> v4_lengths_, v6_lengths_;
};

}  // namespace portreeve::index

// From a host name to the patterns that match it, without looking at the others.
#pragma once

#include <vector>

#include "engine/index/depth_set.h"
#include "engine/index/hit.h"
#include "engine/index/postings.h"
#include "engine/net/host_name.h"
#include "engine/net/host_pattern.h"

namespace portreeve::index {

// Made by its Builder, immutable: const use is thread-safe.
class HostIndex {
 public:
  class Builder;

  // Appends all patterns that match, each hit certain, in no order, possibly more than once. Cost: one look-up for each
  // number of labels that some pattern has, and the hits; allocates only where `out` grows. Hot path.
  void find(const net::HostName& name, std::vector<Hit>& out) const;
  // True where some pattern matches. Allocates nothing.
  bool contains(const net::HostName& name) const;
  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    exact_.for_each_array(visit);
    one_label_.for_each_array(visit);
    any_depth_.for_each_array(visit);
  }

 private:
  Postings exact_;
  Postings one_label_;  // by suffix
  Postings any_depth_;  // by suffix
  DepthSet depths_;     // of any_depth_: how many labels its suffixes have
};

class HostIndex::Builder {
 public:
  void add(const net::HostPattern& pattern, EntryId id);
  HostIndex build() &&;

 private:
  Postings::Builder exact_, one_label_, any_depth_;
  DepthSet depths_;
};

}  // namespace portreeve::index

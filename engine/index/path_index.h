// From a path to the patterns that may match it: literals exactly, globs and expressions by the directory they begin
// with.
#pragma once

#include <string_view>
#include <vector>

#include "engine/index/depth_set.h"
#include "engine/index/hit.h"
#include "engine/index/postings.h"
#include "engine/pattern/pattern.h"

namespace portreeve::index {

// Made by its Builder, immutable: const use is thread-safe.
class PathIndex {
 public:
  class Builder;

  // Appends every pattern that matches, in no order, possibly more than once: literals equal to `path` and `DIR/**`
  // where it is DIR or below, certain; others whose literal directory is `path` or above it, possible. Cost: one
  // look-up a segment, and the hits; allocates only where `out` grows. Hot path.
  void find(std::string_view path, std::vector<Hit>& out) const;
  // Calls `visit` with each array, to be moved into a region.
  template <class Visit>
  void for_each_array(Visit visit) {
    literals_.for_each_array(visit);
    below_.for_each_array(visit);
  }

 private:
  Postings literals_;
  Postings below_;   // by directory, without a trailing slash; "" where it is the root or not known
  DepthSet depths_;  // of below_: how many slashes its directories have
};

class PathIndex::Builder {
 public:
  void add(const pattern::Pattern& pattern, EntryId id);
  PathIndex build() &&;

 private:
  Postings::Builder literals_, below_;
  DepthSet depths_;
};

}  // namespace portreeve::index

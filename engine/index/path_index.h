// From a path to the patterns that may match it: literals exactly, globs and expressions by the directory they begin
// with.
#pragma once

#include <string_view>
#include <vector>

#include "engine/index/postings.h"
#include "engine/pattern/pattern.h"

namespace portreeve::index {

// Filled, then only read: const use is thread-safe.
class PathIndex {
 public:
  void add(const pattern::Pattern& pattern, EntryId id);
  void compact();  // as Postings

  // Appends a superset of the ids whose pattern matches, in no order, possibly more than once: all literals equal to
  // `path`, all others whose literal directory is `path` or above it. Cost: one look-up a segment, and the ids found;
  // allocates only where `out` grows.
  void find(std::string_view path, std::vector<EntryId>& out) const;

 private:
  Postings literals_;
  Postings below_;  // by directory, without a trailing slash; "" where it is the root or not known
};

}  // namespace portreeve::index

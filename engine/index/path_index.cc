#include "engine/index/path_index.h"

namespace portreeve::index {
namespace {

// The directory in or below which everything lies that the pattern matches; empty where none is known but the root.
std::string_view directory_of(const pattern::Pattern& pattern) {
  const std::string_view prefix = pattern.literal_prefix();
  if (pattern.kind() == pattern::PatternKind::glob) {
    const std::string_view rest = std::string_view(pattern.text()).substr(prefix.size());
    if (rest.starts_with("/**")) return prefix;  // also covers the directory itself
  }
  const std::size_t slash = prefix.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : prefix.substr(0, slash);
}

}  // namespace

void PathIndex::add(const pattern::Pattern& pattern, EntryId id) {
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      literals_.add(pattern.text(), id);
      return;
    case pattern::PatternKind::glob:
    case pattern::PatternKind::regex:
      below_.add(directory_of(pattern), id);
      return;
  }
}

void PathIndex::compact() {
  literals_.compact();
  below_.compact();
}

void PathIndex::find(std::string_view path, std::vector<EntryId>& out) const {
  literals_.find(path, out);
  if (below_.empty()) return;
  below_.find(path, out);
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    below_.find(path.substr(0, slash), out);
  }
  if (!path.empty()) below_.find("", out);
}

}  // namespace portreeve::index

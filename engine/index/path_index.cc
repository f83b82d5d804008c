#include "engine/index/path_index.h"

#include <utility>

namespace portreeve::index {
namespace {

struct Directory {
  std::string_view path;  // in or below which everything lies that the pattern matches; empty where only the root is
  bool whole = false;     // and all that lies there matches, the directory as well
};

Directory directory_of(const pattern::Pattern& pattern) {
  const std::string_view prefix = pattern.literal_prefix();
  if (pattern.kind() == pattern::PatternKind::glob) {
    const std::string_view rest = std::string_view(pattern.text()).substr(prefix.size());
    if (rest.starts_with("/**")) return {prefix, rest == "/**" && !prefix.empty()};
  }
  const std::size_t slash = prefix.rfind('/');
  return {slash == std::string_view::npos ? std::string_view{} : prefix.substr(0, slash)};
}

}  // namespace

void PathIndex::Builder::add(const pattern::Pattern& pattern, EntryId id) {
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      literals_.add(pattern.text(), Hit(id, Hit::Certainty::certain).bits());
      return;
    case pattern::PatternKind::glob:
    case pattern::PatternKind::regex: {
      const Directory directory = directory_of(pattern);
      const auto certainty = directory.whole ? Hit::Certainty::certain : Hit::Certainty::possible;
      below_.add(directory.path, Hit(id, certainty).bits());
      return;
    }
  }
}

PathIndex PathIndex::Builder::build() && {
  PathIndex out;
  out.literals_ = std::move(literals_).build();
  out.below_ = std::move(below_).build();
  return out;
}

void PathIndex::find(std::string_view path, std::vector<Hit>& out) const {
  const auto append = [&](std::uint32_t bits) { out.push_back(Hit::from_bits(bits)); };
  literals_.for_each(path, append);
  if (below_.empty()) return;
  below_.for_each(path, append);
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    below_.for_each(path.substr(0, slash), append);
  }
  if (!path.empty()) below_.for_each("", append);
}

}  // namespace portreeve::index

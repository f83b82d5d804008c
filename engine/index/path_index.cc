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
      depths_.add(count_of('/', directory.path));
      return;
    }
  }
}

PathIndex PathIndex::Builder::build() && {
  PathIndex out;
  out.literals_ = std::move(literals_).build();
  out.below_ = std::move(below_).build();
  out.depths_ = depths_;
  return out;
}

void PathIndex::find(std::string_view path, std::vector<Hit>& out) const {
  const auto append = [&](std::uint32_t bits) { out.push_back(Hit::from_bits(bits)); };
  literals_.for_each(path, append);
  if (below_.empty() || path.empty()) return;
  std::size_t slashes = count_of('/', path);
  for (std::string_view directory = path; !directory.empty(); --slashes) {
    if (depths_.contains(slashes)) below_.for_each(directory, append);
    if (slashes == 0) break;
    directory = directory.substr(0, directory.rfind('/'));
  }
  if (depths_.contains(0)) below_.for_each("", append);
}

}  // namespace portreeve::index

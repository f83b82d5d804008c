#include "engine/load/path_overlap.h"

#include <algorithm>
#include <string>

#include "engine/pattern/glob.h"

namespace portreeve::load {
namespace {

std::string_view take_segment(std::string_view& rest) {
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

// One text begins the other.
bool are_prefixes(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

bool glob_may_match_below(std::string_view glob, std::string_view folder) {
  if (folder == "/") return true;
  while (!folder.empty()) {
    if (glob.empty()) return false;  // matches a folder above only
    const std::string_view wanted = take_segment(glob);
    const std::string_view actual = take_segment(folder);
    if (const std::size_t deep = wanted.find("**"); deep != std::string_view::npos) {
      return are_prefixes(wanted.substr(0, wanted.find('*')), actual);
    }
    if (!pattern::glob_matches(wanted, actual)) return false;
  }
  return true;
}

}  // namespace

bool may_match_below(const pattern::Pattern& pattern, std::string_view folder) {
  const std::string_view text = pattern.text();
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      return folder == "/" || text == folder || (text.starts_with(folder) && text[folder.size()] == '/');
    case pattern::PatternKind::glob:
      return glob_may_match_below(text, folder);
    case pattern::PatternKind::regex:
      return are_prefixes(pattern.literal_prefix(), folder == "/" ? "/" : std::string(folder) + "/");
  }
  return true;
}

}  // namespace portreeve::load

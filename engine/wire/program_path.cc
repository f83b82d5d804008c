#include "engine/wire/program_path.h"

#include <algorithm>

namespace portreeve::wire {

bool is_clean_path(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty() || segment == "." || segment == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool is_dynamic_loader(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with("ld")) return false;
  const std::size_t library = name.find(".so");
  if (library == std::string_view::npos) return false;
  const std::string_view stem = name.substr(2, library - 2);
  const std::string_view version = name.substr(library + 3);
  const bool versioned = version.empty() || version.front() == '.';
  const bool loader_stem = stem.empty() || stem.front() == '-' || stem == "64" || stem == "32";
  return versioned && loader_stem;
}

}  // namespace portreeve::wire

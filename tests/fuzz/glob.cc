// Patterns over paths. Lines: a pattern, a folder, a text. Globs match as their slow twin does; what an index or the
// checker believes of a pattern holds of what it matches.
#include "engine/pattern/glob.h"

#include <string>

#include "engine/load/path_overlap.h"
#include "engine/pattern/pattern.h"
#include "engine/wire/program_path.h"
#include "tests/engine/pattern/slow_glob.h"
#include "tests/fuzz/input.h"

namespace {

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const auto [written, folder, text] = as_lines<3>(data, size);
  const bool small = written.size() <= 20 && text.size() <= 20;  // the twin is exponential
  const bool plain = written.find("***") == std::string_view::npos;
  if (small && plain) CHECK(pattern::glob_matches(written, text) == pattern::slow_matches(written, text, true));

  const auto parsed = pattern::Pattern::parse(written);
  if (!parsed) {
    CHECK(!parsed.error().message.empty());
    return 0;
  }
  const bool matches = parsed->matches(text);
  if (matches) CHECK(text.starts_with(parsed->literal_prefix()));
  switch (parsed->kind()) {
    case pattern::PatternKind::literal:
      CHECK(matches == (text == written) && parsed->literal_prefix() == written);
      break;
    case pattern::PatternKind::glob:
      CHECK(matches == pattern::glob_matches(written, text));
      break;
    case pattern::PatternKind::regex:
      break;
  }
  if (!wire::is_clean_path(folder) || !wire::is_clean_path(text) || !is_at_or_below(text, folder)) return 0;
  CHECK(!matches || load::may_match_below(*parsed, folder));
  return 0;
}

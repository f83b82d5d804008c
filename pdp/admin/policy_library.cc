#include "pdp/admin/policy_library.h"

#include <algorithm>

#include "engine/load/load.h"

namespace portreeve::pdp {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_separator(std::string_view line) { return line.starts_with("---"); }

// How far a line is indented; nothing for one that says nothing.
std::optional<std::size_t> indentation(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t\r");
  if (at == std::string_view::npos || line[at] == '#') return std::nullopt;
  return at;
}

// Lines are counted from 1. A rule is an item of a list: it goes on as long as lines are indented deeper than its dash.
PolicyExcerpt cut(std::string_view text, std::size_t line) {
  const auto lines = lines_of(text);
  PolicyExcerpt out;
  if (line == 0 || line > lines.size()) return out;
  std::size_t first = line, last = line;
  while (first > 1 && !is_separator(lines[first - 1])) --first;
  if (is_separator(lines[first - 1]) && first < line) ++first;
  while (last < lines.size() && !is_separator(lines[last])) ++last;
  const std::size_t dash = indentation(lines[line - 1]).value_or(0);
  out.line = out.last_line = line;
  for (std::size_t next = line + 1; next <= last; ++next) {
    const auto indented = indentation(lines[next - 1]);
    if (!indented) continue;
    if (*indented <= dash) break;
    out.last_line = next;
  }
  out.first_line = first;
  for (std::size_t i = first; i <= last; ++i) out.text += std::string(lines[i - 1]) + "\n";
  return out;
}

}  // namespace

bool is_revision(std::string_view text) {
  return text.size() == 71 && text.starts_with("sha256:") &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

Result<std::shared_ptr<const PolicyRevision>> PolicyLibrary::find(const std::string& revision) {
  const MutexLock lock(mutex_);
  for (const auto& kept : kept_) {
    if (kept->snapshot->revision() == revision) return kept;
  }
  auto found = std::make_shared<PolicyRevision>();
  TRY_ASSIGN(found->files, revisions_.read(revision));
  const auto active = active_.load();
  if (active != nullptr && active->revision() == revision) {
    found->snapshot = active;
  } else {
    const load::LoadResult loaded = load::load(found->files);
    if (loaded.set == nullptr) {
      return fail("the revision does not load any more: " +
                  (loaded.diagnostics.empty() ? std::string() : to_text(loaded.diagnostics.front())));
    }
    if (loaded.revision != revision) return fail("the revision's time zones are not those it was made with");
    found->snapshot = compile::compile(loaded.set, active == nullptr ? compile::Deployment{} : active->deployment());
  }
  kept_.push_back(found);
  if (kept_.size() > kKept) kept_.pop_front();
  return std::shared_ptr<const PolicyRevision>(std::move(found));
}

std::vector<PolicyExcerpt> excerpts(const PolicyRevision& revision, const std::vector<std::string>& rules) {
  std::vector<PolicyExcerpt> out;
  for (const std::string& rule : rules) {
    const SourcePlace place = revision.snapshot->place_of_rule(rule);
    const auto file = std::ranges::find(revision.files, place.file, &wire::PolicyFile::path);
    if (place.line == 0 || file == revision.files.end()) continue;
    PolicyExcerpt excerpt = cut(file->bytes, place.line);
    if (excerpt.line == 0) continue;
    excerpt.rule = rule;
    excerpt.file = place.file;
    out.push_back(std::move(excerpt));
  }
  return out;
}

}  // namespace portreeve::pdp

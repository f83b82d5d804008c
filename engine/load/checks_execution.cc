// No program that may start may stand where a program may write.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "engine/load/context.h"
#include "engine/load/path_overlap.h"

namespace portreeve::load {
namespace {

// Grants, each once, found by path.
struct Grants {
  std::unordered_map<std::string_view, const WriteUse*> exact;
  std::map<std::string_view, const WriteUse*> subtrees;
};

// Requires: `path` is clean.
const WriteUse* overlap_of_literal(std::string_view path, const Grants& grants) {
  if (const auto found = grants.exact.find(path); found != grants.exact.end()) return found->second;
  while (true) {
    if (const auto found = grants.subtrees.find(path); found != grants.subtrees.end()) return found->second;
    const std::size_t slash = path.rfind('/');
    if (path == "/" || slash == std::string_view::npos) return nullptr;
    path = slash == 0 ? std::string_view("/") : path.substr(0, slash);
  }
}

const WriteUse* overlap_of(const pattern::Pattern& program, const Grants& grants) {
  if (program.kind() == pattern::PatternKind::literal) return overlap_of_literal(program.text(), grants);
  for (const auto& [path, use] : grants.subtrees) {
    if (may_match_below(program, path)) return use;
  }
  for (const auto& [path, use] : grants.exact) {
    if (program.matches(path)) return use;
  }
  return nullptr;
}

}  // namespace

void check_writable_programs(Context& context) {
  Grants grants;
  std::ranges::sort(context.writes, {}, &WriteUse::at);
  for (const WriteUse& use : context.writes) {
    if (use.grant.subtree) {
      grants.subtrees.emplace(use.grant.path, &use);
    } else {
      grants.exact.emplace(use.grant.path, &use);
    }
  }
  std::unordered_map<std::string_view, const WriteUse*> known;  // by the program's text
  for (const ProgramUse& program : context.programs) {
    if (program.acknowledged) continue;
    const auto [found, added] = known.try_emplace(program.pattern.text(), nullptr);
    if (added) found->second = overlap_of(program.pattern, grants);
    if (found->second == nullptr) continue;
    context.report.error(
        program.at,
        fmt::format("the program `{}` may stand where rule `{}` grants writing `{}`", program.pattern.text(),
                    found->second->rule, found->second->grant.to_string()),
        "what can be written could then be started: keep them apart, or write `writable: acknowledged`");
  }
}

}  // namespace portreeve::load

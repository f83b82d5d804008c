// What is inside a workspace. Private to decide/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/decide/verdict.h"
#include "engine/rbac/directory.h"

namespace portreeve::decide {

// A rule that matched.
struct Match {
  compile::RuleIndex rule = 0;
  bool enforce = true;
  bool says_tls = false;      // egress: the rule lets TLS flow
  bool by_service = false;    // egress: what it covers, an InternalService opens
  std::uint64_t covered = 0;  // egress: the addresses covered, by position
  friend bool operator==(const Match& a, const Match& b) { return a.rule == b.rule; }
  friend auto operator<=>(const Match& a, const Match& b) { return a.rule <=> b.rule; }
};

enum class Enforcement : std::uint8_t { enforced_rules, all_rules };

inline bool counts(const Match& match, Enforcement enforcement) {
  return match.enforce || enforcement == Enforcement::all_rules;
}
inline bool any_counts(const std::vector<Match>& matches, Enforcement enforcement) {
  return std::ranges::any_of(matches, [&](const Match& match) { return counts(match, enforcement); });
}

struct Matches {
  std::vector<Match> allows, denies;  // sorted by name
  void clear() {
    allows.clear();
    denies.clear();
  }
  bool any_dry_run() const {
    const auto dry = [](const Match& match) { return !match.enforce; };
    return std::ranges::any_of(allows, dry) || std::ranges::any_of(denies, dry);
  }
};

// Vectors keep their storage; nothing in them is read before a decision has filled it anew.
struct Scratch {
  rbac::Activation subject;
  std::vector<index::Hit> candidates;
  std::optional<std::uint32_t> secret;  // secrets: the place of the one asked about
  Matches matches;
  Matches interpreter, together;                // execution
  std::vector<std::string_view> env;            // execution
  std::vector<const model::WriteGrant*> write;  // execution
  std::vector<const model::WriteGrant*> spare;  // execution
  std::vector<std::string_view> groups, roles;  // of the subject, for conditions
  bool reads_clock = false;                     // some rule considered reads the clock
  Verdict verdict;
};

}  // namespace portreeve::decide

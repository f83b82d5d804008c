// Which programs a sandbox may start, and what confines them.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/model/source.h"
#include "engine/pattern/pattern.h"

namespace portreeve::model {

// A path that a program may write: everything below a directory (the directory included), or exactly one path.
struct WriteGrant {
  std::string path;  // absolute and clean, without `/**`
  bool subtree = false;
  std::string to_string() const { return subtree ? (path == "/" ? "/**" : path + "/**") : path; }
  friend auto operator<=>(const WriteGrant&, const WriteGrant&) = default;
};

struct ExecRuleLimits {
  std::optional<Seconds> wall, cpu;
  std::optional<std::int64_t> memory, processes, open_files;
  friend auto operator<=>(const ExecRuleLimits&, const ExecRuleLimits&) = default;
};

struct ExecRule : RuleHeader {
  // Absent only on a deny rule, where absent is any program.
  std::optional<std::vector<pattern::Pattern>> programs;
  std::optional<std::vector<pattern::Pattern>> cwd;
  std::optional<std::vector<std::string>> users;
  std::optional<bool> terminal;
  std::optional<std::vector<pattern::Pattern>> env_pass;
  std::optional<std::vector<WriteGrant>> write;
  ExecRuleLimits limits;
  bool writable_acknowledged = false;
};

struct ExecutionPolicy : PolicyHeader {
  std::vector<ExecRule> rules;
};

}  // namespace portreeve::model

// What a process gets to see of an environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "pep/supervisor/sandbox_user.h"

namespace portreeve::supervisor {

// Variables by name, each once, sorted. Nothing is inherited from the supervisor's own environment.
class Environment {
 public:
  // The controller's NAME=VALUE lines over what every process has: PATH, HOME, USER, LOGNAME, and TERM on a terminal.
  // Fails on a line without `=` or with an empty name, and on a name given twice.
  static Result<Environment> make(const std::vector<std::string>& lines, const SandboxUser& user, bool terminal);

  // Their names, to be asked about: without those that are never passed on, whatever policy says.
  std::vector<std::string> names() const;
  // NAME=VALUE of those in `pass` (sorted).
  std::vector<std::string> scrubbed(const std::vector<std::string>& pass) const;

 private:
  struct Variable {
    std::string name, value;
  };
  std::vector<Variable> variables_;
};

// Names that make a program run or load what it was not judged by (SEMANTICS §5).
bool is_never_passed(std::string_view name);

}  // namespace portreeve::supervisor

#include "pep/supervisor/environment.h"

#include <algorithm>
#include <array>
#include <map>

#include "engine/base/text.h"

namespace portreeve::supervisor {

namespace {

constexpr std::array<std::string_view, 5> kNeverNames = {"BASH_ENV", "ENV", "NODE_OPTIONS", "RUBYOPT",
                                                         "JAVA_TOOL_OPTIONS"};
constexpr std::array<std::string_view, 3> kNeverPrefixes = {"LD_", "PYTHON", "PERL5"};
constexpr std::array<std::string_view, 6> kGitNames = {"GIT_AUTHOR_NAME",     "GIT_AUTHOR_EMAIL",
                                                       "GIT_AUTHOR_DATE",     "GIT_COMMITTER_NAME",
                                                       "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"};
// Said by the supervisor alone (docs/supervisor.md): a controller's would name descriptors that are others.
constexpr std::string_view kOurs = "PORTREEVE_";

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

bool is_never_passed(std::string_view name) {
  if (std::ranges::find(kNeverNames, name) != kNeverNames.end()) return true;
  if (std::ranges::any_of(kNeverPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); })) {
    return true;
  }
  if (name.starts_with("GIT_")) return std::ranges::find(kGitNames, name) == kGitNames.end();
  return name.starts_with(kOurs);
}

Result<Environment> Environment::make(const std::vector<std::string>& lines, const SandboxUser& user, bool terminal) {
  std::map<std::string, std::string> given;
  for (const std::string& line : lines) {
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string::npos) return fail("`" + printable(line, 40) + "` is no NAME=VALUE");
    if (!given.emplace(line.substr(0, equals), line.substr(equals + 1)).second) {
      return fail("`" + printable(line.substr(0, equals), 40) + "` is set twice");
    }
  }
  given.emplace("PATH", kPath);
  given.emplace("HOME", user.home);
  given.emplace("USER", user.name);
  given.emplace("LOGNAME", user.name);
  if (terminal) given.emplace("TERM", "xterm");
  Environment environment;
  for (auto& [name, value] : given) environment.variables_.push_back({name, std::move(value)});
  return environment;
}

std::vector<std::string> Environment::names() const {
  std::vector<std::string> names;
  for (const Variable& variable : variables_) {
    if (!is_never_passed(variable.name)) names.push_back(variable.name);
  }
  return names;
}

std::vector<std::string> Environment::scrubbed(const std::vector<std::string>& pass) const {
  std::vector<std::string> lines;
  for (const Variable& variable : variables_) {
    const bool passed = std::ranges::binary_search(pass, variable.name);
    if (passed && !is_never_passed(variable.name)) lines.push_back(variable.name + "=" + variable.value);
  }
  return lines;
}

}  // namespace portreeve::supervisor

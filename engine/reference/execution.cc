// Which programs may start, and with what (SEMANTICS §5 and §6).
#include <algorithm>
#include <span>

#include "engine/reference/judgement.h"
#include "engine/wire/program_path.h"

namespace portreeve::reference {
namespace {

using model::Effect;
using model::ExecRule;
using model::WriteGrant;
using wire::ProgramFile;

bool is_loader(const ProgramFile& program) {
  return wire::is_dynamic_loader(program.path) || (program.file && wire::is_dynamic_loader(*program.file));
}

// Requires: the rule names programs.
Clause names_program(const ExecRule& rule, const ProgramFile& program) {
  const bool said = wire::is_clean_path(program.path) && program.file && wire::is_clean_path(*program.file);
  const bool by_path = any_matches(*rule.programs, program.path);
  const bool by_file = program.file && any_matches(*rule.programs, *program.file);
  if (rule.effect == Effect::deny) return by_path || by_file ? Clause::yes : said ? Clause::no : Clause::error;
  if (!said) return Clause::error;
  return clause(by_file || (by_path && program.stable));
}

Clause permits_terminal(const ExecRule& rule, const std::optional<bool>& terminal) {
  if (rule.effect == Effect::deny) {
    return rule.terminal ? needs(terminal, [&](bool asked) { return asked == *rule.terminal; }) : Clause::yes;
  }
  return clause(rule.terminal.value_or(false) || !terminal.value_or(false));
}

// Everything a rule says but its programs.
Clauses other_clauses(const Asked& asked, const wire::ExecQuestion& question, const ExecRule& rule) {
  Clauses clauses(rule.effect, asked.account);
  if (rule.cwd) {
    const bool said = question.cwd && wire::is_clean_path(*question.cwd);
    clauses.add("cwd", said ? clause(any_matches(*rule.cwd, *question.cwd)) : Clause::error);
  }
  if (rule.users) clauses.add("users", needs(question.user, [&](auto& user) { return holds(*rule.users, user); }));
  clauses.add("terminal", permits_terminal(rule, question.terminal));
  add_condition(clauses, asked, rule);
  return clauses;
}

// Never passed on: what makes loaders, shells and interpreters run other code.
bool is_always_dropped(std::string_view name) {
  static constexpr std::string_view kKeptOfGit[] = {"GIT_AUTHOR_NAME",    "GIT_AUTHOR_EMAIL",    "GIT_AUTHOR_DATE",
                                                    "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"};
  for (const std::string_view exact : {"BASH_ENV", "ENV", "NODE_OPTIONS", "RUBYOPT", "JAVA_TOOL_OPTIONS"}) {
    if (name == exact) return true;
  }
  for (const std::string_view prefix : {"LD_", "PYTHON", "PERL5"}) {
    if (name.starts_with(prefix)) return true;
  }
  return name.starts_with("GIT_") && !holds(kKeptOfGit, name);
}

bool contains(const WriteGrant& wide, const WriteGrant& narrow) {
  if (wide.path == narrow.path) return wide.subtree || !narrow.subtree;
  return wide.subtree && narrow.path.starts_with(wide.path == "/" ? "/" : wide.path + "/");
}

bool contained(const WriteGrant& grant, const std::vector<WriteGrant>& in) {
  return std::any_of(in.begin(), in.end(), [&](const WriteGrant& wide) { return contains(wide, grant); });
}

// Of two grants one contains the other, or nothing is in both: what both grant is the grants of each inside the other.
std::vector<WriteGrant> granted_by_both(const std::vector<WriteGrant>& a, const std::vector<WriteGrant>& b) {
  std::vector<WriteGrant> both;
  for (const WriteGrant& grant : a) {
    if (contained(grant, b)) both.push_back(grant);
  }
  for (const WriteGrant& grant : b) {
    if (contained(grant, a)) both.push_back(grant);
  }
  return both;
}

std::vector<std::string> names_of_widest(const std::vector<WriteGrant>& grants) {
  std::set<std::string> names;
  for (const WriteGrant& grant : grants) {
    const bool inside_another = std::any_of(grants.begin(), grants.end(), [&](const WriteGrant& other) {
      return other != grant && contains(other, grant);
    });
    if (!inside_another) names.insert(grant.to_string());
  }
  return {names.begin(), names.end()};
}

wire::ExecObligations merged(const wire::ExecQuestion& question, const std::vector<const ExecRule*>& rules) {
  wire::ExecObligations obligations;
  std::set<std::string> names;
  for (const std::string& name : question.env) {
    const auto passes = [&](const ExecRule* rule) { return rule->env_pass && any_matches(*rule->env_pass, name); };
    if (!is_always_dropped(name) && std::all_of(rules.begin(), rules.end(), passes)) names.insert(name);
  }
  obligations.env.assign(names.begin(), names.end());

  std::optional<std::vector<WriteGrant>> write;
  for (const ExecRule* rule : rules) {
    const std::vector<WriteGrant> granted = rule->write.value_or(std::vector<WriteGrant>{});
    write = write ? granted_by_both(*write, granted) : granted;
    at_most(obligations.limits.wall, rule->limits.wall);
    at_most(obligations.limits.cpu, rule->limits.cpu);
    at_most(obligations.limits.memory, rule->limits.memory);
    at_most(obligations.limits.processes, rule->limits.processes);
    at_most(obligations.limits.open_files, rule->limits.open_files);
  }
  if (write) obligations.write = names_of_widest(*write);
  return obligations;
}

}  // namespace

Findings look_at_execution(const Asked& asked, const wire::ExecQuestion& question) {
  Findings found;
  // A script and its interpreter must both be allowed; either is enough for a deny rule.
  std::vector<const ProgramFile*> files = {&question.program};
  if (question.interpreter) files.push_back(&*question.interpreter);
  std::vector<bool> allowed(files.size(), false);
  std::vector<const ExecRule*> allow_rules;

  for (const model::ExecutionPolicy& policy : asked.set.execution_policies) {
    for (const ExecRule& rule : policy.rules) {
      if (!takes_part(asked, policy, rule)) continue;
      const Clauses others = other_clauses(asked, question, rule);
      bool matched = false;
      for (std::size_t i = 0; i < files.size(); ++i) {
        Clauses clauses = others;
        if (rule.programs) clauses.add("programs", names_program(rule, *files[i]));
        if (!clauses.match()) continue;
        matched = true;
        if (rule.effect == Effect::allow) allowed[i] = true;
      }
      if (!matched) continue;
      note(found, policy, rule);
      if (rule.effect == Effect::allow) allow_rules.push_back(&rule);
    }
  }

  if (std::any_of(files.begin(), files.end(), [](const ProgramFile* file) { return is_loader(*file); })) {
    found.guard = wire::Reason::guard_dynamic_loader;
  }
  const bool script_may_change = question.interpreter && !question.program.stable;
  found.all_is_allowed =
      !script_may_change && std::all_of(allowed.begin(), allowed.end(), [](bool each) { return each; });
  found.obligations = merged(question, allow_rules);
  return found;
}

}  // namespace portreeve::reference

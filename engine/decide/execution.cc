#include <array>
#include <iterator>
#include <span>

#include "engine/decide/judgement.h"
#include "engine/pattern/glob.h"
#include "engine/wire/program_path.h"

namespace portreeve::decide {
namespace {

using model::ExecRule;
using wire::Reason;

// What always stays out of an environment, whatever `pass` says (SEMANTICS §5): each would run code of the workload's
// choosing in a program that policy judged by its path alone.
bool is_always_dropped(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kDropped{
      "LD_*", "BASH_ENV", "ENV", "NODE_OPTIONS", "PYTHON*", "PERL5*", "RUBYOPT", "GIT_*", "JAVA_TOOL_OPTIONS"};
  static constexpr std::array<std::string_view, 6> kKept{"GIT_AUTHOR_NAME",     "GIT_AUTHOR_EMAIL",
                                                         "GIT_AUTHOR_DATE",     "GIT_COMMITTER_NAME",
                                                         "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"};
  const bool dropped =
      std::ranges::any_of(kDropped, [&](std::string_view glob) { return pattern::glob_matches(glob, name); });
  return dropped && std::ranges::find(kKept, name) == kKept.end();
}

bool is_certain(const wire::ProgramFile& program) {
  return wire::is_clean_path(program.path) && program.file && wire::is_clean_path(*program.file);
}

using ExecGate = compile::Gate<ExecRule>;

// Whether the rule's programs cover what is to be started. `found`: it was found by its path or its file.
Clause program_clause(const compile::CompiledRule<ExecRule>& rule, bool found, const compile::MatchPool& lists,
                      const wire::ProgramFile& program, bool certain) {
  if (rule.gate.programs == compile::kNoList) return Clause::holds;
  const auto covers = [&](const std::string& path) { return lists.matches(rule.gate.programs, path); };
  if (rule.effect == model::Effect::allow) {
    if (!certain) return Clause::fails;
    if (found && *program.file == program.path) return Clause::holds;
    return clause(covers(*program.file) || (program.stable && covers(program.path)));
  }
  if (found || covers(program.path) || (program.file && covers(*program.file))) return Clause::holds;
  return certain ? Clause::fails : Clause::error;
}

// An unclean directory says nothing: `/workspace/../etc` is not below `/workspace`.
Clause cwd_clause(const ExecGate& gate, const compile::MatchPool& lists, const std::optional<std::string>& cwd) {
  if (gate.cwd != compile::kNoList && cwd && !wire::is_clean_path(*cwd)) return Clause::error;
  return in_list(lists, gate.cwd, cwd);
}

// On an allow `terminal` permits one; on a deny it asks what was requested, which the request must then say.
Clause terminal_clause(const compile::CompiledRule<ExecRule>& rule, const std::optional<bool>& terminal) {
  const std::optional<bool>& stated = rule.gate.terminal;
  if (rule.effect == model::Effect::allow) return clause(!terminal.value_or(false) || stated.value_or(false));
  if (!stated) return Clause::holds;
  return terminal ? clause(*stated == *terminal) : Clause::error;
}

void find_program(const wire::ProgramFile& program, const compile::Snapshot& snapshot, Scratch& scratch) {
  snapshot.execution().find(program.path, program.file ? *program.file : program.path, !is_certain(program),
                            scratch.candidates);
  bring_near(snapshot.execution().table(), scratch);
}

// Judges the candidates found for that program.
void match_program(const wire::ProgramFile& program, const wire::ExecQuestion& question, const Judgement& judgement,
                   Matches& out) {
  const compile::ExecRules& rules = judgement.snapshot.execution();
  const compile::MatchPool& lists = rules.table().lists;
  const bool certain = is_certain(program);
  match_rules(rules.table(), judgement, out, [&](const auto& rule, bool found, Fold& fold, Match&) {
    if (fold.add("programs", program_clause(rule, found, lists, program, certain))) return;
    if (fold.add("cwd", cwd_clause(rule.gate, lists, question.cwd))) return;
    if (fold.add("users", in_list(lists, rule.gate.users, question.user))) return;
    fold.add("terminal", terminal_clause(rule, question.terminal));
  });
}

bool covers(const model::WriteGrant& outer, const model::WriteGrant& inner) {
  if (outer.path == inner.path) return outer.subtree || !inner.subtree;
  if (!outer.subtree) return false;
  return outer.path == "/" || (inner.path.starts_with(outer.path) && inner.path[outer.path.size()] == '/');
}

using Grants = std::vector<const model::WriteGrant*>;

void sort_by_value(Grants& grants) {
  const auto value = [](const model::WriteGrant* grant) -> const model::WriteGrant& { return *grant; };
  std::ranges::sort(grants, {}, value);
  const auto repeated = std::ranges::unique(grants, {}, value);
  grants.erase(repeated.begin(), repeated.end());
}

// What the allow rules that count leave of environment and writable paths, in the scratch's storage.
class TermMerge {
 public:
  TermMerge(const wire::ExecQuestion& question, const compile::RuleTable<ExecRule>& table, Scratch& scratch)
      : table_(table), env_(scratch.env), write_(scratch.write), spare_(scratch.spare) {
    env_.clear();
    write_.clear();
    for (const std::string& name : question.env) {
      if (!is_always_dropped(name)) env_.push_back(name);
    }
    std::ranges::sort(env_);
    const auto repeated = std::ranges::unique(env_);
    env_.erase(repeated.begin(), repeated.end());
  }

  void add(const ExecGate& rule) {
    if (rule.env_pass == compile::kNoList) {
      env_.clear();
    } else {
      std::erase_if(env_, [&](std::string_view name) { return !table_.lists.matches(rule.env_pass, name); });
    }
    intersect(rule.write.of(table_.pools.write));
    if (rule.limits == 0) return;
    const model::ExecRuleLimits& limits = table_.pools.limits[rule.limits];
    merge_minimum(limits_.wall, limits.wall);
    merge_minimum(limits_.cpu, limits.cpu);
    merge_minimum(limits_.memory, limits.memory);
    merge_minimum(limits_.processes, limits.processes);
    merge_minimum(limits_.open_files, limits.open_files);
  }

  // Drops what another grant covers, so that equal sets of paths are written alike.
  ExecTerms result() {
    sort_by_value(write_);
    spare_.clear();
    for (const model::WriteGrant* grant : write_) {
      const bool covered = std::ranges::any_of(
          write_, [&](const model::WriteGrant* other) { return other != grant && covers(*other, *grant); });
      if (!covered) spare_.push_back(grant);
    }
    write_.swap(spare_);
    return {env_, write_, limits_};
  }

 private:
  // Keeps the paths that both grant, by containment.
  void intersect(std::span<const model::WriteGrant> granted) {
    spare_.clear();
    if (first_) {
      for (const model::WriteGrant& grant : granted) spare_.push_back(&grant);
    } else {
      for (const model::WriteGrant* x : write_) {
        for (const model::WriteGrant& y : granted) {
          if (covers(*x, y)) {
            spare_.push_back(&y);
          } else if (covers(y, *x)) {
            spare_.push_back(x);
          }
        }
      }
    }
    first_ = false;
    write_.swap(spare_);
  }

  const compile::RuleTable<ExecRule>& table_;
  std::vector<std::string_view>& env_;
  Grants& write_;
  Grants& spare_;
  wire::ExecLimits limits_;
  bool first_ = true;
};

// The rules of script and interpreter together, by name, each once.
void join(const Matches& a, const Matches& b, Matches& out) {
  const auto merge = [](const std::vector<Match>& x, const std::vector<Match>& y, std::vector<Match>& into) {
    into.clear();
    std::ranges::set_union(x, y, std::back_inserter(into));
  };
  merge(a.allows, b.allows, out.allows);
  merge(a.denies, b.denies, out.denies);
}

bool is_loader(const wire::ProgramFile& program) {
  return wire::is_dynamic_loader(program.path) || (program.file && wire::is_dynamic_loader(*program.file));
}

}  // namespace

void find(const wire::ExecQuestion& question, const wire::Request&, const compile::Snapshot& snapshot,
          Scratch& scratch) {
  find_program(question.program, snapshot, scratch);
}

void judge(const wire::ExecQuestion& question, const Judgement& judgement) {
  const auto& table = judgement.snapshot.execution().table();
  Scratch& scratch = judgement.scratch;
  const Matches& script = scratch.matches;
  const Matches& interpreter = scratch.interpreter;
  match_program(question.program, question, judgement, scratch.matches);
  if (question.interpreter) {
    scratch.candidates.clear();
    find_program(*question.interpreter, judgement.snapshot, scratch);
    match_program(*question.interpreter, question, judgement, scratch.interpreter);
    join(script, interpreter, scratch.together);
  }
  const Matches& both = question.interpreter ? scratch.together : script;
  const bool loader = is_loader(question.program) || (question.interpreter && is_loader(*question.interpreter));
  // A script that the sandbox can change is another script by the time its interpreter reads it.
  const bool fixed = !question.interpreter || question.program.stable;

  const bool allowed = answer(table, both, scratch, [&](Enforcement enforcement) -> Conclusion {
    if (loader) return {false, Reason::guard_dynamic_loader};
    if (any_counts(both.denies, enforcement)) return {false, Reason::rule_deny};
    const bool covered = fixed && any_counts(script.allows, enforcement) &&
                         (!question.interpreter || any_counts(interpreter.allows, enforcement));
    return covered ? Conclusion{true, Reason::rule_allow} : Conclusion{};
  });
  if (!allowed) return;
  TermMerge merge(question, table, scratch);
  for (const Match& match : both.allows) {
    if (match.enforce) merge.add(table.rules[match.rule].gate);
  }
  scratch.verdict.terms = merge.result();
}

}  // namespace portreeve::decide

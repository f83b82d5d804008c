#include <array>

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

Clause program_clause(const ExecRule& rule, const wire::ProgramFile& program) {
  if (!rule.programs) return Clause::holds;
  const auto covers = [&](const std::string& path) {
    return std::ranges::any_of(*rule.programs, [&](const pattern::Pattern& p) { return p.matches(path); });
  };
  if (rule.effect == model::Effect::allow) {
    if (!is_certain(program)) return Clause::fails;
    return clause(covers(*program.file) || (program.stable && covers(program.path)));
  }
  if (covers(program.path) || (program.file && covers(*program.file))) return Clause::holds;
  return is_certain(program) ? Clause::fails : Clause::error;
}

// An unclean directory says nothing: `/workspace/../etc` is not below `/workspace`.
Clause cwd_clause(const ExecRule& rule, const std::optional<std::string>& cwd) {
  if (rule.cwd && cwd && !wire::is_clean_path(*cwd)) return Clause::error;
  return matched(rule.cwd, cwd);
}

// On an allow `terminal` permits one; on a deny it asks what was requested, which the request must then say.
Clause terminal_clause(const ExecRule& rule, const std::optional<bool>& terminal) {
  if (rule.effect == model::Effect::allow) return clause(!terminal.value_or(false) || rule.terminal.value_or(false));
  if (!rule.terminal) return Clause::holds;
  return terminal ? clause(*rule.terminal == *terminal) : Clause::error;
}

Matches<ExecRule> match_program(const wire::ProgramFile& program, const wire::ExecQuestion& question,
                                const Judgement& judgement) {
  std::vector<compile::RuleIndex> candidates;
  judgement.snapshot.execution().find(program.path, program.file.value_or(program.path), !is_certain(program),
                                      candidates);
  return match_rules(judgement.snapshot.execution().table(), std::move(candidates), judgement,
                     [&](const ExecRule& rule, Fold& fold, auto&) {
                       fold.add("programs", program_clause(rule, program));
                       fold.add("cwd", cwd_clause(rule, question.cwd));
                       fold.add("users", listed(rule.users, question.user));
                       fold.add("terminal", terminal_clause(rule, question.terminal));
                     });
}

bool covers(const model::WriteGrant& outer, const model::WriteGrant& inner) {
  if (outer.path == inner.path) return outer.subtree || !inner.subtree;
  if (!outer.subtree) return false;
  return outer.path == "/" || (inner.path.starts_with(outer.path) && inner.path[outer.path.size()] == '/');
}

// Paths that both grant, by containment.
std::vector<model::WriteGrant> intersect(const std::vector<model::WriteGrant>& a,
                                         const std::vector<model::WriteGrant>& b) {
  std::vector<model::WriteGrant> out;
  for (const model::WriteGrant& x : a) {
    for (const model::WriteGrant& y : b) {
      if (covers(x, y))
        out.push_back(y);
      else if (covers(y, x))
        out.push_back(x);
    }
  }
  return out;
}

// Drops what another grant covers, so that equal sets of paths are written alike.
std::vector<std::string> canonical(std::vector<model::WriteGrant> grants) {
  std::ranges::sort(grants);
  const auto repeated = std::ranges::unique(grants);
  grants.erase(repeated.begin(), repeated.end());
  std::vector<std::string> out;
  for (const model::WriteGrant& grant : grants) {
    const bool covered =
        std::ranges::any_of(grants, [&](const auto& other) { return other != grant && covers(other, grant); });
    if (!covered) out.push_back(grant.to_string());
  }
  std::ranges::sort(out);
  return out;
}

class ObligationMerge {
 public:
  explicit ObligationMerge(const wire::ExecQuestion& question) {
    for (const std::string& name : question.env) {
      if (!is_always_dropped(name)) env_.push_back(name);
    }
    std::ranges::sort(env_);
    const auto repeated = std::ranges::unique(env_);
    env_.erase(repeated.begin(), repeated.end());
  }

  void add(const ExecRule& rule) {
    std::erase_if(env_, [&](const std::string& name) {
      return !rule.env_pass || std::ranges::none_of(*rule.env_pass, [&](const auto& p) { return p.matches(name); });
    });
    const std::vector<model::WriteGrant> granted = rule.write.value_or(std::vector<model::WriteGrant>{});
    write_ = first_ ? granted : intersect(write_, granted);
    first_ = false;
    merge_minimum(limits_.wall, rule.limits.wall);
    merge_minimum(limits_.cpu, rule.limits.cpu);
    merge_minimum(limits_.memory, rule.limits.memory);
    merge_minimum(limits_.processes, rule.limits.processes);
    merge_minimum(limits_.open_files, rule.limits.open_files);
  }

  wire::ExecObligations result() && { return {std::move(env_), canonical(std::move(write_)), limits_}; }

 private:
  std::vector<std::string> env_;
  std::vector<model::WriteGrant> write_;
  wire::ExecLimits limits_;
  bool first_ = true;
};

// The rules of script and interpreter together, by name, each once.
Matches<ExecRule> together(const Matches<ExecRule>& a, const Matches<ExecRule>& b) {
  const auto join = [](const auto& x, const auto& y) {
    std::vector<Match<ExecRule>> out = x;
    out.insert(out.end(), y.begin(), y.end());
    std::ranges::sort(out, {}, &Match<ExecRule>::compiled);
    const auto repeated = std::ranges::unique(out, {}, &Match<ExecRule>::compiled);
    out.erase(repeated.begin(), repeated.end());
    return out;
  };
  return {join(a.allows, b.allows), join(a.denies, b.denies), a.reads_clock || b.reads_clock};
}

bool is_loader(const wire::ProgramFile& program) {
  return wire::is_dynamic_loader(program.path) || (program.file && wire::is_dynamic_loader(*program.file));
}

bool any_counts(const std::vector<Match<ExecRule>>& matches, Enforcement enforcement) {
  return std::ranges::any_of(matches, [&](const auto& match) { return counts(match, enforcement); });
}

}  // namespace

wire::Decision judge(const wire::ExecQuestion& question, const Judgement& judgement, bool& reads_clock) {
  const Matches<ExecRule> script = match_program(question.program, question, judgement);
  const Matches<ExecRule> interpreter =
      question.interpreter ? match_program(*question.interpreter, question, judgement) : Matches<ExecRule>{};
  const Matches<ExecRule> both = together(script, interpreter);
  reads_clock = both.reads_clock;
  const bool loader = is_loader(question.program) || (question.interpreter && is_loader(*question.interpreter));
  // A script that the sandbox can change is another script by the time its interpreter reads it.
  const bool fixed = !question.interpreter || question.program.stable;

  return answer(both.any_dry_run(), [&](Enforcement enforcement) {
    Conclusion conclusion;
    name_rules(both.denies, enforcement, conclusion);
    if (loader || !conclusion.rules.empty()) {
      conclusion.reason = loader ? Reason::guard_dynamic_loader : Reason::rule_deny;
      return conclusion;
    }
    const bool allowed = fixed && any_counts(script.allows, enforcement) &&
                         (!question.interpreter || any_counts(interpreter.allows, enforcement));
    if (!allowed) return conclusion;
    conclusion.allowed = true;
    conclusion.reason = Reason::rule_allow;
    name_rules(both.allows, enforcement, conclusion);
    ObligationMerge merge(question);
    for (const auto& match : both.allows) {
      if (counts(match, enforcement)) merge.add(match.rule());
    }
    conclusion.obligations = std::move(merge).result();
    return conclusion;
  });
}

}  // namespace portreeve::decide

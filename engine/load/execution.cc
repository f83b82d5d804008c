#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/cel/policy_environment.h"
#include "engine/load/rules.h"
#include "engine/wire/program_path.h"

namespace portreeve::load {
namespace {

// Dropped from every environment, whatever `pass` says (SEMANTICS §5); `*` ends a family.
constexpr std::array kDropped = std::to_array<std::string_view>(
    {"LD_*", "BASH_ENV", "ENV", "NODE_OPTIONS", "PYTHON*", "PERL5*", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GIT_*"});
constexpr std::array kKept =
    std::to_array<std::string_view>({"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME",
                                     "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"});

// The dropped family that a name or glob is wholly of; empty if there is none.
std::string_view dropped_family(const pattern::Pattern& pattern) {
  if (pattern.kind() == pattern::PatternKind::regex) return {};
  if (std::ranges::any_of(kKept, [&](std::string_view kept) { return pattern.matches(kept); })) return {};
  for (const std::string_view family : kDropped) {
    const bool whole_family = family.ends_with('*');
    const std::string_view stem = family.substr(0, family.size() - (whole_family ? 1 : 0));
    if (whole_family ? pattern.literal_prefix().starts_with(stem) : pattern.text() == stem) return family;
  }
  return {};
}

bool is_variable_pattern(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) {
                               const char lower = to_lower_ascii(c);
                               return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '*';
                             }) &&
         !(text.front() >= '0' && text.front() <= '9');
}

void read_env(const RuleReader& rule, model::ExecRule& out) {
  const auto env = rule.fields.nested("env");
  if (!env) return;
  out.env_pass = read_patterns(*env, "pass", rule.context.report);
  for (const Node* node : env->list("pass")) {
    const auto pattern = pattern::Pattern::parse(node->text);
    if (!pattern || pattern->kind() == pattern::PatternKind::regex) continue;
    if (!is_variable_pattern(node->text)) {
      rule.context.report.error(node->at, fmt::format("`{}` is not the name of a variable", printable(node->text)),
                                "letters, digits and `_`, with `*` for any characters");
    } else if (const auto family = dropped_family(*pattern); !family.empty()) {
      rule.context.report.warn(node->at,
                               fmt::format("`{}` is dropped from every environment (`{}`)", node->text, family),
                               "whatever `pass` says: it would choose the code that runs");
    }
  }
}

void read_write(const RuleReader& rule, model::ExecRule& out) {
  if (!rule.fields.has("write")) return;
  out.write.emplace();
  for (const Node* node : rule.fields.list("write")) {
    model::WriteGrant grant;
    grant.subtree = node->text.ends_with("/**");
    grant.path = grant.subtree ? node->text.substr(0, node->text.size() - 3) : node->text;
    if (grant.path.empty() && grant.subtree) grant.path = "/";
    if (!wire::is_clean_path(grant.path) || grant.path.find('*') != std::string::npos) {
      rule.context.report.error(node->at, fmt::format("`{}` is not a path to write", printable(node->text)),
                                "`DIR/**` or one exact path; absolute, without `//`, `.`, `..` or another `*`");
      continue;
    }
    if (rule.allows()) rule.context.writes.push_back({grant, node->at, rule.name});
    out.write->push_back(std::move(grant));
  }
}

void check_programs(const RuleReader& rule, const model::ExecRule& out) {
  for (const Node* node : rule.fields.list("programs")) {
    if (!node->text.starts_with("/re:") && wire::is_dynamic_loader(node->text)) {
      rule.context.report.error(
          node->at, fmt::format("`{}` is the dynamic loader, which runs any file it is given", printable(node->text)),
          "no rule opens it: name the program itself");
    }
    if (!rule.allows()) continue;
    if (auto pattern = pattern::Pattern::parse(node->text)) {
      rule.context.programs.push_back({*std::move(pattern), node->at, rule.name, out.writable_acknowledged});
    }
  }
}

// ADVICE: quoting, encoding and interpreters defeat what looks at a command line.
void check_advice(const RuleReader& rule, const model::ExecRule& out) {
  if (!out.when || !out.when->program->reads(cel::policy::kResourceProperties, "args")) return;
  rule.context.report.warn(
      rule.fields.find("when")->at, fmt::format("the safety of rule `{}` hangs on arguments", rule.name),
      "a pattern over a command line is no control: quoting, encoding and interpreters defeat it; judge program, "
      "directory, user, limits and writable paths");
}

void read_rule(const RuleReader& rule, model::ExecRule& out) {
  const Fields& fields = rule.fields;
  Report& report = rule.context.report;
  out.writable_acknowledged = fields.find("writable") != nullptr;
  out.programs = read_file_paths(fields, "programs", report);
  out.cwd = read_file_paths(fields, "cwd", report);
  out.users = fields.optional_texts("users");
  out.terminal = fields.boolean("terminal");
  read_env(rule, out);
  read_write(rule, out);
  if (const auto limits = fields.nested("limits")) {
    out.limits = {limits->duration("wall"), limits->duration("cpu"), limits->size("memory"),
                  limits->integer("processes"), limits->integer("openFiles")};
  }
  rule.refuse_on_deny({"env", "write", "limits"});
  rule.require_target({"programs"}, "`programs`");
  check_programs(rule, out);
  check_advice(rule, out);
}

}  // namespace

void read_execution_policy(const Draft& draft, Context& context) {
  context.set.execution_policies.push_back(read_policy<model::ExecutionPolicy>(draft, context, read_rule));
}

}  // namespace portreeve::load

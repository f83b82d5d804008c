#include "engine/analyze/why_not.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/analyze/explanation_parts.h"
#include "engine/analyze/remedies.h"
#include "engine/wire/program_path.h"

namespace portreeve::analyze {
namespace {

using wire::Reason;

constexpr std::size_t kMostWays = 5;  // more than these is no longer near

bool is_guard(Reason reason) {
  return reason >= Reason::guard_loopback_address && reason <= Reason::guard_dynamic_loader;
}

Suggestion needed(Remedy remedy, std::string text) {
  Suggestion out;
  out.remedy = remedy;
  out.needed = true;
  out.text = std::move(text);
  return out;
}

struct Advice {
  Reason reason;
  std::string_view what;
};
constexpr std::array kAdvice{
    Advice{Reason::token_missing, "ask with a session's token, or from an address that is bound to a session"},
    Advice{Reason::token_invalid, "ask with a token that an issuer of the policy set, or this PDP, signed"},
    Advice{Reason::token_expired, "exchange a new token"},
    Advice{Reason::source_mismatch, "ask from an address that the session is bound to, or have this one bound to it"},
    Advice{Reason::session_unknown, "make a session, or bind the address to one"},
    Advice{Reason::session_ended, "make a new session"},
    Advice{Reason::session_revoked, "make a new session; where its subject or tenant was revoked, lift that first"},
    Advice{Reason::tenant_mismatch, "ask with a token of the session's own tenant"},
};

std::string_view what_to_do(Reason reason) {
  const auto advice = std::ranges::find(kAdvice, reason, &Advice::reason);
  return advice == kAdvice.end() ? wire::meaning(reason) : advice->what;
}

// What stands in the way before any rule is looked at.
void add_obstacle(const Inquiry& inquiry, Reason reason, std::vector<Suggestion>& out) {
  if (reason < Reason::unknown_secret) {
    out.push_back(needed(Remedy::identify,
                         fmt::format("no policy is consulted before the subject is known: {}", what_to_do(reason))));
    return;
  }
  if (const auto* const secret = std::get_if<wire::SecretQuestion>(&inquiry.request.question)) {
    if (reason == Reason::unknown_secret) out.push_back(name_known_secrets(inquiry, *secret));
    if (reason == Reason::foreign_upstream) out.push_back(name_own_upstreams(inquiry, *secret));
  }
  const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question);
  if (egress == nullptr) return;
  const std::string host = net::to_string(egress->host);
  if (reason == Reason::sni_missing) {
    out.push_back(
        needed(Remedy::ask_differently,
               fmt::format("the TLS hello has to name its server, `{}`; no policy opens a hello without", host)));
  }
  if (reason == Reason::sni_mismatch) {
    out.push_back(
        needed(Remedy::ask_differently,
               fmt::format("the TLS server name `{}` is not the host that is judged, `{}`: no policy opens that",
                           egress->sni.value_or(""), host)));
  }
}

void add_denies(const std::vector<decide::RuleSurvey>& rules, const Inquiry& inquiry, bool of_interpreter,
                std::vector<Suggestion>& out) {
  for (const decide::RuleSurvey& rule : rules) {
    const bool denies = rule.effect == model::Effect::deny && rule.enforced && rule.in_scope;
    const bool told = std::ranges::find(out, rule.rule, &Suggestion::rule) != out.end();
    if (denies && rule.matched && !told) out.push_back(lift(inquiry, rule, of_interpreter));
  }
}

// No allow rule matches a program of which this is not known (SEMANTICS §5).
void add_uncertain(const wire::ProgramFile& program, std::vector<Suggestion>& out) {
  if (!wire::is_clean_path(program.path)) {
    out.push_back(needed(Remedy::ask_differently,
                         fmt::format("`{}` is no absolute, clean path, and no rule allows such", program.path)));
  } else if (!program.file) {
    out.push_back(needed(
        Remedy::ask_differently,
        fmt::format("the question does not say which file `{}` opened, and no rule allows it without", program.path)));
  } else if (!wire::is_clean_path(*program.file)) {
    out.push_back(needed(Remedy::ask_differently,
                         fmt::format("`{}` is no absolute, clean path, and no rule allows such", *program.file)));
  }
}

bool is_certain(const wire::ProgramFile& program) {
  return wire::is_clean_path(program.path) && program.file && wire::is_clean_path(*program.file);
}

// Whether some rule could allow the question as it is asked.
bool can_be_allowed(const wire::Request& request) {
  const auto* const exec = std::get_if<wire::ExecQuestion>(&request.question);
  return exec == nullptr || (is_certain(exec->program) && (!exec->interpreter || is_certain(*exec->interpreter)));
}

// What the question itself lacks, whatever the rules say.
void add_lacks(const Inquiry& inquiry, const Explanation& explanation, std::vector<Suggestion>& out) {
  if (!explanation.uncovered.empty()) out.push_back(cover(explanation));
  if (const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question)) {
    if (egress->stage == wire::EgressStage::connect && egress->addresses.empty()) {
      out.push_back(needed(Remedy::ask_differently,
                           "the question names no address: a connection is judged by the addresses it would go to"));
    }
  }
  if (const auto* const exec = std::get_if<wire::ExecQuestion>(&inquiry.request.question)) {
    add_uncertain(exec->program, out);
    if (exec->interpreter) add_uncertain(*exec->interpreter, out);
    if (exec->interpreter && !exec->program.stable) {
      out.push_back(needed(Remedy::ask_differently,
                           fmt::format("the sandbox can change `{}` between judgement and start: put the script where "
                                       "its user cannot write",
                                       exec->program.path)));
    }
  }
}

bool is_allowed(const std::vector<decide::RuleSurvey>& rules) {
  return std::ranges::any_of(rules, [](const decide::RuleSurvey& rule) {
    return rule.effect == model::Effect::allow && rule.enforced && rule.in_scope && rule.matched;
  });
}

void add_ways(const Inquiry& inquiry, const Explanation& explanation, bool by_service, std::vector<Suggestion>& out) {
  std::vector<Suggestion> ways;
  const bool script = !is_allowed(inquiry.rules) || by_service;
  const bool interpreter = !inquiry.interpreter.empty() && !is_allowed(inquiry.interpreter);
  if (script) near_rules(inquiry, explanation, false, by_service, ways);
  if (interpreter) near_rules(inquiry, explanation, true, false, ways);
  if (script && interpreter) {  // each is one half of the way
    for (Suggestion& way : ways) ++way.changes;
    std::ranges::stable_sort(ways, {}, &Suggestion::changes);
  }
  const bool one_change = std::ranges::any_of(ways, [](const Suggestion& way) { return way.changes == 1; });
  if (ways.size() > kMostWays) ways.resize(kMostWays);
  if (!one_change && !by_service) ways.push_back(write_rule(inquiry, explanation));
  std::ranges::move(ways, std::back_inserter(out));
}

bool is_open_but_for_denies(const Inquiry& inquiry) {
  return is_allowed(inquiry.rules) && (inquiry.interpreter.empty() || is_allowed(inquiry.interpreter));
}

}  // namespace

std::string_view to_text(Remedy remedy) {
  switch (remedy) {
    case Remedy::identify:
      return "identify";
    case Remedy::ask_differently:
      return "ask-differently";
    case Remedy::declare_service:
      return "declare-service";
    case Remedy::none:
      return "none";
    case Remedy::lift_deny:
      return "lift-deny";
    case Remedy::cover_addresses:
      return "cover-addresses";
    case Remedy::enforce_rule:
      return "enforce-rule";
    case Remedy::extend_binding:
      return "extend-binding";
    case Remedy::activate_role:
      return "activate-role";
    case Remedy::settle_constraint:
      return "settle-constraint";
    case Remedy::give_role:
      return "give-role";
    case Remedy::give_tenant:
      return "give-tenant";
    case Remedy::change_clause:
      return "change-clause";
    case Remedy::write_rule:
      return "write-rule";
  }
  return "none";
}

void explain_why_not(const Inquiry& inquiry, Explanation& out) {
  std::vector<Suggestion>& ways = out.why_not;
  for (const Reason reason : out.reasons) {
    if (!is_guard(reason)) add_obstacle(inquiry, reason, ways);
  }
  add_guard(inquiry, out, ways);
  const bool closed = std::ranges::any_of(
      ways, [](const Suggestion& way) { return way.remedy == Remedy::none || way.remedy == Remedy::identify; });
  const bool by_service =
      std::ranges::any_of(ways, [](const Suggestion& way) { return way.remedy == Remedy::declare_service; });
  add_denies(inquiry.rules, inquiry, false, ways);
  add_denies(inquiry.interpreter, inquiry, true, ways);
  add_lacks(inquiry, out, ways);
  if (closed || out.reasons.front() == Reason::unknown_secret || !can_be_allowed(inquiry.request)) return;
  if (by_service || !is_open_but_for_denies(inquiry)) add_ways(inquiry, out, by_service, ways);
}

}  // namespace portreeve::analyze

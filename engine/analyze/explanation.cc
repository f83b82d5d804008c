#include "engine/analyze/explanation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "engine/analyze/explanation_parts.h"

namespace portreeve::analyze {
namespace {

using model::Effect;
using wire::Reason;

// A script's own question, without its interpreter.
std::optional<wire::Request> without_interpreter(const wire::Request& request) {
  const auto* const exec = std::get_if<wire::ExecQuestion>(&request.question);
  if (exec == nullptr || !exec->interpreter) return std::nullopt;
  wire::Request script = request;
  std::get<wire::ExecQuestion>(script.question).interpreter.reset();
  return script;
}

void explain_rules(const Inquiry& inquiry, const decide::Trace& trace, Explanation& out) {
  std::size_t of_script = trace.rules.size();
  if (const auto script = without_interpreter(inquiry.request)) {
    decide::Trace alone;
    decide::decide(inquiry.snapshot, *script, &alone);
    of_script = alone.rules.size();
  }
  for (std::size_t i = 0; i < trace.rules.size(); ++i) {
    const decide::RuleTrace& traced = trace.rules[i];
    ConsideredRule rule{std::string(traced.rule), traced.place,   traced.effect, traced.enforced,
                        traced.matched,           i >= of_script, std::nullopt};
    if (!traced.clause.empty()) {
      rule.gap = gap_of(inquiry, rule.place, {traced.clause, traced.state, traced.detail}, rule.of_interpreter);
    }
    out.rules.push_back(std::move(rule));
  }
}

bool matched(const Explanation& explanation, Effect effect, bool of_interpreter = false) {
  return std::ranges::any_of(explanation.rules, [&](const ConsideredRule& rule) {
    return rule.matched && rule.enforced && rule.effect == effect && rule.of_interpreter == of_interpreter;
  });
}

// The addresses that none of the allow rules that matched covers. Each is asked about alone; a rule that then matches
// and matched with all of them covers it.
void explain_cover(const Inquiry& inquiry, Explanation& out) {
  const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question);
  if (egress == nullptr || out.decision.allowed || egress->addresses.empty() || !matched(out, Effect::allow)) return;
  for (const net::IpAddress address : egress->addresses) {
    wire::Request alone = inquiry.request;
    std::get<wire::EgressQuestion>(alone.question).addresses = {address};
    decide::Trace trace;
    decide::decide(inquiry.snapshot, alone, &trace);
    const bool covered = std::ranges::any_of(trace.rules, [&](const decide::RuleTrace& traced) {
      const auto whole = std::ranges::find(out.rules, traced.rule, &ConsideredRule::rule);
      return traced.matched && traced.enforced && traced.effect == Effect::allow && whole != out.rules.end() &&
             whole->matched;
    });
    if (!covered) out.uncovered.push_back(address.to_string());
  }
}

bool is_covered(const Inquiry& inquiry, const Explanation& out) {
  if (!matched(out, Effect::allow)) return false;
  if (const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question)) {
    const bool known = egress->stage == wire::EgressStage::resolve || !egress->addresses.empty();
    return known && out.uncovered.empty();
  }
  if (const auto* const exec = std::get_if<wire::ExecQuestion>(&inquiry.request.question)) {
    return !exec->interpreter || (exec->program.stable && matched(out, Effect::allow, true));
  }
  return true;
}

// Of the question itself: what does not depend on who asks.
std::optional<Reason> secret_failure(const Inquiry& inquiry) {
  const auto* const secret = std::get_if<wire::SecretQuestion>(&inquiry.request.question);
  if (secret == nullptr) return std::nullopt;
  const auto& declared = inquiry.snapshot.documents().secrets;
  const auto at = std::ranges::find(declared, secret->secret, &model::Secret::name);
  if (at == declared.end()) return Reason::unknown_secret;
  const bool own = secret->upstream && std::ranges::any_of(at->upstreams, [&](const wire::UpstreamUrl& upstream) {
                     return upstream.to_string() == *secret->upstream;
                   });
  return own ? std::nullopt : std::optional(Reason::foreign_upstream);
}

std::optional<Reason> server_name_failure(const Inquiry& inquiry) {
  const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question);
  if (egress == nullptr || !egress->sni || egress->stage != wire::EgressStage::connect) return std::nullopt;
  const auto* const name = std::get_if<net::HostName>(&egress->host);
  if (name == nullptr) return egress->sni->empty() ? std::nullopt : std::optional(Reason::sni_mismatch);
  if (egress->sni->empty()) return Reason::sni_missing;
  return *egress->sni == name->view() ? std::nullopt : std::optional(Reason::sni_mismatch);
}

void explain_reasons(const Inquiry& inquiry, Explanation& out) {
  const auto add = [&](Reason reason) {
    if (std::ranges::find(out.reasons, reason) == out.reasons.end()) out.reasons.push_back(reason);
  };
  const bool subject_taken = out.decision.reason >= Reason::unknown_secret;
  if (!subject_taken) add(out.decision.reason);
  if (const auto failure = secret_failure(inquiry)) add(*failure);
  for (const GuardFinding& finding : out.guard) {
    if (!finding.opened) add(finding.reason);
  }
  if (const auto failure = server_name_failure(inquiry)) add(*failure);
  if (!subject_taken) return;  // no rule was looked at
  if (matched(out, Effect::deny) || matched(out, Effect::deny, true)) add(Reason::rule_deny);
  if (!is_covered(inquiry, out)) add(Reason::default_deny);
  if (out.reasons.empty()) add(Reason::rule_allow);
}

void declare(const JsonValue* declared, const JsonValue* stated, DeclaredProperties::Of of, SourcePlace place,
             Explanation& out) {
  if (declared == nullptr || declared->as_object() == nullptr || declared->as_object()->empty()) return;
  DeclaredProperties properties{of, std::move(place), JsonValue(JsonValue::Object{}), {}};
  for (const auto& [name, value] : *declared->as_object()) {
    if (stated != nullptr && stated->find(name) != nullptr) {
      properties.overruled.push_back(name);
    } else {
      properties.applied.set(name, value);
    }
  }
  out.declared.push_back(std::move(properties));
}

SourcePlace entity_place(const std::vector<model::Entities>& documents,
                         const std::vector<model::Entity> model::Entities::*list, std::string_view type,
                         std::string_view id) {
  for (const model::Entities& document : documents) {
    for (const model::Entity& entity : document.*list) {
      if (entity.type == type && entity.id == id) return entity.place;
    }
  }
  return {};
}

void explain_declared(const Inquiry& inquiry, Explanation& out) {
  const wire::Request& request = inquiry.request;
  const auto& entities = inquiry.snapshot.documents().entities;
  // What a request states of its subject counts in generic access alone (SEMANTICS §8).
  const bool generic = std::holds_alternative<wire::AccessQuestion>(request.question);
  declare(inquiry.snapshot.subject_properties(request.principal.type, request.principal.id),
          generic ? &request.principal.properties : nullptr, DeclaredProperties::Of::subject,
          entity_place(entities, &model::Entities::subjects, request.principal.type, request.principal.id), out);
  declare(inquiry.snapshot.resource_properties(request.resource_type, request.resource_id),
          &request.resource_properties, DeclaredProperties::Of::resource,
          entity_place(entities, &model::Entities::resources, request.resource_type, request.resource_id), out);
}

const wire::ProgramFile& program_of(const wire::ExecQuestion& exec, bool of_interpreter) {
  return of_interpreter && exec.interpreter ? *exec.interpreter : exec.program;
}

std::string asked_of(const wire::EgressQuestion& egress, std::string_view clause) {
  if (clause == "protocols") return std::string(wire::to_text(egress.protocol));
  if (clause == "ports") return std::to_string(egress.port);
  if (clause == "hosts" || clause == "internet") return net::to_string(egress.host);
  if (clause == "services") return fmt::format("{}:{}", net::to_string(egress.host), egress.port);
  if (clause == "methods") return egress.method.value_or("");
  if (clause == "paths") return egress.path.value_or("");
  if (clause != "cidrs") return {};
  std::vector<std::string> addresses;
  for (const net::IpAddress address : egress.addresses) addresses.push_back(address.to_string());
  return fmt::format("{}", fmt::join(addresses, ", "));
}

std::string asked_of(const wire::SecretQuestion& secret, std::string_view clause) {
  if (clause == "secrets") return secret.secret;
  if (clause == "uses" && secret.use) return *secret.use == wire::SecretUse::inject ? "inject" : "lease";
  if (clause == "methods") return secret.method.value_or("");
  if (clause == "paths") return secret.path.value_or("");
  if (clause == "models") return secret.model.value_or("");
  return {};
}

std::string asked_of(const wire::ExecQuestion& exec, std::string_view clause, bool of_interpreter) {
  const wire::ProgramFile& program = program_of(exec, of_interpreter);
  if (clause == "cwd") return exec.cwd.value_or("");
  if (clause == "users") return exec.user.value_or("");
  if (clause == "terminal") return exec.terminal ? (*exec.terminal ? "true" : "false") : "";
  if (clause != "programs") return {};
  if (!program.file || *program.file == program.path) return program.path;
  return fmt::format("{} ({})", program.path, *program.file);
}

}  // namespace

std::string asked(const wire::Request& request, std::string_view clause, bool of_interpreter) {
  if (const auto* const egress = std::get_if<wire::EgressQuestion>(&request.question)) return asked_of(*egress, clause);
  if (const auto* const secret = std::get_if<wire::SecretQuestion>(&request.question)) return asked_of(*secret, clause);
  if (const auto* const exec = std::get_if<wire::ExecQuestion>(&request.question)) {
    return asked_of(*exec, clause, of_interpreter);
  }
  if (clause == "actions") return request.action;
  return clause == "resources" ? fmt::format("{}:{}", request.resource_type, request.resource_id) : "";
}

Gap gap_of(const Inquiry& inquiry, const SourcePlace& rule, const decide::RuleSurvey::Failing& failing,
           bool of_interpreter) {
  Gap gap{std::string(failing.clause),
          failing.state,
          {},
          asked(inquiry.request, failing.clause, of_interpreter),
          failing.detail,
          {}};
  if (auto written = inquiry.text.of_rule(rule, failing.clause)) {
    gap.wanted = std::move(written->text);
    gap.place = std::move(written->place);
  }
  return gap;
}

Explanation explain(const compile::Snapshot& snapshot, const wire::Request& request,
                    const std::vector<wire::PolicyFile>* files) {
  Explanation out;
  decide::Trace trace;
  out.decision = decide::decide(snapshot, request, &trace);
  out.action = request.action;
  out.resource_type = request.resource_type;
  out.resource_id = request.resource_id;
  out.subject_type = request.principal.type;
  out.subject_id = request.principal.id;
  out.time = request.time;
  out.revision = snapshot.revision();
  PolicyText text(files);
  Inquiry inquiry{snapshot, request, text, decide::survey(snapshot, request), {}};
  if (without_interpreter(request)) {  // a survey holds the script's rules, then the interpreter's
    const auto half = inquiry.rules.begin() + static_cast<std::ptrdiff_t>(inquiry.rules.size() / 2);
    inquiry.interpreter.assign(std::make_move_iterator(half), std::make_move_iterator(inquiry.rules.end()));
    inquiry.rules.erase(half, inquiry.rules.end());
  }
  explain_rules(inquiry, trace, out);
  explain_roles(inquiry, trace, out);
  explain_guard(inquiry, out);
  explain_cover(inquiry, out);
  explain_reasons(inquiry, out);
  explain_declared(inquiry, out);
  if (out.decision.allowed) {
    explain_obligations(inquiry, out);
  } else {
    explain_why_not(inquiry, out);
  }
  return out;
}

}  // namespace portreeve::analyze

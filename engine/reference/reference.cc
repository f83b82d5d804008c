#include "engine/reference/reference.h"

#include <algorithm>
#include <variant>

#include "engine/reference/judgement.h"

namespace portreeve::reference {
namespace {

using wire::Decision;
using wire::Reason;

Findings look(const Asked& asked) {
  const wire::Question& question = asked.request.question;
  if (const auto* egress = std::get_if<wire::EgressQuestion>(&question)) return look_at_egress(asked, *egress);
  if (const auto* secret = std::get_if<wire::SecretQuestion>(&question)) return look_at_secret(asked, *secret);
  if (const auto* exec = std::get_if<wire::ExecQuestion>(&question)) return look_at_execution(asked, *exec);
  return look_at_access(asked);
}

// §1 from its second line on: the first that holds names the answer.
Reason reason_of(const Findings& found) {
  if (found.question) return *found.question;
  if (found.guard) return *found.guard;
  if (found.server_name) return *found.server_name;
  if (!found.denies.empty()) return Reason::rule_deny;
  if (found.allows.empty() || !found.all_is_allowed) return Reason::default_deny;
  return Reason::rule_allow;
}

Decision answer(const Findings& found) {
  Decision decision;
  decision.reason = reason_of(found);
  decision.allowed = decision.reason == Reason::rule_allow;
  std::vector<Match> determining = decision.allowed ? found.allows : found.denies;
  std::sort(determining.begin(), determining.end(), [](const Match& a, const Match& b) { return a.name < b.name; });
  for (const Match& match : determining) {
    decision.rules.push_back(match.name);
    if (decision.rule_reason.empty()) decision.rule_reason = match.reason;
  }
  if (decision.allowed) decision.obligations = found.obligations;
  return decision;
}

Decision refusal(Reason reason) {
  Decision decision;
  decision.reason = reason;
  return decision;
}

bool has_dry_run(const std::vector<Match>& matches) {
  return std::any_of(matches.begin(), matches.end(), [](const Match& match) { return match.dry_run; });
}

}  // namespace

Decision reference_decide(const model::PolicySet& set, const wire::Request& request,
                          const std::vector<net::IpPrefix>& own_addresses, Account* account) {
  if (request.identity_failure) return refusal(*request.identity_failure);
  if (refers_to_claims(set, request.principal)) return refusal(Reason::token_invalid);
  const bool needs_proof = !std::holds_alternative<wire::AccessQuestion>(request.question);
  if (needs_proof && request.principal.assurance == wire::Assurance::asserted) return refusal(Reason::token_missing);

  Account nobodys;
  const Subject subject = who_asks(set, request, account ? *account : nobodys);
  Decision decision = answer(look({set, request, own_addresses, subject, /*with_dry_runs=*/false, account}));
  const Findings if_enforced = look({set, request, own_addresses, subject, /*with_dry_runs=*/true, account});
  if (has_dry_run(if_enforced.denies) || has_dry_run(if_enforced.allows)) {
    const Decision would_be = answer(if_enforced);
    decision.dry_run = wire::DryRun{would_be.allowed, would_be.rules};
  }
  decision.roles = subject.roles;
  decision.tenant = subject.tenant;
  return decision;
}

bool takes_part(const Asked& asked, const model::PolicyHeader& policy, const model::RuleHeader& rule) {
  if (!rule.enforce && !asked.with_dry_runs) return false;
  if (policy.roles) {
    const bool has_one = std::any_of(policy.roles->begin(), policy.roles->end(), [&](const model::Reference& role) {
      return holds(asked.subject.roles, role.name);
    });
    if (!has_one) return false;
  }
  return !policy.tenants || (asked.subject.tenant && holds(*policy.tenants, *asked.subject.tenant));
}

void note(Findings& found, const model::PolicyHeader& policy, const model::RuleHeader& rule) {
  std::vector<Match>& matches = rule.effect == model::Effect::allow ? found.allows : found.denies;
  matches.push_back({policy.name + "/" + rule.id, rule.reason, !rule.enforce});
}

Findings look_at_access(const Asked& asked) {
  const wire::Request& request = asked.request;
  Findings found;
  for (const model::AccessPolicy& policy : asked.set.access_policies) {
    for (const model::AccessRule& rule : policy.rules) {
      if (!takes_part(asked, policy, rule)) continue;
      Clauses clauses(rule.effect, asked.account);
      if (rule.actions) clauses.add("actions", clause(holds(*rule.actions, request.action)));
      if (rule.resources) {
        const bool named = std::any_of(rule.resources->begin(), rule.resources->end(), [&](const auto& resource) {
          return resource.type == request.resource_type && (!resource.id || resource.id->matches(request.resource_id));
        });
        clauses.add("resources", clause(named));
      }
      add_condition(clauses, asked, rule);
      if (clauses.match()) note(found, policy, rule);
    }
  }
  found.all_is_allowed = !found.allows.empty();
  return found;
}

Findings look_at_secret(const Asked& asked, const wire::SecretQuestion& question) {
  Findings found;
  const model::Secret* secret = nullptr;
  for (const model::Secret& declared : asked.set.secrets) {
    if (declared.name == question.secret) secret = &declared;
  }
  const auto serves = [&](const wire::UpstreamUrl& upstream) { return question.upstream == upstream.to_string(); };
  if (!secret) {
    found.question = Reason::unknown_secret;
  } else if (std::none_of(secret->upstreams.begin(), secret->upstreams.end(), serves)) {
    found.question = Reason::foreign_upstream;
  }

  // A lease has no method, path or model, whatever the question says (§4).
  const bool lease = question.use == wire::SecretUse::lease;
  const std::optional<std::string> none;
  const auto& method = lease ? none : question.method;
  const auto& path = lease ? none : question.path;
  const auto& model = lease ? none : question.model;

  wire::SecretObligations obligations;
  obligations.use = question.use.value_or(wire::SecretUse::inject);
  for (const model::SecretPolicy& policy : asked.set.secret_policies) {
    for (const model::SecretRule& rule : policy.rules) {
      if (!takes_part(asked, policy, rule)) continue;
      const auto names = [&](const model::Reference& reference) { return reference.name == question.secret; };
      Clauses clauses(rule.effect, asked.account);
      if (rule.secrets) {
        clauses.add("secrets", clause(std::any_of(rule.secrets->begin(), rule.secrets->end(), names)));
      }
      if (rule.uses) clauses.add("uses", needs(question.use, [&](auto use) { return holds(*rule.uses, use); }));
      if (rule.methods) clauses.add("methods", needs(method, [&](auto& text) { return holds(*rule.methods, text); }));
      if (rule.paths) clauses.add("paths", needs(path, [&](auto& text) { return any_matches(*rule.paths, text); }));
      if (rule.models) clauses.add("models", needs(model, [&](auto& text) { return any_matches(*rule.models, text); }));
      add_condition(clauses, asked, rule);
      if (!clauses.match()) continue;
      note(found, policy, rule);
      if (rule.effect == model::Effect::deny) continue;
      at_most(obligations.requests_per_minute, rule.requests_per_minute);
      at_most(obligations.lease_ttl, rule.lease_ttl);
    }
  }
  found.all_is_allowed = !found.allows.empty();
  found.obligations = obligations;
  return found;
}

}  // namespace portreeve::reference

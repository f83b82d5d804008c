#include "tests/differential/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

#include "engine/base/check.h"
#include "engine/net/guard.h"
#include "engine/wire/reason.h"

namespace portreeve::differential {
namespace {

using model::Effect;
using reference::Clause;

constexpr std::array<std::string_view, 4> kDomainNames{"egress", "secret", "exec", "access"};
constexpr double kLeastAllowed = 20, kMostAllowed = 80;

struct ExpectedClause {
  std::size_t domain;
  std::string_view name;
  std::string_view on_allow;  // the states it can be in: y(es), n(o), u(nknown), e(rror)
  std::string_view on_deny;
};
constexpr std::string_view kStates = "nyue";  // in the order of the enumeration
constexpr std::array<std::string_view, 4> kStateNames{"fails", "holds", "is unknown", "is in error"};

constexpr ExpectedClause kExpectedClauses[] = {
    {0, "hosts", "yn", "yn"},        {0, "cidrs", "ynue", "ynue"}, {0, "services", "ynue", "ynue"},
    {0, "internet", "ynue", "ynue"}, {0, "ports", "yn", "yn"},     {0, "protocols", "yn", "yn"},
    {0, "methods", "ynue", "ynue"},  {0, "paths", "ynue", "ynue"}, {0, "when", "ynue", "ynue"},
    {1, "secrets", "yn", "yn"},      {1, "uses", "yne", "yne"},    {1, "methods", "yne", "yne"},
    {1, "paths", "yne", "yne"},      {1, "models", "yne", "yne"},  {1, "when", "yne", "yne"},
    {2, "programs", "yne", "yne"},   {2, "cwd", "yne", "yne"},     {2, "users", "yne", "yne"},
    {2, "terminal", "yn", "yne"},    {2, "when", "yne", "yne"},    {3, "actions", "yn", "yn"},
    {3, "resources", "yn", "yn"},    {3, "when", "yne", "yne"},
};

constexpr std::array<std::string_view, 18> kClauseNames{
    "hosts",   "cidrs", "services", "internet", "ports", "protocols", "methods",  "paths",   "when",
    "secrets", "uses",  "models",   "programs", "cwd",   "users",     "terminal", "actions", "resources"};

std::size_t clause_index(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kClauseNames, name) - kClauseNames.begin());
}

std::string clause_name(std::size_t domain, std::string_view clause, std::size_t effect, std::size_t state) {
  return fmt::format("{}: {} of {} {}", kDomainNames[domain], clause, effect == 0 ? "an allow" : "a deny",
                     kStateNames[state]);
}

// The codes that judgement gives stand before those that only gates do.
std::span<const wire::ReasonRow> reasons_of_judgement() {
  const auto all = wire::all_reasons();
  const auto end = std::ranges::find(all, wire::Reason::not_tls, &wire::ReasonRow::reason);
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

template <class Policies>
auto rules_named(const Policies& policies, const std::vector<std::string>& names) {
  using Rule = typename std::decay_t<decltype(policies.front().rules)>::value_type;
  std::vector<const Rule*> found;
  for (const std::string& name : names) {
    for (const auto& policy : policies) {
      if (!name.starts_with(policy.name) || name[policy.name.size()] != '/') continue;
      for (const Rule& rule : policy.rules) {
        if (name.substr(policy.name.size() + 1) == rule.id) found.push_back(&rule);
      }
    }
  }
  return found;
}

// Whether two of the rules state the limit, and not the same.
template <class Rule, class Get>
bool differ(const std::vector<const Rule*>& rules, Get get) {
  return std::ranges::any_of(rules, [&](const Rule* a) {
    return get(*a) && std::ranges::any_of(rules, [&](const Rule* b) { return get(*b) && get(*a) != get(*b); });
  });
}

constexpr std::string_view kObligations[] = {
    "egress: connect addresses",
    "egress: connect protocol tls",
    "egress: connect protocol tcp",
    "egress: bytesIn",
    "egress: bytesIn of two rules",
    "egress: bytesOut",
    "egress: bytesOut of two rules",
    "egress: idle",
    "egress: idle of two rules",
    "egress: total",
    "egress: total of two rules",
    "egress: connections",
    "egress: connections of two rules",
    "secret: use inject",
    "secret: use lease",
    "secret: requestsPerMinute",
    "secret: requestsPerMinute of two rules",
    "secret: leaseTtl",
    "secret: leaseTtl of two rules",
    "exec: env passed",
    "exec: env of two rules",
    "exec: env always dropped",
    "exec: env none",
    "exec: write granted",
    "exec: write of two rules",
    "exec: write none of two rules",
    "exec: write narrowed",
    "exec: wall",
    "exec: wall of two rules",
    "exec: cpu",
    "exec: cpu of two rules",
    "exec: memory",
    "exec: memory of two rules",
    "exec: processes",
    "exec: processes of two rules",
    "exec: openFiles",
    "exec: openFiles of two rules",
};

constexpr std::string_view kMeetings[] = {
    "a dry run that changes nothing",
    "a dry run that would allow",
    "a dry run that would deny",
    "a constraint violated",
    "a binding before its start",
    "a binding within its bounds",
    "a binding at or after its end",
    "a binding for another tenant",
    "roles from somewhere",
    "no role at all",
    "a tenant",
    "no tenant",
    "allowed by two rules",
    "the first stated reason of two denies",
    "a service opens a soft range",
    "a soft address beside a public one",
    "an address target",
    "a name with 64 addresses",
    "an allow where no one rule covers every address",
    "an own address",
    "a connect without addresses",
    "a CONNECT that is allowed",
    "a script with its interpreter, allowed",
    "a script with its interpreter, denied",
    "a file that the path does not name",
    "an asserted subject, allowed",
    "no session",
    "a token that ends",
};

}  // namespace

Coverage::Coverage() {
  for (const std::string_view name : kObligations) expect(std::string(name));
  for (const std::string_view name : kMeetings) expect(std::string(name));
}

void Coverage::count(std::string_view name) {
  const auto at = counts_.find(name);
  CHECK(at != counts_.end());
  ++at->second;
}

void Coverage::add(const model::PolicySet& set, const std::vector<net::IpPrefix>& own_addresses,
                   const Question& question, const wire::Decision& answer, const reference::Account& account) {
  const std::size_t domain = question.request.question.index();
  ++shares_[domain].asked;
  shares_[domain].allowed += answer.allowed ? 1 : 0;
  ++reasons_[static_cast<std::size_t>(answer.reason)];
  count_clauses(domain, account);
  count_obligations(set, question, answer);
  count_if(account.over_a_constraint, "a constraint violated");
  count_if(account.binding_before_start, "a binding before its start");
  count_if(account.binding_within_bounds, "a binding within its bounds");
  count_if(account.binding_at_or_after_end, "a binding at or after its end");
  count_if(account.binding_of_other_tenant, "a binding for another tenant");
  count_meetings(set, own_addresses, question, answer);
}

void Coverage::count_clauses(std::size_t domain, const reference::Account& account) {
  for (const auto& seen : account.clauses) {
    ++clauses_[domain][clause_index(seen.clause)][seen.effect == Effect::allow ? 0 : 1]
              [static_cast<std::size_t>(seen.state)];
  }
}

void Coverage::count_obligations(const model::PolicySet& set, const Question& question, const wire::Decision& answer) {
  const auto limit = [&](std::string_view name, const auto& merged, const auto& rules, auto get) {
    if (!merged) return;
    count(name);
    count_if(rules.size() > 1 && differ(rules, get), fmt::format("{} of two rules", name));
  };
  if (const auto* egress = std::get_if<wire::EgressObligations>(&answer.obligations)) {
    const auto rules = rules_named(set.egress_policies, answer.rules);
    using Rule = model::EgressRule;
    count_if(!egress->addresses.empty(), "egress: connect addresses");
    count_if(egress->protocol == wire::EgressProtocol::tls, "egress: connect protocol tls");
    count_if(egress->protocol == wire::EgressProtocol::tcp, "egress: connect protocol tcp");
    limit("egress: bytesIn", egress->limits.bytes_in, rules, [](const Rule& r) { return r.limits.bytes_in; });
    limit("egress: bytesOut", egress->limits.bytes_out, rules, [](const Rule& r) { return r.limits.bytes_out; });
    limit("egress: idle", egress->limits.idle, rules, [](const Rule& r) { return r.limits.idle; });
    limit("egress: total", egress->limits.total, rules, [](const Rule& r) { return r.limits.total; });
    limit("egress: connections", egress->limits.connections, rules, [](const Rule& r) { return r.limits.connections; });
  }
  if (const auto* secret = std::get_if<wire::SecretObligations>(&answer.obligations)) {
    const auto rules = rules_named(set.secret_policies, answer.rules);
    using Rule = model::SecretRule;
    count(secret->use == wire::SecretUse::inject ? "secret: use inject" : "secret: use lease");
    limit("secret: requestsPerMinute", secret->requests_per_minute, rules,
          [](const Rule& r) { return r.requests_per_minute; });
    limit("secret: leaseTtl", secret->lease_ttl, rules, [](const Rule& r) { return r.lease_ttl; });
  }
  if (const auto* exec = std::get_if<wire::ExecObligations>(&answer.obligations)) {
    const auto rules = rules_named(set.execution_policies, answer.rules);
    using Rule = model::ExecRule;
    const auto& asked = std::get<wire::ExecQuestion>(question.request.question);
    const bool several = rules.size() > 1;
    count_if(!exec->env.empty(), "exec: env passed");
    count_if(exec->env.empty() && !asked.env.empty(), "exec: env none");
    count_if(!exec->env.empty() && several && differ(rules, [](const Rule& r) { return r.env_pass; }),
             "exec: env of two rules");
    const bool dropped = std::ranges::find(asked.env, "LD_PRELOAD") != asked.env.end() &&
                         std::ranges::all_of(rules, [](const Rule* rule) {
                           return rule->env_pass && std::ranges::any_of(*rule->env_pass, [](const auto& pattern) {
                                    return pattern.matches("LD_PRELOAD");
                                  });
                         });
    count_if(dropped, "exec: env always dropped");
    count_if(!exec->write.empty(), "exec: write granted");
    const auto write = [](const Rule& r) { return r.write; };
    count_if(!exec->write.empty() && several && differ(rules, write), "exec: write of two rules");
    count_if(exec->write.empty() && several && differ(rules, write), "exec: write none of two rules");
    const bool narrowed = std::ranges::any_of(exec->write, [&](const std::string& path) {
      return std::ranges::any_of(rules, [&](const Rule* rule) {
        return rule->write && std::ranges::none_of(*rule->write, [&](const auto& g) { return g.to_string() == path; });
      });
    });
    count_if(narrowed, "exec: write narrowed");
    limit("exec: wall", exec->limits.wall, rules, [](const Rule& r) { return r.limits.wall; });
    limit("exec: cpu", exec->limits.cpu, rules, [](const Rule& r) { return r.limits.cpu; });
    limit("exec: memory", exec->limits.memory, rules, [](const Rule& r) { return r.limits.memory; });
    limit("exec: processes", exec->limits.processes, rules, [](const Rule& r) { return r.limits.processes; });
    limit("exec: openFiles", exec->limits.open_files, rules, [](const Rule& r) { return r.limits.open_files; });
  }
}

void Coverage::count_meetings(const model::PolicySet& set, const std::vector<net::IpPrefix>& own_addresses,
                              const Question& question, const wire::Decision& answer) {
  const wire::Principal& principal = question.principal;
  if (answer.dry_run) {
    count(answer.dry_run->allowed == answer.allowed ? "a dry run that changes nothing"
          : answer.dry_run->allowed                 ? "a dry run that would allow"
                                                    : "a dry run that would deny");
  }
  count(answer.roles.empty() ? "no role at all" : "roles from somewhere");
  count(answer.tenant ? "a tenant" : "no tenant");
  count_if(answer.allowed && answer.rules.size() > 1, "allowed by two rules");
  count_if(!answer.allowed && answer.rules.size() > 1 && !answer.rule_reason.empty(),
           "the first stated reason of two denies");
  count_if(answer.allowed && principal.assurance == wire::Assurance::asserted, "an asserted subject, allowed");
  count_if(!principal.session, "no session");
  count_if(principal.token_expires.has_value(), "a token that ends");
  if (const auto* egress = std::get_if<wire::EgressQuestion>(&question.request.question)) {
    const auto& addresses = egress->addresses;
    const auto tier_of = [](const net::IpAddress& address) { return net::tier(net::classify(address)); };
    const auto is_soft = [&](const auto& address) { return tier_of(address) == net::GuardTier::soft; };
    const auto is_open = [&](const auto& address) { return tier_of(address) == net::GuardTier::open; };
    const bool soft = std::ranges::any_of(addresses, is_soft);
    const bool connect = egress->stage == wire::EgressStage::connect;
    count_if(soft && answer.allowed, "a service opens a soft range");
    count_if(soft && std::ranges::any_of(addresses, is_open), "a soft address beside a public one");
    count_if(std::holds_alternative<net::IpAddress>(egress->host), "an address target");
    count_if(addresses.size() == 64, "a name with 64 addresses");
    count_if(connect && addresses.empty(), "a connect without addresses");
    count_if(answer.allowed && connect && egress->protocol == wire::EgressProtocol::connect,
             "a CONNECT that is allowed");
    count_if(answer.reason == wire::Reason::guard_own_address && !own_addresses.empty(), "an own address");
    if (answer.allowed && answer.rules.size() > 1 && addresses.size() > 1) {
      const auto rules = rules_named(set.egress_policies, answer.rules);
      const bool none_covers_all = std::ranges::none_of(rules, [&](const model::EgressRule* rule) {
        return !rule->cidrs || std::ranges::all_of(addresses, [&](const auto& address) {
          return std::ranges::any_of(*rule->cidrs, [&](const auto& prefix) { return prefix.contains(address); });
        });
      });
      count_if(none_covers_all, "an allow where no one rule covers every address");
    }
  }
  if (const auto* exec = std::get_if<wire::ExecQuestion>(&question.request.question)) {
    count_if(exec->interpreter && answer.allowed, "a script with its interpreter, allowed");
    count_if(exec->interpreter && !answer.allowed, "a script with its interpreter, denied");
    count_if(exec->program.file && *exec->program.file != exec->program.path && answer.allowed,
             "a file that the path does not name");
  }
}

std::uint64_t Coverage::cases() const {
  return std::accumulate(shares_.begin(), shares_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Share& share) { return sum + share.asked; });
}

double Coverage::allowed() const {
  Share all;
  for (const Share& share : shares_) {
    all.asked += share.asked;
    all.allowed += share.allowed;
  }
  return all.percent();
}

std::map<std::string, std::uint64_t> Coverage::all_counts() const {
  std::map<std::string, std::uint64_t> out(counts_.begin(), counts_.end());
  for (const wire::ReasonRow& row : reasons_of_judgement()) {
    out[fmt::format("reason {}", row.code)] = reasons_[static_cast<std::size_t>(row.reason)];
  }
  for (const ExpectedClause& clause : kExpectedClauses) {
    for (std::size_t effect = 0; effect < 2; ++effect) {
      for (const char state : effect == 0 ? clause.on_allow : clause.on_deny) {
        const std::size_t at = kStates.find(state);
        out[clause_name(clause.domain, clause.name, effect, at)] =
            clauses_[clause.domain][clause_index(clause.name)][effect][at];
      }
    }
  }
  return out;
}

std::string Coverage::table() const {
  std::string out = fmt::format("{} cases, {:.1f} % allowed\n", cases(), allowed());
  for (std::size_t domain = 0; domain < kDomains; ++domain) {
    out += fmt::format("{:>10} {} questions, {:.1f} % allowed\n", shares_[domain].asked, kDomainNames[domain],
                       shares_[domain].percent());
  }
  for (const auto& [name, count] : all_counts()) out += fmt::format("{:>10} {}\n", count, name);
  return out;
}

std::vector<std::string> Coverage::gaps() const {
  std::vector<std::string> out;
  for (const auto& [name, count] : all_counts()) {
    if (count == 0) out.push_back("never reached: " + name);
  }
  const auto check = [&](std::string_view name, double percent) {
    if (percent < kLeastAllowed || percent > kMostAllowed) {
      out.push_back(
          fmt::format("{:.1f} % of {} are allows, not {} to {} %", percent, name, kLeastAllowed, kMostAllowed));
    }
  };
  check("all answers", allowed());
  for (std::size_t domain = 0; domain < kDomains; ++domain) check(kDomainNames[domain], shares_[domain].percent());
  return out;
}

}  // namespace portreeve::differential

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/analyze/remedies.h"

namespace portreeve::analyze {
namespace {

Suggestion needed(Remedy remedy, std::string text) {
  Suggestion out;
  out.remedy = remedy;
  out.needed = true;
  out.text = std::move(text);
  return out;
}

// An InternalService that lists the name already: what it says and the question does not keep to.
std::string service_text(const model::InternalService& service, const wire::EgressQuestion& question,
                         const std::vector<std::string>& addresses) {
  std::vector<std::string> lacks;
  const bool port =
      std::ranges::any_of(service.ports, [&](const model::PortRange& range) { return range.contains(question.port); });
  if (!port) lacks.push_back(fmt::format("port {}", question.port));
  for (const std::string& text : addresses) {
    const auto address = net::IpAddress::parse(text);
    const bool inside = address && std::ranges::any_of(service.addresses, [&](const net::IpPrefix& prefix) {
                          return prefix.contains(*address);
                        });
    if (!inside) lacks.push_back(text);
  }
  if (lacks.empty())
    return fmt::format("`{}` declares it, and a rule with `services: [{}]` would open it", service.name, service.name);
  return fmt::format("`{}` names the host but not {}: add that, and a rule with `services: [{}]`", service.name,
                     fmt::join(lacks, " and "), service.name);
}

std::string protocol_of(const wire::EgressQuestion& question) {
  return std::string(question.protocol == wire::EgressProtocol::connect ? "tls" : wire::to_text(question.protocol));
}

std::string service_yaml(const Inquiry& inquiry, const Explanation& explanation, const wire::EgressQuestion& question,
                         const std::vector<std::string>& addresses) {
  const std::string host = net::to_string(question.host);
  const std::string name = name_for(host);
  std::vector<std::string> prefixes;
  for (const std::string& address : addresses) {
    prefixes.push_back(yaml_text(address + (address.find(':') == std::string::npos ? "/32" : "/128")));
  }
  const std::string rule = fmt::format("{{ id: {}, effect: allow, services: [{}] }}", name, name);
  return fmt::format(
             "apiVersion: portreeve/v1\nkind: InternalService\nmetadata: {{ name: {} }}\nspec:\n  hosts: [{}]\n  "
             "addresses: {}\n  ports: [{}]\n  protocols: [{}]\n---\n",
             name, yaml_text(host), yaml_list(prefixes), question.port, protocol_of(question)) +
         exact_policy(inquiry, explanation, rule);
}

Suggestion declare(const Inquiry& inquiry, const Explanation& explanation, const wire::EgressQuestion& question,
                   const std::vector<const GuardFinding*>& found) {
  std::vector<std::string> inside;
  std::vector<std::string> addresses;
  for (const GuardFinding* finding : found) {
    inside.push_back(fmt::format("{} {} ({})", to_text(finding->what), finding->value, wire::code(finding->reason)));
    if (finding->what == GuardFinding::What::address) addresses.push_back(finding->value);
  }
  const std::string what = fmt::format("{}", fmt::join(inside, ", "));
  if (std::holds_alternative<net::IpAddress>(question.host)) {
    Suggestion out = needed(Remedy::none,
                            fmt::format("{} is inside: it is reached by a name that an InternalService lists, never by "
                                        "address",
                                        what));
    return out;
  }
  const std::vector<std::string>& services = found.front()->services;
  if (!services.empty()) {
    const auto& declared = inquiry.snapshot.documents().internal_services;
    const auto service = std::ranges::find(declared, services.front(), &model::InternalService::name);
    Suggestion out = needed(Remedy::declare_service, fmt::format("{} is inside: InternalService {}", what,
                                                                 service_text(*service, question, addresses)));
    out.place = service->place;
    return out;
  }
  Suggestion out =
      needed(Remedy::declare_service,
             fmt::format("{} is inside: an InternalService that lists `{}`, port {} and the address, and a "
                         "rule with `services`, would open it",
                         what, net::to_string(question.host), question.port));
  // Only what a service may declare; the name alone says nothing of its address.
  if (addresses.empty()) {
    for (const net::IpAddress address : question.addresses) addresses.push_back(address.to_string());
  }
  if (!addresses.empty()) out.yaml = service_yaml(inquiry, explanation, question, addresses);
  return out;
}

}  // namespace

Suggestion name_known_secrets(const Inquiry& inquiry, const wire::SecretQuestion& question) {
  std::vector<std::string_view> names;
  for (const model::Secret& secret : inquiry.snapshot.documents().secrets) names.push_back(secret.name);
  const std::string_view near = closest(question.secret, names);
  std::string text = fmt::format("no Secret is named `{}`", question.secret);
  if (!near.empty()) {
    text += fmt::format("; did you mean `{}`?", near);
  } else {
    text += names.empty() ? "; none is declared" : fmt::format("; there is {}", fmt::join(names, ", "));
  }
  return needed(Remedy::ask_differently, std::move(text));
}

Suggestion name_own_upstreams(const Inquiry& inquiry, const wire::SecretQuestion& question) {
  const auto& secrets = inquiry.snapshot.documents().secrets;
  const auto secret = std::ranges::find(secrets, question.secret, &model::Secret::name);
  std::vector<std::string> upstreams;
  if (secret != secrets.end()) {
    for (const wire::UpstreamUrl& upstream : secret->upstreams) upstreams.push_back(upstream.to_string());
  }
  const std::string asked = question.upstream ? fmt::format("`{}` is not one of", *question.upstream)
                                              : std::string("the question names none of");
  Suggestion out = needed(Remedy::ask_differently, fmt::format("{} the upstreams of `{}`: it is spent at {} alone",
                                                               asked, question.secret, fmt::join(upstreams, ", ")));
  if (secret != secrets.end()) out.place = secret->place;
  return out;
}

void add_guard(const Inquiry& inquiry, const Explanation& explanation, std::vector<Suggestion>& out) {
  std::vector<const GuardFinding*> soft;
  for (const GuardFinding& finding : explanation.guard) {
    if (finding.opened) continue;
    if (!finding.hard) {
      soft.push_back(&finding);
      continue;
    }
    out.push_back(
        needed(Remedy::none, fmt::format("{} {}: {} ({}); no policy opens that", to_text(finding.what), finding.value,
                                         wire::meaning(finding.reason), wire::code(finding.reason))));
  }
  const auto* const egress = std::get_if<wire::EgressQuestion>(&inquiry.request.question);
  if (!soft.empty() && egress != nullptr) out.push_back(declare(inquiry, explanation, *egress, soft));
}

Suggestion lift(const Inquiry& inquiry, const decide::RuleSurvey& rule, bool of_interpreter) {
  std::string text = fmt::format("{} denies it{}", rule.rule, of_interpreter ? " for the interpreter" : "");
  if (const auto reason = inquiry.text.of_rule(rule.place, "reason")) text += fmt::format(" ({})", reason->text);
  Suggestion out;
  for (const auto& failing : rule.failing) {
    out.gaps.push_back(gap_of(inquiry, rule.place, failing, of_interpreter));
    const Gap& gap = out.gaps.back();
    text += fmt::format(", as its `{}` cannot be told{}{}", gap.clause, gap.detail.empty() ? "" : ": ", gap.detail);
  }
  text += "; a deny overrides every allow: narrow the rule, or take it away";
  out.remedy = Remedy::lift_deny;
  out.needed = true;
  out.rule = rule.rule;
  out.place = rule.place;
  out.text = std::move(text);
  return out;
}

Suggestion cover(const Explanation& explanation) {
  std::vector<std::string> rules;
  for (const ConsideredRule& rule : explanation.rules) {
    if (rule.matched && rule.enforced && rule.effect == model::Effect::allow) rules.push_back(rule.rule);
  }
  return needed(
      Remedy::cover_addresses,
      fmt::format("{} {}, but not {}: every address has to be allowed, by one rule or another", fmt::join(rules, ", "),
                  rules.size() == 1 ? "allows some addresses" : "allow some addresses",
                  fmt::join(explanation.uncovered, ", ")));
}

}  // namespace portreeve::analyze

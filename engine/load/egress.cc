#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/load/rules.h"
#include "engine/net/endpoint.h"
#include "engine/net/guard.h"

namespace portreeve::load {
namespace {

constexpr std::string_view kListPrefix = "list:";
constexpr int kShortestV4 = 16;
constexpr int kShortestV6 = 48;

std::string_view describe_guard(net::NameGuard guard) {
  switch (guard) {
    case net::NameGuard::special_use:
      return "is a special-use name";
    case net::NameGuard::metadata:
      return "is a cloud's metadata name";
    case net::NameGuard::single_label:
      return "has one label only";
  }
  return "";
}

// What would be right instead of a text that is no host pattern. `prefixes` is the field that takes those; empty: none.
std::string help_for_host(std::string_view text, std::string_view prefixes) {
  const std::string where = prefixes.empty() ? "the `cidrs` of a rule" : fmt::format("`{}`", prefixes);
  if (const auto address = net::IpAddress::parse(text))
    return fmt::format("an address stands in {}: `{}/{}`", where, address->to_string(), address->bits());
  if (net::IpPrefix::parse(text)) return fmt::format("a prefix stands in {}", where);
  if (text.find("://") != std::string_view::npos || text.find('/') != std::string_view::npos)
    return "write the name alone: what flows stands in `protocols`, paths in `paths`";
  if (text.find(':') != std::string_view::npos) return "write the name alone: ports stand in `ports`";
  return text.ends_with('.') ? "write it without the dot at its end" : "";
}

std::optional<net::HostPattern> read_host(const Node& node, std::string_view prefixes, Report& report) {
  auto pattern = parse_policy_host(node.text);
  if (pattern) return *std::move(pattern);
  report.error(node.at, std::move(pattern).error().message, help_for_host(node.text, prefixes));
  return std::nullopt;
}

std::vector<net::HostPattern> read_plain_hosts(const Fields& fields, std::string_view prefixes, Context& context) {
  std::vector<net::HostPattern> out;
  for (const Node* node : fields.list("hosts")) {
    if (node->text.starts_with(kListPrefix)) {
      context.report.error(node->at, fmt::format("`{}` stands in no rule", printable(node->text)),
                           "only an EgressPolicy's rules name lists");
      continue;
    }
    if (auto pattern = read_host(*node, prefixes, context.report)) out.push_back(*std::move(pattern));
  }
  return out;
}

std::optional<std::vector<model::PortRange>> read_ports(const Fields& fields, Report& report) {
  if (!fields.has("ports")) return std::nullopt;
  std::vector<model::PortRange> out;
  for (const Node* node : fields.list("ports")) {
    const std::size_t dash = node->text.find('-');
    const auto first = net::parse_port(node->text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : net::parse_port(node->text.substr(dash + 1));
    if (first && last && *first <= *last) {
      out.push_back({*first, *last});
    } else {
      report.error(node->at, fmt::format("`{}` is neither a port nor a range of ports", printable(node->text)),
                   "write `443` or `8000-8099`, from 1 to 65535");
    }
  }
  return out;
}

std::optional<std::vector<model::Protocol>> read_protocols(const Fields& fields) {
  if (!fields.has("protocols")) return std::nullopt;
  std::vector<model::Protocol> out;
  for (const Node* node : fields.list("protocols")) {
    out.push_back(node->text == "tls"    ? model::Protocol::tls
                  : node->text == "http" ? model::Protocol::http
                                         : model::Protocol::tcp);
  }
  return out;
}

// What an allow rule's host must not be. `where` names the list it comes from, if it does.
struct HostCheck {
  const RuleReader& rule;
  bool suffix_acknowledged;
  bool direct;

  void operator()(const net::HostPattern& pattern, At at, const std::string& where) const {
    Context& context = rule.context;
    const std::string written = pattern.to_string();
    if (const auto guard = net::classify_pattern(pattern)) {
      context.report.error(at,
                           fmt::format("{}`{}` {}, which no allow rule opens", where, written, describe_guard(*guard)),
                           "declare an InternalService and name it in `services`");
      return;
    }
    if (!suffix_acknowledged) check_suffix(pattern, at, where);
    if (!direct) check_upstream(pattern, at, where);
  }

  void check_suffix(const net::HostPattern& pattern, At at, const std::string& where) const {
    if (pattern.kind() == net::HostPattern::Kind::exact) return;
    const auto suffix = rule.context.suffixes().covered_by(pattern);
    if (!suffix) return;
    const std::string written = pattern.to_string();
    const bool whole = *suffix == pattern.suffix().view();
    rule.context.report.error(
        at,
        whole ? fmt::format("{}host pattern `{}` covers a whole public suffix", where, written)
              : fmt::format("{}host pattern `{}` covers the public suffix `{}`", where, written, *suffix),
        fmt::format("name a domain below it, like `*.example.{}`, or write `publicSuffix: acknowledged`",
                    suffix->starts_with("*.") ? suffix->substr(2) : *suffix));
  }

  void check_upstream(const net::HostPattern& pattern, At at, const std::string& where) const {
    const auto& names = rule.context.upstream_names;
    const auto tell = [&](const net::HostName& name, const std::string& secret) {
      rule.context.report.error(
          at,
          fmt::format("{}`{}` lets the sandbox reach `{}` directly, which secret `{}` serves through the broker", where,
                      pattern.to_string(), name.view(), secret),
          "remove it, or write `direct: true`");
    };
    if (pattern.kind() == net::HostPattern::Kind::exact) {
      if (const auto found = names.find(pattern.suffix()); found != names.end()) tell(found->first, found->second);
      return;
    }
    for (const auto& [name, secret] : names) {
      if (pattern.matches(name)) return tell(name, secret);
    }
  }
};

void read_hosts(const RuleReader& rule, model::EgressRule& out) {
  if (!rule.fields.has("hosts")) return;
  out.hosts.emplace();
  Context& context = rule.context;
  const HostCheck check{rule, out.public_suffix_acknowledged, out.direct};
  for (const Node* node : rule.fields.list("hosts")) {
    if (!node->text.starts_with(kListPrefix)) {
      const auto pattern = read_host(*node, "cidrs", context.report);
      if (!pattern) continue;
      if (rule.allows()) check(*pattern, node->at, "");
      out.hosts->push_back(*pattern);
      continue;
    }
    const std::string name(node->text.substr(kListPrefix.size()));
    if (!context.names.check(Kind::list, name, node->at, context.report)) continue;
    const auto known = context.lists.find(name);
    if (known == context.lists.end()) continue;
    for (const net::HostPattern& pattern : context.set.lists[known->second].hosts) {
      if (rule.allows()) check(pattern, node->at, fmt::format("list `{}`: ", name));
      out.hosts->push_back(pattern);
    }
  }
}

void check_allowed_prefix(const RuleReader& rule, const net::IpPrefix& prefix, At at, bool direct) {
  Report& report = rule.context.report;
  if (const auto range = net::overlaps_guard(prefix)) {
    const bool soft = net::tier(*range) == net::GuardTier::soft;
    report.error(at, fmt::format("`{}` overlaps the guard (`{}`)", prefix.to_string(), net::guard_code(*range)),
                 soft                   ? "declare an InternalService and name it in `services`"
                 : prefix.length() == 0 ? "no rule opens it; any public name is `internet: true`"
                                        : "no rule opens it");
    return;
  }
  if (direct) return;
  const auto& addresses = rule.context.upstream_addresses;
  for (auto it = addresses.lower_bound(prefix.network()); it != addresses.end() && prefix.contains(it->first); ++it) {
    report.error(at,
                 fmt::format("`{}` lets the sandbox reach `{}` directly, which secret `{}` serves through the broker",
                             prefix.to_string(), it->first.to_string(), it->second),
                 "remove it, or write `direct: true`");
    return;
  }
}

void read_cidrs(const RuleReader& rule, model::EgressRule& out) {
  if (!rule.fields.has("cidrs")) return;
  out.cidrs.emplace();
  for (const Node* node : rule.fields.list("cidrs")) {
    auto prefix = net::IpPrefix::parse(node->text);
    if (!prefix) {
      rule.context.report.error(node->at, std::move(prefix).error().message);
      continue;
    }
    if (rule.allows()) check_allowed_prefix(rule, *prefix, node->at, out.direct);
    out.cidrs->push_back(*prefix);
  }
}

void check_ports_of_service(const RuleReader& rule, const model::EgressRule& out, const model::Reference& service) {
  if (!out.ports || out.ports->empty()) return;
  const auto known = rule.context.services.find(service.name);
  if (known == rule.context.services.end()) return;
  const auto& theirs = rule.context.set.internal_services[known->second].ports;
  const bool common = std::ranges::any_of(*out.ports, [&](const model::PortRange& ours) {
    return std::ranges::any_of(theirs,
                               [&](const model::PortRange& t) { return ours.first <= t.last && t.first <= ours.last; });
  });
  if (!common && !theirs.empty()) {
    rule.warn("ports",
              fmt::format("rule `{}` never matches service `{}`: they have no port in common", rule.name, service.name),
              "leave `ports` out to take the service's");
  }
}

void read_services(const RuleReader& rule, model::EgressRule& out) {
  out.services = read_optional_references(rule.fields, "services", Kind::internal_service, rule.context);
  if (!out.services) return;
  for (const model::Reference& service : *out.services) {
    check_ports_of_service(rule, out, service);
    const auto known = rule.context.services.find(service.name);
    if (!rule.allows() || out.direct || known == rule.context.services.end()) continue;
    const HostCheck check{rule, true, out.direct};
    for (const net::HostPattern& pattern : rule.context.set.internal_services[known->second].hosts) {
      check.check_upstream(pattern, rule.fields.at("services"), fmt::format("service `{}`: ", service.name));
    }
  }
}

void check_target(const RuleReader& rule) {
  rule.require_target({"hosts", "cidrs", "services", "internet"}, "`hosts`, `cidrs`, `services` or `internet: true`");
  std::string_view first;
  for (const std::string_view key : {"hosts", "cidrs", "services", "internet"}) {
    const bool with_hosts = key == "cidrs" && first == "hosts";
    if (!rule.fields.has(key) || with_hosts) continue;
    if (first.empty()) {
      first = key;
      continue;
    }
    rule.error(key, fmt::format("`{}` stands beside `{}`: a rule has one kind of target", key, first),
               "write two rules");
  }
}

void check_protocols(const RuleReader& rule, const model::EgressRule& out) {
  const auto speaks = [&](model::Protocol protocol) {
    return out.protocols && std::ranges::find(*out.protocols, protocol) != out.protocols->end();
  };
  if (rule.allows() && speaks(model::Protocol::tcp)) {
    const bool services = rule.fields.has("services");
    if (!services && !rule.fields.has("hosts")) {
      rule.error("protocols", "an allow rule for `tcp` needs hosts or services",
                 "nothing inside tcp says where it goes: name it");
    }
    if (!services && !rule.fields.has("ports"))
      rule.error("protocols", "an allow rule for `tcp` needs ports", "add `ports: […]`");
  }
  const bool only_http = out.protocols && out.protocols->size() == 1 && speaks(model::Protocol::http);
  for (const std::string_view key : {"methods", "paths"}) {
    if (!rule.fields.has(key) || only_http ||
        (rule.fields.has("protocols") && rule.fields.find("protocols") == nullptr))
      continue;
    rule.error(key, fmt::format("`{}` needs `protocols: [http]`", key), "inside TLS nobody sees them");
  }
}

void read_limits(const Fields& fields, model::EgressRuleLimits& out) {
  const auto limits = fields.nested("limits");
  if (!limits) return;
  out = {limits->size("bytesIn"), limits->size("bytesOut"), limits->duration("idle"), limits->duration("total"),
         limits->integer("connections")};
}

void warn_of_forbidden_ports(const RuleReader& rule) {
  if (!rule.allows()) return;
  for (const Node* node : rule.fields.list("ports")) {
    const auto port = net::parse_port(node->text);
    if (!port || !net::is_forbidden_port(*port)) continue;
    rule.context.report.warn(node->at, fmt::format("port {} is a control plane's, which no rule opens", *port),
                             "remove it");
  }
}

void check_internet(const RuleReader& rule, const model::EgressRule& out) {
  if (!out.internet || !rule.allows()) return;
  rule.warn("internet",
            "`internet: true` makes DNS a channel outward: any name may be looked up, and a name can carry data",
            "list hosts where you can");
  if (out.direct)
    rule.warn("direct", "`direct` has no effect here: `internet: true` never matches a Secret's upstream");
}

void read_rule(const RuleReader& rule, model::EgressRule& out) {
  const Fields& fields = rule.fields;
  out.public_suffix_acknowledged = fields.find("publicSuffix") != nullptr;
  out.direct = fields.affirmed("direct");
  out.internet = fields.affirmed("internet");
  out.ports = read_ports(fields, rule.context.report);
  warn_of_forbidden_ports(rule);
  out.protocols = read_protocols(fields);
  out.methods = read_methods(fields, "methods", rule.context.report);
  out.paths = read_http_paths(fields, "paths", rule.context.report);
  read_hosts(rule, out);
  read_cidrs(rule, out);
  read_services(rule, out);
  read_limits(fields, out.limits);
  rule.refuse_on_deny({"limits"});
  if (rule.denies()) {
    for (const std::string_view key : {"publicSuffix", "direct"}) {
      if (fields.has(key)) rule.warn(key, fmt::format("`{}` has no effect on a deny rule", key), "remove it");
    }
  }
  check_target(rule);
  check_protocols(rule, out);
  check_internet(rule, out);
}

void read_addresses(const Fields& fields, Context& context, model::InternalService& out) {
  for (const Node* node : fields.list("addresses")) {
    auto prefix = net::IpPrefix::parse(node->text);
    if (!prefix) {
      context.report.error(node->at, std::move(prefix).error().message);
      continue;
    }
    const int shortest = prefix->is_v4() ? kShortestV4 : kShortestV6;
    if (const auto range = net::overlaps_hard(*prefix)) {
      context.report.error(node->at,
                           fmt::format("`{}` overlaps the guard (`{}`)", prefix->to_string(), net::guard_code(*range)),
                           "nothing opens it");
    } else if (prefix->length() < shortest) {
      context.report.error(node->at, fmt::format("`{}` is too wide for one service", prefix->to_string()),
                           fmt::format("at least /{}", shortest));
    }
    out.addresses.push_back(*prefix);
  }
}

void check_service_ports(const Fields& fields, Context& context, const model::InternalService& service) {
  for (const Node* node : fields.list("ports")) {
    const std::size_t dash = node->text.find('-');
    const auto first = net::parse_port(node->text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : net::parse_port(node->text.substr(dash + 1));
    if (!first || !last) continue;
    for (std::uint32_t port = *first; port <= *last; ++port) {
      if (!net::is_forbidden_port(static_cast<std::uint16_t>(port))) continue;
      context.report.error(node->at, fmt::format("port {} is a control plane's", port), "nothing opens it");
      break;
    }
  }
  const bool tcp = std::ranges::find(service.protocols, model::Protocol::tcp) != service.protocols.end();
  if (fields.has("ports")) return;
  if (tcp) context.report.error(fields.at("protocols"), "a service that speaks `tcp` needs ports", "add `ports: […]`");
  if (service.protocols.size() > 1 && !tcp) {
    context.report.error(fields.at("protocols"), "a service of two protocols needs ports", "add `ports: […]`");
  }
}

}  // namespace

void read_list(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::list).spec, context.report);
  model::List list{document_of(draft, context), read_plain_hosts(fields, "", context)};
  context.lists.emplace(draft.name, context.set.lists.size());
  context.set.lists.push_back(std::move(list));
}

void read_internal_service(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::internal_service).spec, context.report);
  model::InternalService service;
  static_cast<model::Document&>(service) = document_of(draft, context);
  service.hosts = read_plain_hosts(fields, "addresses", context);
  read_addresses(fields, context, service);
  service.protocols = read_protocols(fields).value_or(std::vector{model::Protocol::tls});
  service.ports = read_ports(fields, context.report).value_or(std::vector<model::PortRange>{});
  check_service_ports(fields, context, service);
  if (!fields.has("ports")) {
    const bool http = service.protocols == std::vector{model::Protocol::http};
    service.ports = {http ? model::PortRange{80, 80} : model::PortRange{443, 443}};
  }
  if (const auto mesh = fields.nested("mesh")) service.mesh_tag = mesh->text("tag");
  context.services.emplace(draft.name, context.set.internal_services.size());
  context.set.internal_services.push_back(std::move(service));
}

void read_egress_policy(const Draft& draft, Context& context) {
  context.set.egress_policies.push_back(read_policy<model::EgressPolicy>(draft, context, read_rule));
}

}  // namespace portreeve::load

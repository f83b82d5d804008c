// Egress rules that meet: tcp denies that close what tls allows open, and rules that others leave nothing to decide.
// Warnings only, so the search is bounded and misses rather than guesses.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/load/context.h"

namespace portreeve::load {
namespace {

constexpr std::size_t kMostComparisons = 2'000'000;

struct RuleUse {
  const model::EgressPolicy* policy;
  const model::EgressRule* rule;
  std::string name() const { return policy->name + "/" + rule->id; }
};

struct Entry {
  const net::HostPattern* pattern;
  RuleUse use;
};

// Patterns of rules by suffix: labels from the right, each followed by a NUL, so that what stands below a name follows
// it.
class PatternIndex {
 public:
  void add(const RuleUse& use) {
    if (!use.rule->hosts) return;
    for (const net::HostPattern& pattern : *use.rule->hosts)
      entries_.emplace(key_of(pattern.suffix()), Entry{&pattern, use});
  }

  bool empty() const { return entries_.empty(); }

  // The first rule of which a pattern at, above or (with `below`) under `pattern`'s suffix satisfies `test`.
  template <class Test>
  const Entry* find(const net::HostPattern& pattern, bool below, Test test) {
    const std::string key = key_of(pattern.suffix());
    for (std::size_t end = key.find('\0'); end != std::string::npos; end = key.find('\0', end + 1)) {
      const auto [first, last] = entries_.equal_range(key.substr(0, end + 1));
      for (auto it = first; it != last && spend(); ++it) {
        if (test(it->second)) return &it->second;
      }
    }
    if (!below) return nullptr;
    for (auto it = entries_.upper_bound(key); it != entries_.end() && it->first.starts_with(key) && spend(); ++it) {
      if (test(it->second)) return &it->second;
    }
    return nullptr;
  }

 private:
  static std::string key_of(const net::HostName& name) {
    std::string key;
    for (const std::string_view label : name.labels()) {
      key += label;
      key += '\0';
    }
    return key;
  }
  bool spend() { return left_ != 0 && left_-- != 0; }

  std::multimap<std::string, Entry> entries_;
  std::size_t left_ = kMostComparisons;
};

bool speaks(const model::EgressRule& rule, model::Protocol protocol) {
  return std::ranges::find(*rule.protocols, protocol) != rule.protocols->end();
}

// The ports of an allow rule, with what absence means there (SEMANTICS §3).
std::vector<model::PortRange> ports_of_allow(const model::EgressRule& rule) {
  if (rule.ports) return *rule.ports;
  std::vector<model::PortRange> out;
  if (!rule.protocols || speaks(rule, model::Protocol::tls)) out.push_back({443, 443});
  if (rule.protocols && speaks(rule, model::Protocol::http)) out.push_back({80, 80});
  return out;
}

bool ports_overlap(const model::EgressRule& deny, const model::EgressRule& allow) {
  if (!deny.ports) return true;
  return std::ranges::any_of(ports_of_allow(allow), [&](const model::PortRange& a) {
    return std::ranges::any_of(*deny.ports,
                               [&](const model::PortRange& d) { return a.first <= d.last && d.first <= a.last; });
  });
}

bool ports_within(const model::EgressRule& narrow, const model::EgressRule& wide, bool wide_allows) {
  if (!wide_allows && !wide.ports) return true;
  const std::vector<model::PortRange> theirs = wide_allows ? ports_of_allow(wide) : *wide.ports;
  return std::ranges::all_of(ports_of_allow(narrow), [&](const model::PortRange& n) {
    return std::ranges::any_of(theirs,
                               [&](const model::PortRange& w) { return w.first <= n.first && n.last <= w.last; });
  });
}

bool protocols_within(const model::EgressRule& narrow, const model::EgressRule& wide, bool wide_allows) {
  if (!wide_allows && !wide.protocols) return true;
  const std::vector<model::Protocol> by_default{model::Protocol::tls};
  const auto& ours = narrow.protocols ? *narrow.protocols : by_default;
  const auto& theirs = wide.protocols ? *wide.protocols : by_default;
  return std::ranges::all_of(ours, [&](model::Protocol p) { return std::ranges::find(theirs, p) != theirs.end(); });
}

// Whatever matches an allow rule on a host that `wide` names matches `wide`, too: it has no condition, and is in force
// for every subject that the allow is in force for.
bool is_at_least_as_wide(const RuleUse& wide, const RuleUse& narrow) {
  const bool allows = wide.rule->effect == model::Effect::allow;
  const bool everyone = !wide.policy->roles && !wide.policy->tenants;
  return wide.rule != narrow.rule && wide.rule->enforce && !wide.rule->when && !wide.rule->cidrs &&
         !wide.rule->methods && !wide.rule->paths && (everyone || wide.policy == narrow.policy) &&
         protocols_within(*narrow.rule, *wide.rule, allows) && ports_within(*narrow.rule, *wide.rule, allows);
}

// A rule that covers the whole of the allow rule's hosts by itself or with others; the last one needed is named.
const Entry* covering(const RuleUse& allow, PatternIndex& index, bool same_policy) {
  const Entry* found = nullptr;
  for (const net::HostPattern& pattern : *allow.rule->hosts) {
    found = index.find(pattern, false, [&](const Entry& entry) {
      return (!same_policy || entry.use.policy == allow.policy) && entry.pattern->covers(pattern) &&
             is_at_least_as_wide(entry.use, allow);
    });
    if (found == nullptr) return nullptr;
  }
  return found;
}

bool has_obligations(const model::EgressRule& rule) {
  const model::EgressRuleLimits& limits = rule.limits;
  return limits.bytes_in || limits.bytes_out || limits.idle || limits.total || limits.connections ||
         !rule.reason.empty();
}

template <class Use>
void for_each_rule(const model::PolicySet& set, Use use) {
  for (const model::EgressPolicy& policy : set.egress_policies) {
    for (const model::EgressRule& rule : policy.rules) use(RuleUse{&policy, &rule});
  }
}

// Whatever the allow rule matches, a deny rule that names no hosts denies: it names no target at all, or the same kind.
bool denies_all_of(const RuleUse& deny, const RuleUse& allow) {
  const model::EgressRule& wide = *deny.rule;
  const model::EgressRule& narrow = *allow.rule;
  const bool everyone = !deny.policy->roles && !deny.policy->tenants;
  if ((!everyone && deny.policy != allow.policy) || wide.methods || wide.paths) return false;
  const auto is_inside = [](const auto& ours, const auto& theirs, auto contains) {
    return std::ranges::all_of(ours, [&](const auto& each) {
      return std::ranges::any_of(theirs, [&](const auto& other) { return contains(other, each); });
    });
  };
  if (wide.cidrs) {
    const auto contains = [](const net::IpPrefix& outer, const net::IpPrefix& inner) { return outer.contains(inner); };
    if (!narrow.cidrs || !is_inside(*narrow.cidrs, *wide.cidrs, contains)) return false;
  }
  if (wide.services) {
    const auto same = [](const model::Reference& a, const model::Reference& b) { return a.name == b.name; };
    if (!narrow.services || !is_inside(*narrow.services, *wide.services, same)) return false;
  }
  if (wide.internet && !narrow.internet) return false;
  // What a service's rule leaves out is the service's own.
  if (narrow.services) return !wide.ports && !wide.protocols;
  return protocols_within(narrow, wide, false) && ports_within(narrow, wide, false);
}

void tell_tcp(const RuleUse& deny, const RuleUse& allow, Report& report) {
  report.warn(deny.rule->place,
              fmt::format("rule `{}` denies tcp where `{}` allows tls, and so closes it: at CONNECT nobody knows yet "
                          "which of them will flow",
                          deny.name(), allow.name()),
              "name other ports, or leave the host to the default");
}

// Allow rules that open tls, by how they name their target.
class TlsAllows {
 public:
  explicit TlsAllows(const Context& context) : context_(context) {
    for_each_rule(context.set, [&](const RuleUse& use) {
      const model::EgressRule& rule = *use.rule;
      const bool opens_tls = rule.effect == model::Effect::allow && rule.enforce && opens(rule);
      if (!opens_tls) return;
      all_.push_back(use);
      by_host_.add(use);
    });
  }

  // One that the deny rule for tcp, which says nothing of tls, closes to CONNECT. Where that hangs on what names
  // resolve to, nothing is said.
  std::optional<RuleUse> closed_by(const model::EgressRule& deny) {
    const bool anywhere = !deny.hosts && !deny.cidrs && !deny.services && !deny.internet;
    for (const net::HostPattern& pattern : deny.hosts.value_or(std::vector<net::HostPattern>{})) {
      const Entry* met = by_host_.find(
          pattern, pattern.kind() != net::HostPattern::Kind::exact,
          [&](const Entry& entry) { return entry.pattern->overlaps(pattern) && meets_ports(deny, *entry.use.rule); });
      if (met != nullptr) return met->use;
    }
    for (const RuleUse& use : all_) {
      if (left_ == 0 || left_-- == 0) break;
      const model::EgressRule& allow = *use.rule;
      const bool meets = anywhere || (deny.hosts && !deny.cidrs && names_one_of(allow, *deny.hosts)) ||
                         (deny.services && allow.services && shares_service(deny, allow)) ||
                         (deny.internet && (allow.internet || allow.hosts)) ||
                         (deny.cidrs && !deny.hosts && allow.cidrs && !allow.hosts && shares_prefix(deny, allow));
      if (meets && meets_ports(deny, allow)) return use;
    }
    return std::nullopt;
  }

 private:
  const model::InternalService* service(const model::Reference& reference) const {
    const auto known = context_.services.find(reference.name);
    return known == context_.services.end() ? nullptr : &context_.set.internal_services[known->second];
  }
  template <class Test>
  bool any_service(const model::EgressRule& rule, Test test) const {
    return rule.services && std::ranges::any_of(*rule.services, [&](const model::Reference& reference) {
             const model::InternalService* found = service(reference);
             return found != nullptr && test(*found);
           });
  }

  // Absent protocols are tls, or the service's.
  bool opens(const model::EgressRule& rule) const {
    if (rule.protocols) return speaks(rule, model::Protocol::tls);
    if (!rule.services) return true;
    return any_service(rule, [](const model::InternalService& of) {
      return std::ranges::find(of.protocols, model::Protocol::tls) != of.protocols.end();
    });
  }
  bool meets_ports(const model::EgressRule& deny, const model::EgressRule& allow) const {
    if (!deny.ports || !allow.services || allow.ports) return ports_overlap(deny, allow);
    return any_service(allow, [&](const model::InternalService& of) {
      model::EgressRule stated;
      stated.ports = of.ports;
      return ports_overlap(deny, stated);
    });
  }
  bool names_one_of(const model::EgressRule& allow, const std::vector<net::HostPattern>& hosts) const {
    if (allow.internet) return true;
    return any_service(allow, [&](const model::InternalService& of) {
      return std::ranges::any_of(of.hosts, [&](const net::HostPattern& theirs) {
        return std::ranges::any_of(hosts, [&](const net::HostPattern& ours) { return ours.overlaps(theirs); });
      });
    });
  }
  static bool shares_service(const model::EgressRule& a, const model::EgressRule& b) {
    return std::ranges::any_of(*a.services, [&](const model::Reference& x) {
      return std::ranges::any_of(*b.services, [&](const model::Reference& y) { return x.name == y.name; });
    });
  }
  static bool shares_prefix(const model::EgressRule& a, const model::EgressRule& b) {
    return std::ranges::any_of(*a.cidrs, [&](const net::IpPrefix& x) {
      return std::ranges::any_of(*b.cidrs, [&](const net::IpPrefix& y) { return x.overlaps(y); });
    });
  }

  const Context& context_;
  PatternIndex by_host_;
  std::vector<RuleUse> all_;
  std::size_t left_ = kMostComparisons;
};

}  // namespace

void check_tcp_denies(Context& context) {
  TlsAllows allows(context);
  for_each_rule(context.set, [&](const RuleUse& deny) {
    const model::EgressRule& rule = *deny.rule;
    const bool closes_tcp = rule.effect == model::Effect::deny && rule.enforce && rule.protocols &&
                            speaks(rule, model::Protocol::tcp) && !speaks(rule, model::Protocol::tls);
    if (!closes_tcp) return;
    if (const auto allow = allows.closed_by(rule)) tell_tcp(deny, *allow, context.report);
  });
}

void check_shadowed_egress(Context& context) {
  PatternIndex denies;
  PatternIndex allows;
  std::vector<RuleUse> others;  // denies that name no hosts
  for_each_rule(context.set, [&](const RuleUse& use) {
    if (!use.rule->enforce || use.rule->when) return;
    if (use.rule->effect == model::Effect::deny) denies.add(use);
    if (use.rule->effect == model::Effect::deny && !use.rule->hosts) others.push_back(use);
    if (use.rule->effect == model::Effect::allow && !has_obligations(*use.rule)) allows.add(use);
  });
  std::size_t left = kMostComparisons;
  for_each_rule(context.set, [&](const RuleUse& use) {
    const model::EgressRule& rule = *use.rule;
    if (rule.effect != model::Effect::allow || !rule.enforce) return;
    const auto tell_denied = [&](const RuleUse& deny) {
      context.report.warn(rule.place,
                          fmt::format("rule `{}` can never allow: `{}` denies all of it", use.name(), deny.name()),
                          "remove one of them");
    };
    for (const RuleUse& deny : others) {
      if (left == 0 || left-- == 0) break;
      if (denies_all_of(deny, use)) return tell_denied(deny);
    }
    if (!rule.hosts || rule.hosts->empty()) return;
    if (const Entry* deny = denies.empty() ? nullptr : covering(use, denies, false)) return tell_denied(deny->use);
    if (has_obligations(rule)) return;
    const Entry* wider = covering(use, allows, true);
    if (wider == nullptr || wider->use.rule->id > rule.id) return;  // of two alike the later name is told
    context.report.warn(rule.place,
                        fmt::format("rule `{}` adds nothing: `{}` allows all of it", use.name(), wider->use.name()),
                        "remove it");
  });
}

}  // namespace portreeve::load

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

void tell_tcp(const RuleUse& deny, const RuleUse& allow, Report& report) {
  report.warn(deny.rule->place,
              fmt::format("rule `{}` denies tcp where `{}` allows tls, and so closes it: at CONNECT nobody knows yet "
                          "which of them will flow",
                          deny.name(), allow.name()),
              "name other ports, or leave the host to the default");
}

}  // namespace

void check_tcp_denies(Context& context) {
  PatternIndex allows;
  std::optional<RuleUse> any_allow;
  for_each_rule(context.set, [&](const RuleUse& use) {
    const bool opens_tls = use.rule->effect == model::Effect::allow && use.rule->enforce &&
                           (!use.rule->protocols || speaks(*use.rule, model::Protocol::tls));
    if (!opens_tls) return;
    allows.add(use);
    if (!any_allow) any_allow = use;
  });
  for_each_rule(context.set, [&](const RuleUse& deny) {
    const model::EgressRule& rule = *deny.rule;
    const bool closes_tcp = rule.effect == model::Effect::deny && rule.enforce && rule.protocols &&
                            speaks(rule, model::Protocol::tcp) && !speaks(rule, model::Protocol::tls);
    if (!closes_tcp) return;
    const bool anywhere = !rule.hosts && !rule.cidrs && !rule.services && !rule.internet;
    if (anywhere && any_allow && ports_overlap(rule, *any_allow->rule))
      return tell_tcp(deny, *any_allow, context.report);
    if (!rule.hosts) return;
    for (const net::HostPattern& pattern : *rule.hosts) {
      const Entry* met = allows.find(pattern, pattern.kind() != net::HostPattern::Kind::exact, [&](const Entry& entry) {
        return entry.pattern->overlaps(pattern) && ports_overlap(rule, *entry.use.rule);
      });
      if (met != nullptr) return tell_tcp(deny, met->use, context.report);
    }
  });
}

void check_shadowed(Context& context) {
  PatternIndex denies;
  PatternIndex allows;
  for_each_rule(context.set, [&](const RuleUse& use) {
    if (!use.rule->enforce || use.rule->when) return;
    if (use.rule->effect == model::Effect::deny) denies.add(use);
    if (use.rule->effect == model::Effect::allow && !has_obligations(*use.rule)) allows.add(use);
  });
  for_each_rule(context.set, [&](const RuleUse& use) {
    const model::EgressRule& rule = *use.rule;
    if (rule.effect != model::Effect::allow || !rule.hosts || rule.hosts->empty() || !rule.enforce) return;
    if (const Entry* deny = denies.empty() ? nullptr : covering(use, denies, false)) {
      context.report.warn(rule.place,
                          fmt::format("rule `{}` can never allow: `{}` denies all of it", use.name(), deny->use.name()),
                          "remove one of them");
      return;
    }
    if (has_obligations(rule)) return;
    const Entry* wider = covering(use, allows, true);
    if (wider == nullptr || wider->use.rule->id > rule.id) return;  // of two alike the later name is told
    context.report.warn(rule.place,
                        fmt::format("rule `{}` adds nothing: `{}` allows all of it", use.name(), wider->use.name()),
                        "remove it");
  });
}

}  // namespace portreeve::load

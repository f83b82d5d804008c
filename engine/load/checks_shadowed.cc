// Rules about secrets, execution and access that others leave nothing to decide (egress: checks_egress.cc). Warnings
// only, so the search is bounded, looks at one other rule at a time, and misses rather than guesses.
#include <fmt/format.h>

#include <algorithm>

#include "engine/load/context.h"

namespace portreeve::load {
namespace {

constexpr std::size_t kMostComparisons = 200'000;  // of two rules, in each domain

bool covers(const pattern::Pattern& wide, const pattern::Pattern& narrow) {
  if (wide == narrow) return true;
  if (narrow.kind() == pattern::PatternKind::literal) return wide.matches(narrow.text());
  const std::string_view text = wide.text();
  const bool whole_folder =
      wide.kind() == pattern::PatternKind::glob && text.ends_with("/**") && text.find('*') == text.size() - 2;
  return whole_folder && narrow.literal_prefix().starts_with(text.substr(0, text.size() - 2));
}
bool covers(const model::Reference& wide, const model::Reference& narrow) { return wide.name == narrow.name; }
bool covers(const model::ResourceMatch& wide, const model::ResourceMatch& narrow) {
  return wide.type == narrow.type && (!wide.id || (narrow.id && covers(*wide.id, *narrow.id)));
}
bool covers(const std::string& wide, const std::string& narrow) { return wide == narrow; }
bool covers(wire::SecretUse wide, wire::SecretUse narrow) { return wide == narrow; }

// Whatever the narrow list matches, the wide one does; an absent list does not restrict.
template <class T>
bool is_within(const std::optional<std::vector<T>>& narrow, const std::optional<std::vector<T>>& wide) {
  if (!wide) return true;
  return narrow && std::ranges::all_of(*narrow, [&](const T& each) {
           return std::ranges::any_of(*wide, [&](const T& other) { return covers(other, each); });
         });
}

// Whatever matches the narrow rule's clauses, its condition left out, matches the wide one's.
bool is_within(const model::SecretRule& narrow, const model::SecretRule& wide) {
  return is_within(narrow.secrets, wide.secrets) && is_within(narrow.uses, wide.uses) &&
         is_within(narrow.methods, wide.methods) && is_within(narrow.paths, wide.paths) &&
         is_within(narrow.models, wide.models);
}
bool is_within(const model::ExecRule& narrow, const model::ExecRule& wide) {
  const bool wide_allows = wide.effect == model::Effect::allow;
  const bool terminal = wide_allows ? wide.terminal.value_or(false) || !narrow.terminal.value_or(false)
                                    : !wide.terminal;  // on a deny it asks what the request says
  return terminal && is_within(narrow.programs, wide.programs) && is_within(narrow.cwd, wide.cwd) &&
         is_within(narrow.users, wide.users);
}
bool is_within(const model::AccessRule& narrow, const model::AccessRule& wide) {
  return is_within(narrow.resources, wide.resources) && is_within(narrow.actions, wide.actions);
}

// The allow rule leaves the obligations as they are where `other` matches as well.
bool adds_no_term(const model::SecretRule& rule, const model::SecretRule&) {
  return !rule.requests_per_minute && !rule.lease_ttl;
}
bool adds_no_term(const model::ExecRule& rule, const model::ExecRule& other) {
  const auto limits = [](const model::ExecRule& of) {
    return std::tuple(of.limits.wall, of.limits.cpu, of.limits.memory, of.limits.processes, of.limits.open_files);
  };
  return rule.env_pass == other.env_pass && rule.write == other.write && limits(rule) == limits(other);
}
bool adds_no_term(const model::AccessRule&, const model::AccessRule&) { return true; }

// The rules of one domain, by what they may cover.
template <class Policy>
class ShadowChecker {
  using Rule = typename decltype(Policy::rules)::value_type;

 public:
  ShadowChecker(const std::vector<Policy>& policies, Report& report) : policies_(policies), report_(report) {}

  void check() {
    for (const Policy& policy : policies_) {
      if (policy.roles || policy.tenants) continue;
      for (const Rule& rule : policy.rules) {
        if (is_plain(rule, model::Effect::deny)) for_everyone_.push_back({&policy, &rule});
      }
    }
    for (const Policy& policy : policies_) {
      for (const Rule& rule : policy.rules) {
        if (rule.effect == model::Effect::allow && rule.enforce) check_allow(policy, rule);
      }
    }
  }

 private:
  struct Use {
    const Policy* policy;
    const Rule* rule;
  };

  static bool is_plain(const Rule& rule, model::Effect effect) {
    return rule.effect == effect && rule.enforce && !rule.when;
  }
  static std::string name(const Policy& policy, const Rule& rule) { return policy.name + "/" + rule.id; }
  bool spend() { return left_ != 0 && left_-- != 0; }

  void check_allow(const Policy& policy, const Rule& allow) {
    for (const Use& deny : for_everyone_) {
      if (!spend()) return;
      if (is_within(allow, *deny.rule)) return tell_denied(policy, allow, *deny.policy, *deny.rule);
    }
    const Rule* wider = nullptr;
    for (const Rule& other : policy.rules) {
      if (&other == &allow || other.when || !other.enforce) continue;
      if (!spend()) return;
      if (!is_within(allow, other)) continue;
      if (other.effect == model::Effect::deny) return tell_denied(policy, allow, policy, other);
      const bool alike = is_within(other, allow) && !allow.when && adds_no_term(other, allow) && other.reason.empty();
      const bool says_more = !adds_no_term(allow, other) || !allow.reason.empty();
      if (!says_more && !(alike && other.id > allow.id)) wider = &other;  // of two alike the later name is told
    }
    if (wider == nullptr) return;
    report_.warn(
        allow.place,
        fmt::format("rule `{}` adds nothing: `{}` allows all of it", name(policy, allow), name(policy, *wider)),
        "remove it");
  }

  void tell_denied(const Policy& policy, const Rule& allow, const Policy& denying, const Rule& deny) {
    report_.warn(
        allow.place,
        fmt::format("rule `{}` can never allow: `{}` denies all of it", name(policy, allow), name(denying, deny)),
        "remove one of them");
  }

  const std::vector<Policy>& policies_;
  Report& report_;
  std::vector<Use> for_everyone_;  // denies that no condition, role or tenant restricts
  std::size_t left_ = kMostComparisons;
};

}  // namespace

void check_shadowed(Context& context) {
  ShadowChecker(context.set.secret_policies, context.report).check();
  ShadowChecker(context.set.execution_policies, context.report).check();
  ShadowChecker(context.set.access_policies, context.report).check();
}

}  // namespace portreeve::load

// What only the roles of the whole set show: cycles, separation of duty that must break, roles that nobody can have.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "engine/base/json_value.h"
#include "engine/load/context.h"

namespace portreeve::load {
namespace {

using RoleIndex = std::unordered_map<std::string_view, const model::Role*>;

RoleIndex index_roles(const model::PolicySet& set) {
  RoleIndex index;
  for (const model::Role& role : set.roles) index.emplace(role.name, &role);
  return index;
}

// Walks `inherits` depth first, without recursion, and reports each cycle once, where its last link is written.
class CycleFinder {
 public:
  CycleFinder(const RoleIndex& roles, std::function<void(const SourcePlace&, std::string)> tell)
      : roles_(roles), tell_(std::move(tell)) {}

  void visit(const model::Role& start) {
    if (state_[&start] != State::unseen) return;
    enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == step.role->inherits.size()) {
        state_[step.role] = State::done;
        parents_first_.push_back(step.role);
        path_.pop_back();
        continue;
      }
      const model::Reference& parent = step.role->inherits[step.next++];
      const auto found = roles_.find(parent.name);
      if (found == roles_.end()) continue;
      const State state = state_[found->second];
      if (state == State::unseen) enter(*found->second);
      if (state == State::open) tell_cycle(*found->second, parent.place);
    }
  }

  // Every role after those that it inherits, where there was no cycle.
  const std::vector<const model::Role*>& parents_first() const { return parents_first_; }

 private:
  enum class State : std::uint8_t { unseen, open, done };
  struct Step {
    const model::Role* role;
    std::size_t next;
  };

  void enter(const model::Role& role) {
    state_[&role] = State::open;
    path_.push_back({&role, 0});
  }

  void tell_cycle(const model::Role& back_to, const SourcePlace& place) {
    std::string text;
    bool inside = false;
    for (const Step& step : path_) {
      inside = inside || step.role == &back_to;
      if (inside) text += fmt::format("`{}` → ", step.role->name);
    }
    tell_(place, text + fmt::format("`{}`", back_to.name));
  }

  const RoleIndex& roles_;
  const std::function<void(const SourcePlace&, std::string)> tell_;
  std::unordered_map<const model::Role*, State> state_;
  std::vector<Step> path_;
  std::vector<const model::Role*> parents_first_;
};

// The role and all that it inherits. Survives cycles.
std::set<std::string_view> closure(std::string_view name, const RoleIndex& roles) {
  std::set<std::string_view> out;
  std::vector<std::string_view> open{name};
  while (!open.empty()) {
    const std::string_view next = open.back();
    open.pop_back();
    const auto found = roles.find(next);
    if (found == roles.end() || !out.insert(found->second->name).second) continue;
    for (const model::Reference& parent : found->second->inherits) open.push_back(parent.name);
  }
  return out;
}

// One subject of bindings, as bindings write it.
std::string key_of(const model::BindingSubject& subject) {
  if (const auto* user = std::get_if<model::BoundUser>(&subject.who)) return fmt::format("user `{}`", user->sub);
  if (const auto* group = std::get_if<model::BoundGroup>(&subject.who)) return fmt::format("group `{}`", group->group);
  const auto& claim = std::get<model::BoundClaim>(subject.who);
  std::string path;
  for (const std::string& segment : claim.path.segments) path += (path.empty() ? "" : ".") + segment;
  return fmt::format("claim `{}: {}`", path, to_canonical_json(claim.equals));
}

std::string quoted(const std::set<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", name);
  return out;
}

// Finds what must break one constraint: roles that do by themselves, and, of a static one, bindings. That roles of a
// dynamic one can be had together is its point: they may not be active together.
class SeparationChecker {
 public:
  SeparationChecker(const model::PolicySet& set, const model::RoleConstraint& constraint, Report& report)
      : set_(set), constraint_(constraint), report_(report) {}

  void check(const std::vector<const model::Role*>& parents_first) {
    for (const model::Role* role : parents_first) {
      std::set<std::string_view> held;
      if (std::ranges::find(constraint_.roles, role->name, &model::Reference::name) != constraint_.roles.end()) {
        held.insert(role->name);
      }
      bool parent_breaks = false;
      for (const model::Reference& parent : role->inherits) {
        const auto& theirs = held_[parent.name];
        parent_breaks = parent_breaks || theirs.size() > constraint_.at_most;
        held.insert(theirs.begin(), theirs.end());
      }
      if (held.size() > constraint_.at_most && !parent_breaks) {
        tell(role->place, fmt::format("role `{}` breaks constraint `{}` by itself: with all that it inherits it is {}",
                                      role->name, constraint_.name, quoted(held)));
      }
      if (!held.empty()) held_[role->name] = std::move(held);
    }
    if (constraint_.kind == model::ConstraintKind::static_separation) check_bindings();
  }

 private:
  // Windows and tenants are not considered: what must break at some time is refused.
  void check_bindings() {
    std::map<std::pair<std::string, std::string>, std::set<std::string_view>> held_by;
    for (const model::RoleBinding& binding : set_.role_bindings) {
      std::set<std::string_view> granted;
      bool told_already = false;
      for (const model::Reference& role : binding.roles) {
        const auto& held = held_[role.name];
        told_already = told_already || held.size() > constraint_.at_most;
        granted.insert(held.begin(), held.end());
      }
      if (granted.empty() || told_already) continue;
      for (const model::BindingSubject& subject : binding.subjects) {
        auto& held = held_by[{subject.issuer, key_of(subject)}];
        const bool over_already = held.size() > constraint_.at_most;
        held.insert(granted.begin(), granted.end());
        if (held.size() <= constraint_.at_most || over_already) continue;
        tell(subject.place, fmt::format("the bindings of {} break constraint `{}`: they give {}", key_of(subject),
                                        constraint_.name, quoted(held)));
      }
    }
  }

  void tell(const SourcePlace& place, std::string message) {
    report_.error(
        place, std::move(message),
        fmt::format("at most {} of them may {}", constraint_.at_most,
                    constraint_.kind == model::ConstraintKind::static_separation ? "meet in one subject"
                                                                                 : "be active in one session"));
  }

  const model::PolicySet& set_;
  const model::RoleConstraint& constraint_;
  Report& report_;
  std::unordered_map<std::string_view, std::set<std::string_view>> held_;  // by role: those of the constraint's it is
};

// Roles that some binding or provider can give, closed over inheritance.
std::set<std::string_view> reachable_roles(const model::PolicySet& set, const RoleIndex& roles) {
  std::set<std::string_view> out;
  const auto add = [&](const std::vector<model::Reference>& references) {
    for (const model::Reference& role : references) {
      if (!out.contains(role.name)) out.merge(closure(role.name, roles));
    }
  };
  for (const model::RoleBinding& binding : set.role_bindings) add(binding.roles);
  for (const model::IdentityProvider& provider : set.identity_providers) {
    if (provider.roles) add(provider.roles->allow);
  }
  return out;
}

template <class Policies>
void warn_of_unreachable(const Policies& policies, const std::set<std::string_view>& reachable, Report& report) {
  for (const auto& policy : policies) {
    if (!policy.roles) continue;
    for (const model::Reference& role : *policy.roles) {
      if (reachable.contains(role.name)) continue;
      report.warn(role.place, fmt::format("nobody can have role `{}`", role.name),
                  "no binding gives it, and no identity provider's `claims.roles` lists it");
    }
  }
}

}  // namespace

void check_roles(Context& context) {
  const RoleIndex roles = index_roles(context.set);
  bool cyclic = false;
  CycleFinder finder(roles, [&](const SourcePlace& place, std::string cycle) {
    cyclic = true;
    context.report.error(place, fmt::format("roles inherit each other in a cycle: {}", cycle),
                         "remove one of the links");
  });
  for (const model::Role& role : context.set.roles) finder.visit(role);
  for (const model::RoleConstraint& constraint : context.set.role_constraints) {
    if (cyclic) continue;
    SeparationChecker(context.set, constraint, context.report).check(finder.parents_first());
  }
  const std::set<std::string_view> reachable = reachable_roles(context.set, roles);
  warn_of_unreachable(context.set.egress_policies, reachable, context.report);
  warn_of_unreachable(context.set.secret_policies, reachable, context.report);
  warn_of_unreachable(context.set.execution_policies, reachable, context.report);
  warn_of_unreachable(context.set.access_policies, reachable, context.report);
}

}  // namespace portreeve::load

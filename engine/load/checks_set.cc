// What only the whole set shows of entities, routes and tenants.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/load/context.h"

namespace portreeve::load {
namespace {

void check_unique(const std::vector<model::Entity>& entities, std::string_view what,
                  std::map<std::pair<std::string_view, std::string_view>, const SourcePlace*>& seen, Report& report) {
  for (const model::Entity& entity : entities) {
    const auto [other, added] = seen.try_emplace({entity.type, entity.id}, &entity.place);
    if (added || entity.id.empty()) continue;
    report.error(entity.place, fmt::format("a second {} `{}` of type `{}`", what, entity.id, entity.type),
                 fmt::format("the first is at {}:{}", other->second->file, other->second->line));
  }
}

template <class Policies>
void warn_of_tenants(const Policies& policies, const std::string& provider, Report& report) {
  for (const auto& policy : policies) {
    const auto denies = [](const auto& rule) { return rule.effect == model::Effect::deny; };
    const auto rule = std::ranges::find_if(policy.rules, denies);
    if (!policy.tenants || rule == policy.rules.end()) continue;
    report.warn(rule->place,
                fmt::format("rule `{}/{}` denies in some tenants only, and subjects of provider `{}` may have none",
                            policy.name, rule->id, provider),
                "a subject without a tenant escapes it: put denies into a policy without `tenants`");
  }
}

}  // namespace

void check_entities(Context& context) {
  std::map<std::pair<std::string_view, std::string_view>, const SourcePlace*> subjects, resources;
  for (const model::Entities& entities : context.set.entities) {
    check_unique(entities.subjects, "subject", subjects, context.report);
    check_unique(entities.resources, "resource", resources, context.report);
  }
}

void check_routes(Context& context) {
  std::map<std::string, const model::Secret*> by_route;  // each with a `/` at its end
  for (const model::Secret& secret : context.set.secrets) {
    if (!secret.route) continue;
    const std::string key = secret.route->ends_with('/') ? *secret.route : *secret.route + "/";
    if (const auto [other, added] = by_route.emplace(key, &secret); !added) {
      context.report.error(secret.place,
                           fmt::format("the route `{}` is also secret `{}`'s", *secret.route, other->second->name),
                           "give each its own");
    }
  }
  for (const auto& [key, secret] : by_route) {
    for (std::size_t end = key.find('/'); end + 1 < key.size(); end = key.find('/', end + 1)) {
      const auto above = by_route.find(key.substr(0, end + 1));
      if (above == by_route.end()) continue;
      context.report.error(secret->place,
                           fmt::format("the route `{}` lies below secret `{}`'s `{}`", *secret->route,
                                       above->second->name, *above->second->route),
                           "give each its own");
      break;
    }
  }
}

void check_tenants(Context& context) {
  const auto may_have_none = [](const model::IdentityProvider& provider) {
    return !std::holds_alternative<model::FixedTenant>(provider.tenant);
  };
  const auto provider = std::ranges::find_if(context.set.identity_providers, may_have_none);
  if (provider == context.set.identity_providers.end()) return;
  warn_of_tenants(context.set.egress_policies, provider->name, context.report);
  warn_of_tenants(context.set.secret_policies, provider->name, context.report);
  warn_of_tenants(context.set.execution_policies, provider->name, context.report);
  warn_of_tenants(context.set.access_policies, provider->name, context.report);
}

}  // namespace portreeve::load

#include "tests/differential/small_worlds.h"

#include <fmt/format.h>

#include <map>

#include "engine/base/check.h"
#include "tests/differential/set_maker.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

struct CatalogueRule {
  std::string policy;  // rules of one policy share its roles
  JsonValue spec;      // without its id
};

std::vector<JsonValue> targets() {
  return {object({{"hosts", list(Texts{"a.example.com"})}}), object({{"hosts", list(Texts{"b.example.com"})}}),
          object({{"cidrs", list(Texts{"8.8.8.0/24"})}}),
          object({{"hosts", list(Texts{"a.example.com"})}, {"cidrs", list(Texts{"8.8.8.0/24"})}}),
          object({{"internet", true}})};
}

std::vector<CatalogueRule> catalogue(const Texts& policies, const std::vector<bool>& enforcements) {
  std::vector<CatalogueRule> rules;
  for (const std::string& policy : policies) {
    for (const char* effect : {"allow", "deny"}) {
      for (JsonValue rule : targets()) {
        rule.set("effect", effect);
        for (const bool enforced : enforcements) {
          if (!enforced) rule.set("enforce", false);
          rules.push_back({policy, rule});
        }
      }
    }
  }
  return rules;
}

World people() {
  World world{{identity_provider({})}, {}};
  for (const char* role : {"one", "two"}) {
    world.documents.push_back({"Role", role});
    world.documents.push_back(
        {"RoleBinding", fmt::format("has-{}", role),
         object({{"roles", list(Texts{role})}, {"subjects", list(JsonValue::Array{object({{"group", role}})})}})});
  }
  return world;
}

World world_of(const std::vector<const CatalogueRule*>& rules) {
  World world = people();
  std::map<std::string, JsonValue::Array> policies;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    JsonValue rule = rules[i]->spec;
    rule.set("id", fmt::format("r{}", i));
    policies[rules[i]->policy].push_back(std::move(rule));
  }
  for (auto& [name, own] : policies) {
    JsonValue spec = object({{"rules", list(std::move(own))}});
    if (name != "all") spec.set("roles", list(Texts{name}));
    world.documents.push_back({"EgressPolicy", fmt::format("of-{}", name), std::move(spec)});
  }
  return world;
}

wire::Principal member_of(const Texts& groups) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.provider = "idp";
  principal.id = "idp/ana";
  principal.claims.set("sub", "ana");
  principal.claims.set("groups", list(groups));
  return principal;
}

}  // namespace

void for_each_small_world(const std::function<void(const World&)>& visit) {
  const auto all = catalogue({"all", "one", "two"}, {true, false});
  for (std::size_t i = 0; i < all.size(); ++i) {
    visit(world_of({&all[i]}));
    for (std::size_t k = i + 1; k < all.size(); ++k) visit(world_of({&all[i], &all[k]}));
  }
  const auto enforced = catalogue({"all", "one"}, {true});
  for (std::size_t i = 0; i < enforced.size(); ++i) {
    for (std::size_t k = i + 1; k < enforced.size(); ++k) {
      for (std::size_t n = k + 1; n < enforced.size(); ++n) visit(world_of({&enforced[i], &enforced[k], &enforced[n]}));
    }
  }
}

std::vector<Question> small_questions() {
  std::vector<JsonValue> bodies;
  for (const char* host : {"a.example.com", "b.example.com", "8.8.8.8", "8.8.9.9"}) {
    JsonValue properties;
    properties.set("protocol", "tls");
    const std::string id = fmt::format("{}:443", host);
    bodies.push_back(evaluation_body(wire::kEgressResolve, "endpoint", id, properties));
    if (host[0] == '8') {
      bodies.push_back(evaluation_body(wire::kEgressConnect, "endpoint", id, properties));
      continue;
    }
    for (const Texts& answer :
         std::vector<Texts>{{}, {"8.8.8.8"}, {"8.8.9.9"}, {"8.8.8.8", "8.8.9.9"}, {"8.8.8.8", "10.0.0.1"}}) {
      properties.set("addresses", list(answer));
      bodies.push_back(evaluation_body(wire::kEgressConnect, "endpoint", id, properties));
    }
  }
  std::vector<Question> questions;
  for (const Texts& groups : std::vector<Texts>{{}, {"one"}, {"two"}, {"one", "two"}}) {
    for (const JsonValue& body : bodies) {
      auto question = make_question(body, member_of(groups), kNoon);
      CHECK(question.has_value());
      questions.push_back(*std::move(question));
    }
  }
  return questions;
}

}  // namespace portreeve::differential

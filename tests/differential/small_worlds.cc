#include "tests/differential/small_worlds.h"

#include <fmt/format.h>

#include <map>

#include "engine/base/check.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

struct CatalogueRule {
  std::string policy;  // rules of one policy share its roles
  std::string text;    // without its id
};

const Texts kTargets = {"hosts: [a.example.com]", "hosts: [b.example.com]", "cidrs: [8.8.8.0/24]",
                        "hosts: [a.example.com], cidrs: [8.8.8.0/24]", "internet: true"};

std::vector<CatalogueRule> catalogue(const Texts& policies, const Texts& enforcements) {
  std::vector<CatalogueRule> rules;
  for (const std::string& policy : policies) {
    for (const char* effect : {"allow", "deny"}) {
      for (const std::string& target : kTargets) {
        for (const std::string& enforcement : enforcements) {
          rules.push_back({policy, fmt::format("effect: {}, {}{}", effect, target, enforcement)});
        }
      }
    }
  }
  return rules;
}

PolicySetText people() {
  PolicySetText set = {identity_provider({})};
  for (const char* role : {"one", "two"}) {
    set.push_back({"Role", role, {}, {}});
    set.push_back({"RoleBinding",
                   fmt::format("has-{}", role),
                   {fmt::format("roles: [{}]", role), fmt::format("subjects: [{{ group: {} }}]", role)},
                   {}});
  }
  return set;
}

PolicySetText world(const std::vector<const CatalogueRule*>& rules) {
  PolicySetText set = people();
  std::map<std::string, DocumentText> policies;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    DocumentText& policy = policies[rules[i]->policy];
    policy.rules.push_back(fmt::format("{{ id: r{}, {} }}", i, rules[i]->text));
  }
  for (auto& [name, policy] : policies) {
    policy.kind = "EgressPolicy";
    policy.name = "of-" + name;
    if (name != "all") policy.lines = {fmt::format("roles: [{}]", name)};
    set.push_back(std::move(policy));
  }
  return set;
}

JsonValue addresses(const Texts& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

wire::Principal member_of(const Texts& groups) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.provider = "idp";
  principal.id = "idp/ana";
  principal.claims.set("sub", "ana");
  principal.claims.set("groups", addresses(groups));
  return principal;
}

}  // namespace

void for_each_small_world(const std::function<void(const PolicySetText&)>& visit) {
  const auto all = catalogue({"all", "one", "two"}, {"", ", enforce: false"});
  for (std::size_t i = 0; i < all.size(); ++i) {
    visit(world({&all[i]}));
    for (std::size_t k = i + 1; k < all.size(); ++k) visit(world({&all[i], &all[k]}));
  }
  const auto enforced = catalogue({"all", "one"}, {""});
  for (std::size_t i = 0; i < enforced.size(); ++i) {
    for (std::size_t k = i + 1; k < enforced.size(); ++k) {
      for (std::size_t n = k + 1; n < enforced.size(); ++n) visit(world({&enforced[i], &enforced[k], &enforced[n]}));
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
      properties.set("addresses", addresses(answer));
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

// What must hold between the answers over one policy set and over another made from it, whatever the two are.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/load/load.h"
#include "tests/differential/contest.h"
#include "tests/differential/environment.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/rule_maker.h"
#include "tests/differential/set_maker.h"

namespace portreeve::differential {
namespace {

using wire::Decision;
using wire::Reason;

#ifdef NDEBUG
constexpr std::size_t kWorlds = 150;
#else
constexpr std::size_t kWorlds = 20;
#endif
constexpr std::size_t kQuestionsPerWorld = 100;

std::vector<Question> questions_about(const Contest& contest, Dice& dice) {
  const QuestionMaker maker(contest.documents());
  std::vector<Question> questions;
  while (questions.size() < kQuestionsPerWorld) {
    if (auto question = maker.make(dice)) questions.push_back(*std::move(question));
  }
  return questions;
}

// Nothing where there is nothing to change in the world.
using Change = std::function<std::optional<World>(Dice&, const World&)>;
// What is wrong with the two answers; empty where nothing is.
using Law = std::function<std::string(const Decision& before, const Decision& after, const Question&)>;

void expect_law(const Change& change, const Law& law) {
  std::size_t compared = 0;
  for (std::uint64_t i = 0; i < kWorlds; ++i) {
    Dice dice(seed() + i);
    const World world = random_world(dice);
    auto before = Contest::of(world);
    if (!before) continue;
    const auto changed = change(dice, world);
    auto after = changed ? Contest::of(*changed) : std::nullopt;
    if (!after) continue;
    for (const Question& question : questions_about(*before, dice)) {
      ++compared;
      const Decision a = before->production(question);
      const Decision b = after->production(question);
      const std::string fault = law(a, b, question);
      ASSERT_EQ(fault, "") << "PORTREEVE_SEED=" << seed() + i << "\n"
                           << to_yaml(world) << "# becomes\n"
                           << to_yaml(*changed) << "# asked " << to_json(question) << "\n# before " << to_json(a)
                           << "\n# after  " << to_json(b);
    }
  }
  EXPECT_GT(compared, kWorlds * kQuestionsPerWorld / 3) << "the change is hardly ever possible";
}

std::string must_be_equal(const Decision& before, const Decision& after, const Question&) {
  return before == after ? "" : "the answers differ";
}
std::string must_not_allow_more(const Decision& before, const Decision& after, const Question&) {
  return !before.allowed && after.allowed ? "a denial became an allow" : "";
}

bool is_policy(const DocumentText& document) { return document.spec.find("rules") != nullptr; }

JsonValue::Array rules_of(const DocumentText& document) { return *document.spec.find("rules")->as_array(); }

bool has_effect(const JsonValue& rule, std::string_view effect) { return *rule.find("effect")->as_string() == effect; }

JsonValue without(const JsonValue& object, std::initializer_list<std::string_view> keys) {
  JsonValue::Object kept;
  for (const JsonValue::Member& member : *object.as_object()) {
    if (std::ranges::find(keys, member.first) == keys.end()) kept.push_back(member);
  }
  return JsonValue(std::move(kept));
}

// One random policy of any domain, whose rules all have the effect.
DocumentText policy_of(Dice& dice, std::string_view effect) {
  constexpr DocumentText (*kMakers[])(Dice&, std::string) = {egress_policy, secret_policy, execution_policy,
                                                             access_policy};
  while (true) {
    DocumentText policy = kMakers[dice.below(std::size(kMakers))](dice, "added");
    JsonValue::Array rules = rules_of(policy);
    std::erase_if(rules, [&](const JsonValue& rule) { return !has_effect(rule, effect); });
    if (rules.empty()) continue;
    policy.spec.set("rules", list(std::move(rules)));
    return policy;
  }
}

Change added(std::string_view effect) {
  return [effect](Dice& dice, const World& world) -> std::optional<World> {
    World more = world;
    more.documents.push_back(policy_of(dice, effect));
    return more;
  };
}

// Shuffles documents, the rules within them, and the elements of their lists.
JsonValue shuffled(Dice& dice, const JsonValue& value) {
  const auto shuffle = [&](JsonValue::Array& array) {
    for (std::size_t i = array.size(); i > 1; --i) std::swap(array[i - 1], array[dice.below(i)]);
  };
  if (const JsonValue::Array* array = value.as_array()) {
    JsonValue::Array out;
    for (const JsonValue& element : *array) out.push_back(shuffled(dice, element));
    shuffle(out);
    return JsonValue(std::move(out));
  }
  return value;
}

TEST(Laws, OrderOfDocumentsAndRulesNeverMatters) {
  const Change change = [](Dice& dice, const World& world) -> std::optional<World> {
    World other = world;
    for (std::size_t i = other.documents.size(); i > 1; --i) {
      std::swap(other.documents[i - 1], other.documents[dice.below(i)]);
    }
    for (DocumentText& document : other.documents) {
      if (is_policy(document)) document.spec.set("rules", shuffled(dice, *document.spec.find("rules")));
    }
    return other;
  };
  expect_law(change, must_be_equal);
}

TEST(Laws, FilesNeverMatter) {
  for (std::uint64_t i = 0; i < kWorlds; ++i) {
    Dice dice(seed() + i);
    const World world = random_world(dice);
    auto one = Contest::of(world);
    if (!one) continue;
    std::vector<wire::PolicyFile> files;
    for (const DocumentText& document : world.documents) {
      if (files.empty() || dice.chance(50)) {
        files.push_back(
            {"file-" + std::to_string(dice.below(1000)) + "-" + std::to_string(files.size()) + ".yaml", ""});
      }
      files.back().bytes += to_yaml({{document}, {}});
    }
    const auto several = compile::compile(load::load(files).set, {net::OwnAddresses(world.own_addresses)});
    for (const Question& question : questions_about(*one, dice)) {
      ASSERT_EQ(to_json(one->production(question)), to_json(decide::decide(*several, question.request)));
    }
  }
}

TEST(Laws, AddingADenyNeverAllows) { expect_law(added("deny"), must_not_allow_more); }

TEST(Laws, AddingAnAllowNeverChangesWhatARuleDenies) {
  expect_law(added("allow"), [](const Decision& before, const Decision& after, const Question&) -> std::string {
    if (before.reason != Reason::rule_deny) return "";
    return after.reason == Reason::rule_deny && after.rules == before.rules ? "" : "no longer denied by the same rules";
  });
}

TEST(Laws, RemovingAnAllowNeverAllows) {
  const Change change = [](Dice& dice, const World& world) -> std::optional<World> {
    World less = world;
    std::vector<std::pair<std::size_t, std::size_t>> allows;
    for (std::size_t i = 0; i < less.documents.size(); ++i) {
      if (!is_policy(less.documents[i])) continue;
      const JsonValue::Array rules = rules_of(less.documents[i]);
      for (std::size_t k = 0; rules.size() > 1 && k < rules.size(); ++k) {
        if (has_effect(rules[k], "allow")) allows.emplace_back(i, k);
      }
    }
    if (allows.empty()) return std::nullopt;
    const auto [document, rule] = dice.one_of(allows);
    JsonValue::Array rules = rules_of(less.documents[document]);
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(rule));
    less.documents[document].spec.set("rules", list(std::move(rules)));
    return less;
  };
  expect_law(change, must_not_allow_more);
}

TEST(Laws, WhatIsNotEnforcedDecidesNothingAndSaysWhatItWould) {
  const auto enforced = [](const World& world, bool enforce) {
    World other = world;
    for (DocumentText& document : other.documents) {
      if (!is_policy(document)) continue;
      JsonValue::Array rules;
      for (const JsonValue& rule : rules_of(document)) rules.push_back(without(rule, {"enforce"}));
      document.spec = without(document.spec, {"enforce"});
      document.spec.set("rules", list(std::move(rules)));
      if (!enforce) document.spec.set("enforce", false);
    }
    return other;
  };
  for (std::uint64_t i = 0; i < kWorlds; ++i) {
    Dice dice(seed() + i);
    const World world = random_world(dice);
    auto live = Contest::of(enforced(world, true));
    auto dry = Contest::of(enforced(world, false));
    if (!live || !dry) continue;
    for (const Question& question : questions_about(*live, dice)) {
      const Decision would = live->production(question);
      const Decision does = dry->production(question);
      SCOPED_TRACE(to_yaml(enforced(world, true)) + "# asked " + to_json(question));
      ASSERT_FALSE(does.allowed);
      ASSERT_EQ(does.rules, std::vector<std::string>{});
      if (!does.dry_run) continue;
      ASSERT_EQ(does.dry_run->allowed, would.allowed);
      ASSERT_EQ(does.dry_run->rules, would.rules);
    }
  }
}

// Without constraints: where two roles exclude each other, losing one may bring back the other.
TEST(Laws, RemovingABindingNeverAddsARole) {
  const auto without_constraints = [](World world) {
    std::erase_if(world.documents, [](const DocumentText& document) { return document.kind == "RoleConstraint"; });
    return world;
  };
  for (std::uint64_t i = 0; i < kWorlds; ++i) {
    Dice dice(seed() + i);
    const World world = without_constraints(random_world(dice));
    World less = world;
    const auto binding = std::ranges::find(less.documents, "RoleBinding", &DocumentText::kind);
    if (binding == less.documents.end()) continue;
    less.documents.erase(binding);
    auto before = Contest::of(world);
    auto after = Contest::of(less);
    if (!before || !after) continue;
    for (const Question& question : questions_about(*before, dice)) {
      const auto all = before->production(question).roles;
      const auto left = after->production(question).roles;
      ASSERT_TRUE(std::ranges::includes(all, left)) << to_yaml(world) << "# asked " << to_json(question);
    }
  }
}

TEST(Laws, RolesOfAPolicyOfAnotherDomainNeverMatter) {
  const Change change = [](Dice& dice, const World& world) -> std::optional<World> {
    World other = world;
    for (DocumentText& document : other.documents) {
      if (document.kind == "AccessPolicy") document.spec = without(document.spec, {"roles", "tenants"});
      if (document.kind == "SecretPolicy") document.spec.set("roles", list(std::vector<std::string>{"base", "other"}));
    }
    other.documents.push_back(access_policy(dice, "added"));
    return other;
  };
  expect_law(change, [](const Decision& before, const Decision& after, const Question& question) -> std::string {
    const bool other_domain = std::holds_alternative<wire::EgressQuestion>(question.request.question) ||
                              std::holds_alternative<wire::ExecQuestion>(question.request.question);
    return !other_domain || before == after ? "" : "another domain's policies matter";
  });
}

TEST(Laws, ADenyRuleIsTheSameAsItsListInTwoRules) {
  static constexpr std::string_view kLists[] = {"hosts",    "cidrs", "services", "ports",   "protocols",
                                                "methods",  "paths", "secrets",  "uses",    "models",
                                                "programs", "cwd",   "users",    "actions", "resources"};
  const auto halves = [](Dice& dice, const JsonValue& rule) -> std::optional<std::pair<JsonValue, JsonValue>> {
    std::vector<std::string> splittable;
    for (const std::string_view key : kLists) {
      const JsonValue* value = rule.find(key);
      if (value != nullptr && value->as_array()->size() > 1) splittable.emplace_back(key);
    }
    if (!has_effect(rule, "deny") || splittable.empty()) return std::nullopt;
    const std::string key = dice.one_of(splittable);
    const JsonValue::Array all = *rule.find(key)->as_array();
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(1 + dice.below(all.size() - 1));
    std::pair<JsonValue, JsonValue> out{rule, rule};
    out.first.set(key, list(JsonValue::Array(all.begin(), middle)));
    out.second.set(key, list(JsonValue::Array(middle, all.end())));
    out.second.set("id", *rule.find("id")->as_string() + "-more");
    return out;
  };
  const Change change = [&](Dice& dice, const World& world) -> std::optional<World> {
    World other = world;
    bool changed = false;
    for (DocumentText& document : other.documents) {
      if (!is_policy(document)) continue;
      JsonValue::Array rules;
      for (const JsonValue& rule : rules_of(document)) {
        const auto two = halves(dice, rule);
        changed |= two.has_value();
        rules.push_back(two ? two->first : rule);
        if (two) rules.push_back(two->second);
      }
      document.spec.set("rules", list(std::move(rules)));
    }
    return changed ? std::optional(other) : std::nullopt;
  };
  expect_law(change, [](const Decision& before, const Decision& after, const Question&) -> std::string {
    const bool dry_alike = before.dry_run.has_value() == after.dry_run.has_value() &&
                           (!before.dry_run || before.dry_run->allowed == after.dry_run->allowed);
    const bool alike = before.allowed == after.allowed && before.reason == after.reason && dry_alike &&
                       before.rule_reason == after.rule_reason && before.obligations == after.obligations;
    return alike ? "" : "the answers differ";
  });
}

TEST(Laws, AnAnswerIsTheSameFromEveryThreadAndWorkspace) {
  constexpr std::size_t kThreads = 4;
  struct Asked {
    Contest contest;
    std::vector<Question> questions;
    std::vector<Decision> answers;  // each from a workspace of its own
  };
  std::vector<Asked> all;
  for (std::uint64_t i = 0; i < kWorlds / 5; ++i) {
    Dice dice(seed() + i);
    auto contest = Contest::of(random_world(dice));
    if (!contest) continue;
    Asked asked{*std::move(contest), {}, {}};
    asked.questions = questions_about(asked.contest, dice);
    for (const Question& question : asked.questions) {
      asked.answers.push_back(decide::decide(asked.contest.snapshot(), question.request));
    }
    all.push_back(std::move(asked));
  }
  std::vector<std::string> faults(kThreads);
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // One workspace for all snapshots, in another order on each thread.
      decide::Workspace workspace;
      for (std::size_t n = 0; n < all.size(); ++n) {
        const Asked& asked = all[(n * (2 * t + 1) + t) % all.size()];
        for (std::size_t k = 0; k < asked.questions.size(); ++k) {
          const compile::Snapshot& snapshot = asked.contest.snapshot();
          const Decision answer =
              decide::to_decision(decide::decide(snapshot, asked.questions[k].request, workspace), snapshot);
          if (!(answer == asked.answers[k])) faults[t] = to_json(asked.questions[k]);
        }
      }
    });
  }
  threads.clear();
  for (const std::string& fault : faults) EXPECT_EQ(fault, "");
}

}  // namespace
}  // namespace portreeve::differential

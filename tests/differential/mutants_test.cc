// Each of the seeded defects of mutants.toml is caught: what would not be seen here would not be seen in the evaluator.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/environment.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"
#include "tests/differential/shrinker.h"

namespace portreeve::differential {
namespace {

struct Mutant {
  int number;
  const char* name;
  const char* file;
};
constexpr Mutant kMutants[] = {
#include "mutants.inc"
};
constexpr std::size_t kFewestMutants = 30;

// Drawn once, and answered by the reference once, for all mutants.
constexpr std::size_t kWorlds = 600;
constexpr std::size_t kQuestionsPerWorld = 160;
constexpr std::size_t kPromisesFollowed = 4;  // one case in so many

// Of what is shrunk: each takes some hundred loads.
constexpr std::size_t kShrunkOneInSo = 6;
constexpr std::size_t kMostDocuments = 8;
constexpr std::size_t kMostRules = 2;

struct Case {
  Question question;
  wire::Decision reference;
};
struct Round {
  World world;
  Contest contest;
  std::vector<Case> cases;
};

std::vector<Round> draw() {
  std::vector<Round> rounds;
  for (std::uint64_t i = 0; rounds.size() < kWorlds; ++i) {
    Dice dice(seed() + i);
    World world = random_world(dice);
    auto contest = Contest::of(world);
    if (!contest) continue;
    const QuestionMaker maker(contest->documents());
    std::vector<Case> cases;
    while (cases.size() < kQuestionsPerWorld) {
      auto question = maker.make(dice);
      if (!question) continue;
      wire::Decision reference = contest->reference(*question);
      cases.push_back({*std::move(question), std::move(reference)});
    }
    rounds.push_back({std::move(world), *std::move(contest), std::move(cases)});
  }
  return rounds;
}

class Mutants : public testing::Test {
 protected:
  static void SetUpTestSuite() { rounds_ = new std::vector<Round>(draw()); }
  static void TearDownTestSuite() { delete std::exchange(rounds_, nullptr); }

  struct Catch {
    std::size_t cases = 0;  // looked at before, and this one
    Difference difference;
  };
  static std::optional<Catch> first_difference(int mutant) {
    std::size_t cases = 0;
    for (const Round& round : *rounds_) {
      Contest contest = round.contest.with_mutant(mutant);
      for (std::size_t i = 0; i < round.cases.size(); ++i) {
        const auto& [question, reference] = round.cases[i];
        ++cases;
        const auto promise = i % kPromisesFollowed == 0 ? Contest::Promise::followed : Contest::Promise::trusted;
        auto found = contest.judge(question, promise, reference);
        if (found) return Catch{cases, {round.world, question, *std::move(found), mutant}};
      }
    }
    return std::nullopt;
  }

  static std::vector<Round>* rounds_;
};

std::vector<Round>* Mutants::rounds_ = nullptr;

TEST_F(Mutants, NoneIsNoDifference) {
  const auto found = first_difference(0);
  EXPECT_FALSE(found) << to_report(found->difference);
}

TEST_F(Mutants, EachIsCaught) {
  EXPECT_GE(std::size(kMutants), kFewestMutants);
  for (const Mutant& mutant : kMutants) {
    const auto caught = first_difference(mutant.number);
    if (!caught) {
      ADD_FAILURE() << mutant.file << ": nothing tells the mutant `" << mutant.name << "`";
      continue;
    }
    const Disagreement& found = caught->difference.disagreement;
    std::printf("%7zu cases: %s\n", caught->cases, mutant.name);
    std::printf("          by %s\n          %s, not %s\n", to_json(caught->difference.question).c_str(),
                to_json(found.production).c_str(), to_json(found.reference).c_str());
  }
}

// A few of them are made small, to see that what a person is shown is small, and can be pasted.
TEST_F(Mutants, WhatIsFoundIsShrunk) {
  std::size_t pasted = 0, shown = 0;
  for (std::size_t i = 0; i < std::size(kMutants); i += kShrunkOneInSo) {
    const auto caught = first_difference(kMutants[i].number);
    ASSERT_TRUE(caught);
    const Difference small = shrink(caught->difference);
    const std::string report = to_report(small);
    SCOPED_TRACE(report);
    EXPECT_LE(small.world.documents.size(), kMostDocuments);
    for (const DocumentText& document : small.world.documents) {
      const JsonValue* rules = document.spec.find("rules");
      EXPECT_TRUE(rules == nullptr || rules->as_array()->size() <= kMostRules);
    }
    std::printf("# %s\n%s\n", kMutants[i].name, report.c_str());
    ++shown;
    pasted += report.find("kind: PolicyTest") != std::string::npos ? 1 : 0;
  }
  EXPECT_GE(4 * pasted, shown) << "a PolicyTest can ask about many of them";
}

}  // namespace
}  // namespace portreeve::differential

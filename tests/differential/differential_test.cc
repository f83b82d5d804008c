// Production against the reference: every difference is a bug of one of them, or a gap in SEMANTICS.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

#include "engine/wire/reason.h"
#include "tests/differential/coverage.h"
#include "tests/differential/environment.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"
#include "tests/differential/shrinker.h"
#include "tests/differential/small_worlds.h"

namespace portreeve::differential {
namespace {

constexpr std::size_t kReportsAtMost = 10;
constexpr std::size_t kQuestionsPerSet = 500;
constexpr std::uint64_t kPromisesFollowed = 8;  // one case in so many
// Unoptimised builds are several times slower.
#ifdef NDEBUG
constexpr std::uint64_t kSets = 2200;
#else
constexpr std::uint64_t kSets = 100;
#endif

// Reports differences, each kind of them once: what is shrunk to the same policies and answers is the same difference.
class Reporter {
 public:
  bool is_full() const { return seen_.size() >= kReportsAtMost; }
  bool is_empty() const { return seen_.empty(); }
  void report(Difference difference, const std::string& origin) {
    const Difference small = shrink(std::move(difference));
    const Disagreement& disagreement = small.disagreement;
    const std::string kind = to_yaml(small.world) + std::string(wire::code(disagreement.reference.reason)) +
                             std::string(wire::code(disagreement.production.reason));
    if (seen_.insert(kind).second) ADD_FAILURE() << origin << "\n" << to_report(small);
  }

 private:
  std::set<std::string> seen_;
};

TEST(Differential, SmallWorldsAreJudgedAlike) {
  const std::vector<Question> questions = small_questions();
  Reporter reporter;
  std::size_t worlds = 0, unloadable = 0;
  for_each_small_world([&](const World& world) {
    if (reporter.is_full()) return;
    ++worlds;
    std::string errors;
    auto contest = Contest::of(world, &errors);
    if (!contest) {
      if (unloadable++ == 0) ADD_FAILURE() << errors << to_yaml(world);
      return;
    }
    for (const Question& question : questions) {
      auto found = contest->judge(question, Contest::Promise::trusted, contest->reference(question));
      if (!found) continue;
      reporter.report({world, question, *std::move(found), 0}, "small world");
      return;
    }
  });
  EXPECT_EQ(unloadable, 0U);
  if (reporter.is_empty()) {
    EXPECT_GT(worlds, 2900U);
  }
}

// One world and its questions. Nothing where load refuses the world.
std::optional<std::size_t> run_world(std::uint64_t seed, Coverage& coverage, Reporter& reporter, std::string& refusal) {
  Dice dice(seed);
  const World world = random_world(dice);
  auto contest = Contest::of(world, &refusal);
  if (!contest) {
    refusal += "\n" + to_yaml(world);
    return std::nullopt;
  }
  const QuestionMaker maker(contest->documents());
  reference::Account account;
  for (std::size_t cases = 0; cases < kQuestionsPerSet;) {
    const auto question = maker.make(dice);
    if (!question) continue;
    ++cases;
    account = {};
    const wire::Decision reference = contest->reference(*question, &account);
    coverage.add(contest->documents(), contest->own_addresses(), *question, reference, account);
    const bool follow = cases % kPromisesFollowed == 0;
    auto found = contest->judge(*question, follow ? Contest::Promise::followed : Contest::Promise::trusted, reference);
    if (!found) continue;
    reporter.report({world, *question, *std::move(found), 0},
                    "PORTREEVE_SEED=" + std::to_string(seed) + " PORTREEVE_DIFFERENTIAL_SETS=1");
    return cases;
  }
  return kQuestionsPerSet;
}

TEST(Differential, RandomSetsAreJudgedAlike) {
  const std::uint64_t sets = from_environment("PORTREEVE_DIFFERENTIAL_SETS", kSets);
  std::printf("PORTREEVE_SEED=%llu PORTREEVE_DIFFERENTIAL_SETS=%llu\n", static_cast<unsigned long long>(seed()),
              static_cast<unsigned long long>(sets));
  std::fflush(stdout);  // before a crash, too
  Coverage coverage;
  Reporter reporter;
  std::size_t loaded = 0;
  std::string first_refusal;
  // Each set has a seed of its own, so that one can be run alone.
  for (std::uint64_t i = 0; i < sets && !reporter.is_full(); ++i) {
    std::string refusal;
    if (run_world(seed() + i, coverage, reporter, refusal)) {
      ++loaded;
    } else if (first_refusal.empty()) {
      first_refusal = refusal;
    }
  }
  if (!reporter.is_empty()) return;
  EXPECT_GE(loaded * 10, sets * 9) << "too few generated sets load, the first for\n" << first_refusal;
  std::printf("%zu sets, %s", loaded, coverage.table().c_str());
  if (sets < kSets) return;  // too few to have met everything
  for (const std::string& gap : coverage.gaps()) ADD_FAILURE() << gap;
}

}  // namespace
}  // namespace portreeve::differential

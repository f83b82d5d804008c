// Production against the reference: every difference is a bug of one of them, or a gap in SEMANTICS.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "engine/wire/reason.h"
#include "tests/differential/comparer.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"
#include "tests/differential/small_worlds.h"

namespace portreeve::differential {
namespace {

constexpr std::size_t kReportsAtMost = 10;
constexpr std::size_t kQuestionsPerSet = 60;
// About 20 s; unoptimised builds are several times slower.
#ifdef NDEBUG
constexpr std::uint64_t kSets = 500;
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
    if (seen_
            .insert(to_yaml(small.set) + std::string(wire::code(small.reference.reason)) +
                    std::string(wire::code(small.production.reason)))
            .second) {
      ADD_FAILURE() << origin << "\n" << to_report(small);
    }
  }

 private:
  std::set<std::string> seen_;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Differential, SmallWorldsAreJudgedAlike) {
  const std::vector<Question> questions = small_questions();
  Reporter reporter;
  std::size_t worlds = 0, unloadable = 0;
  for_each_small_world([&](const PolicySetText& set) {
    if (reporter.is_full()) return;
    ++worlds;
    std::string errors;
    const auto checked = load_text(set, &errors);
    if (checked == nullptr && unloadable++ == 0) ADD_FAILURE() << errors << to_yaml(set);
    if (auto difference = compare(set, checked, questions)) reporter.report(*std::move(difference), "small world");
  });
  EXPECT_EQ(unloadable, 0U);
  if (reporter.is_empty()) {
    EXPECT_GT(worlds, 2900U);
  }
}

TEST(Differential, RandomSetsAreJudgedAlike) {
  const std::uint64_t seed = from_environment("PORTREEVE_SEED", 20'261'124);
  const std::uint64_t sets = from_environment("PORTREEVE_DIFFERENTIAL_SETS", kSets);
  std::printf("PORTREEVE_SEED=%llu PORTREEVE_DIFFERENTIAL_SETS=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(sets));
  std::fflush(stdout);  // before a crash, too
  Reporter reporter;
  std::size_t loaded = 0;
  std::string first_refusal;
  for (std::uint64_t i = 0; i < sets && !reporter.is_full(); ++i) {
    // Each set has a seed of its own, so that one can be run alone.
    Dice dice(seed + i);
    const PolicySetText set = random_set(dice);
    std::vector<Question> questions;
    while (questions.size() < kQuestionsPerSet) {
      if (auto question = random_question(dice)) questions.push_back(*std::move(question));
    }
    std::string errors;
    const auto checked = load_text(set, &errors);
    if (checked == nullptr) {
      if (first_refusal.empty()) first_refusal = errors + "\n" + to_yaml(set);
      continue;
    }
    ++loaded;
    if (auto difference = compare(set, checked, questions)) {
      reporter.report(*std::move(difference),
                      "PORTREEVE_SEED=" + std::to_string(seed + i) + " PORTREEVE_DIFFERENTIAL_SETS=1");
    }
  }
  if (reporter.is_empty()) {
    EXPECT_GE(loaded * 10, sets * 8) << "too few generated sets load, the first for\n" << first_refusal;
  }
}

}  // namespace
}  // namespace portreeve::differential

// Policy sets and questions as the bytes choose them: both evaluators must answer alike.
#include <cstdio>

#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"
#include "tests/differential/shrinker.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::differential;
  Dice dice(std::span(data, size));
  const World world = random_world(dice);
  auto contest = Contest::of(world);
  if (!contest) return 0;
  const QuestionMaker maker(contest->documents());
  while (dice.has_more()) {
    const auto question = maker.make(dice);
    if (!question) continue;
    auto found = contest->judge(*question, Contest::Promise::followed, contest->reference(*question));
    if (found) std::fputs(to_report(shrink({world, *question, *found, 0})).c_str(), stderr);
    CHECK(!found);
  }
  return 0;
}

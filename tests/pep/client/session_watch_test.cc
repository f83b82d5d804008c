#include "pep/client/session_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "pep/client/answer_cache.h"

namespace portreeve::pep {
namespace {

constexpr SilenceTimes kLong{Millis(600'000), Millis(600'000)};

Revocation cut(std::int64_t event, std::vector<std::string> sessions) {
  Revocation revocation;
  revocation.event = event;
  revocation.sessions = std::move(sessions);
  return revocation;
}

Revocation everything(std::int64_t event) {
  Revocation revocation;
  revocation.event = event;
  revocation.all = true;
  return revocation;
}

class WatchTest : public testing::Test {
 protected:
  WatchTest() { watch.hear(); }
  // A registration that writes down how it was cut.
  Registration enter(const std::string& name) {
    return watch.enter([this, name](CutCause cause) { calls.emplace_back(name, cause); });
  }
  using Calls = std::vector<std::pair<std::string, CutCause>>;

  boost::asio::io_context context;
  SessionWatch watch{context, kLong};
  Calls calls;
};

TEST_F(WatchTest, CutsTheSessionThatIsRevokedAndNoOther) {
  Registration one = enter("one");
  Registration two = enter("two");
  EXPECT_TRUE(one.bind("ses_1", 3));
  EXPECT_TRUE(two.bind("ses_2", 3));
  watch.hear(cut(4, {"ses_1"}));
  EXPECT_EQ(calls, (Calls{{"one", CutCause::revoked}}));
  EXPECT_EQ(one.objection(), CutCause::revoked);
  EXPECT_EQ(two.objection(), std::nullopt);
  watch.hear(cut(5, {"ses_1"}));
  EXPECT_EQ(calls.size(), 1u) << "once is enough";
}

TEST_F(WatchTest, TellsAnEndFromARevocation) {
  Registration one = enter("one");
  EXPECT_TRUE(one.bind("ses_1", 0));
  Revocation end = cut(1, {"ses_1"});
  end.ended = true;
  watch.hear(end);
  EXPECT_EQ(calls, (Calls{{"one", CutCause::ended}}));
  EXPECT_EQ(reason_of(CutCause::ended), wire::Reason::revoked);
  EXPECT_EQ(reason_of(CutCause::silence), wire::Reason::pdp_unavailable);
}

TEST_F(WatchTest, RefusesAnAnswerThatARevocationOvertook) {
  Registration one = enter("one");
  watch.hear(cut(7, {"ses_1"}));
  EXPECT_FALSE(one.bind("ses_1", 6));
  EXPECT_EQ(one.objection(), CutCause::revoked);
  EXPECT_TRUE(calls.empty()) << "what was not open is not cut";
  Registration late = enter("late");
  EXPECT_FALSE(late.bind("ses_1", 7)) << "a session that was cut never stands again";
}

TEST_F(WatchTest, OrdersEverythingByNumber) {
  Registration before = enter("before");
  Registration after = enter("after");
  Registration asking = enter("asking");
  EXPECT_TRUE(before.bind("ses_1", 9));
  EXPECT_TRUE(after.bind("ses_2", 10));
  watch.hear(everything(10));
  EXPECT_EQ(calls, (Calls{{"before", CutCause::revoked}}));
  EXPECT_FALSE(asking.bind("ses_3", 9));
  Registration later = enter("later");
  EXPECT_TRUE(later.bind("ses_4", 10));
}

TEST_F(WatchTest, ForgetsTheOldestAndTrustsNoAnswerOlderThanThat) {
  std::int64_t event = 0;
  for (std::size_t i = 0; i <= limits::kRememberedCuts; ++i) watch.hear(cut(++event, {"ses_" + std::to_string(i)}));
  EXPECT_TRUE(watch.is_overtaken("ses_1", event));
  EXPECT_FALSE(watch.is_overtaken("ses_x", event));
  EXPECT_FALSE(watch.is_overtaken("ses_x", 1)) << "one was forgotten, and the answer knew of it";
  EXPECT_TRUE(watch.is_overtaken("ses_x", 0));
}

TEST_F(WatchTest, LetsACutDestroyOthers) {
  std::optional<Registration> other;
  int told = 0;
  const auto end_all = [&](CutCause) {
    ++told;
    other.reset();
  };
  Registration one = watch.enter(end_all);
  other = watch.enter(end_all);
  EXPECT_TRUE(one.bind("ses_1", 0));
  EXPECT_TRUE(other->bind("ses_1", 0));
  watch.hear(cut(1, {"ses_1"}));
  EXPECT_GE(told, 1);
  EXPECT_FALSE(other);
  EXPECT_EQ(watch.registered(), 1u);
}

TEST_F(WatchTest, CallsWhatItWasToldLast) {
  Registration one = enter("first");
  one.on_cut([this](CutCause cause) { calls.emplace_back("second", cause); });
  EXPECT_TRUE(one.bind("ses_1", 0));
  watch.hear(cut(1, {"ses_1"}));
  EXPECT_EQ(calls, (Calls{{"second", CutCause::revoked}}));
}

TEST_F(WatchTest, TakesOffTheWatchWhatIsOver) {
  {
    Registration one = enter("one");
    EXPECT_TRUE(one.bind("ses_1", 0));
    Registration moved = std::move(one);
    EXPECT_EQ(watch.registered(), 1u);
    moved = enter("two");
    EXPECT_EQ(watch.registered(), 1u);
  }
  EXPECT_EQ(watch.registered(), 0u);
  watch.hear(cut(1, {"ses_1"}));
  EXPECT_TRUE(calls.empty());
}

TEST(SessionWatch, StartsNothingBeforeItHeard) {
  boost::asio::io_context context;
  SessionWatch watch(context, kLong);
  EXPECT_FALSE(watch.may_start());
  Registration early = watch.enter({});
  EXPECT_EQ(early.objection(), CutCause::silence);
  watch.hear();
  EXPECT_TRUE(watch.may_start());
  EXPECT_FALSE(early.bind("ses_1", 100)) << "what happened before is not known";
  EXPECT_TRUE(watch.enter({}).bind("ses_1", 0));
}

TEST(SessionWatch, StartsNothingInASilenceAndCutsAfterALongOne) {
  boost::asio::io_context context;
  SessionWatch watch(context, {Millis(20), Millis(60)});
  std::vector<CutCause> causes;
  watch.hear();
  Registration open = watch.enter([&](CutCause cause) { causes.push_back(cause); });
  EXPECT_TRUE(open.bind("ses_1", 0));
  const std::uint64_t era = watch.era();
  while (watch.era() == era) ASSERT_GT(context.run_one(), 0u);
  EXPECT_FALSE(watch.may_start());
  EXPECT_TRUE(causes.empty());
  EXPECT_EQ(open.objection(), CutCause::silence) << "a next step is not taken either";
  while (causes.empty()) ASSERT_GT(context.run_one(), 0u);
  EXPECT_EQ(causes, std::vector<CutCause>{CutCause::silence});
  watch.hear();
  EXPECT_TRUE(watch.may_start());
  EXPECT_EQ(open.objection(), CutCause::silence) << "what was cut stays cut";
  EXPECT_EQ(watch.enter({}).objection(), std::nullopt);
}

TEST(SessionWatch, LearnsOfASilenceThatNoTimerSaw) {
  boost::asio::io_context context;  // is not run: as of a process that was stopped
  SessionWatch watch(context, {Millis(1), Millis(2)});
  std::vector<CutCause> causes;
  watch.hear();
  Registration open = watch.enter([&](CutCause cause) { causes.push_back(cause); });
  const std::uint64_t era = watch.era();
  while (watch.may_start()) {
  }
  EXPECT_EQ(open.objection(), CutCause::silence);
  const auto late = std::chrono::steady_clock::now() + Millis(3);
  while (std::chrono::steady_clock::now() < late) {
  }
  watch.hear();
  EXPECT_NE(watch.era(), era);
  EXPECT_EQ(causes, std::vector<CutCause>{CutCause::silence});
}

TEST(SessionWatch, MayGoBeforeItsRegistrations) {
  boost::asio::io_context context;
  auto watch = std::make_unique<SessionWatch>(context, kLong);
  watch->hear();
  Registration one = watch->enter({});
  watch.reset();
  EXPECT_EQ(one.objection(), CutCause::silence);
}

Answer allowed(const std::string& session, std::int64_t event, Seconds cache_for) {
  Answer answer;
  answer.allowed = true;
  answer.id = "dec_1";
  answer.session = AnswerSession{session, "idp/rita", std::nullopt};
  answer.event = event;
  answer.cache_for = cache_for;
  return answer;
}

class CacheTest : public WatchTest {
 protected:
  bool has(const std::string& question, Seconds later = Seconds(0)) {
    return cache.find(question, now + later).has_value();
  }
  void keep(const std::string& question, const Answer& answer) { cache.keep(question, answer, now, watch.era()); }

  const AnswerCache::Time now = std::chrono::steady_clock::now();
  AnswerCache cache{watch, 4};
};

TEST_F(CacheTest, KeepsAnAnswerForAsLongAsItSays) {
  keep("q", allowed("ses_1", 0, Seconds(30)));
  EXPECT_TRUE(has("q", Seconds(29)));
  EXPECT_FALSE(has("other"));
  EXPECT_FALSE(has("q", Seconds(30)));
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(CacheTest, KeepsNeitherDenialsNorWhatMayNotBeKept) {
  keep("q", allowed("ses_1", 0, Seconds(0)));
  Answer denial = allowed("ses_1", 0, Seconds(30));
  denial.allowed = false;
  keep("r", denial);
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(CacheTest, DropsWhatARevocationOvertook) {
  keep("q", allowed("ses_1", 3, Seconds(30)));
  keep("r", allowed("ses_2", 3, Seconds(30)));
  watch.hear(cut(4, {"ses_1"}));
  EXPECT_FALSE(has("q"));
  EXPECT_TRUE(has("r"));
  watch.hear(everything(5));
  EXPECT_FALSE(has("r"));
}

TEST_F(CacheTest, DropsAllAtAChange) {
  keep("q", allowed("ses_1", 0, Seconds(30)));
  const std::uint64_t before = watch.era();
  watch.hear_change();
  EXPECT_FALSE(has("q"));
  cache.keep("q", allowed("ses_1", 0, Seconds(30)), now, before);
  EXPECT_FALSE(has("q")) << "an answer that was under way when the policies changed is not kept";
}

TEST_F(CacheTest, IsBounded) {
  for (int i = 0; i < 10; ++i) keep(std::to_string(i), allowed("ses_1", 0, Seconds(30)));
  EXPECT_EQ(cache.size(), 4u);
  EXPECT_TRUE(has("9"));
}

TEST(AnswerCache, IsEmptyInASilence) {
  boost::asio::io_context context;
  SessionWatch watch(context, {Millis(1), Millis(600'000)});
  AnswerCache cache(watch);
  watch.hear();
  const auto now = std::chrono::steady_clock::now();
  cache.keep("q", allowed("ses_1", 0, Seconds(30)), now, watch.era());
  while (watch.may_start()) {
  }
  EXPECT_FALSE(cache.find("q", now));
  watch.hear();
  EXPECT_FALSE(cache.find("q", now)) << "nor is it back when the PDP is";
}

}  // namespace
}  // namespace portreeve::pep

#include "daemon/random.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "daemon/clock.h"
#include "engine/base/mutex.h"

namespace portreeve::daemon {
namespace {

TEST(NewId, IsAPrefixAndAUlidOfTheTime) {
  // The time part of the example in the ULID specification: 01ARYZ6S41 is 1469918176385.
  const std::string id = new_id("dec_", Timestamp::from_unix_millis(1'469'918'176'385));
  EXPECT_EQ(id.size(), 30u);
  EXPECT_EQ(id.substr(0, 14), "dec_01ARYZ6S41");
  EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 4), std::string::npos) << id;
}

TEST(NewId, SortsByTimeToTheMillisecond) {
  const std::string early = new_id("", Timestamp::from_unix_millis(1'700'000'000'000));
  const std::string late = new_id("", Timestamp::from_unix_millis(1'700'000'000'001));
  EXPECT_LT(early, late);
}

TEST(NewId, IsNeverTheSameTwiceFromManyThreads) {
  std::set<std::string> ids;
  Mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        std::string id = new_id("x", Timestamp());
        const MutexLock lock(mutex);
        ids.insert(std::move(id));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 4000u);
}

TEST(NewId, UsesEveryBitOfItsRandomPart) {
  std::vector<std::set<char>> seen(16);
  for (int i = 0; i < 2000; ++i) {
    const std::string id = new_id("", Timestamp());
    for (std::size_t j = 0; j < 16; ++j) seen[j].insert(id[10 + j]);
  }
  // Each digit misses one of 32 values in 2000 draws with a chance of 32 × (31/32)^2000 < 1e-25.
  for (const auto& digits : seen) EXPECT_EQ(digits.size(), 32u);
}

TEST(RandomBytes, FillsAnySize) {
  for (const std::size_t size : {0u, 1u, 255u, 256u, 257u, 10'000u}) EXPECT_EQ(random_bytes(size).size(), size);
  const std::string bytes = random_bytes(10'000);
  EXPECT_NE(bytes.substr(9'900), std::string(100, '\0'));
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(Timestamp::from_unix(1'700'000'000));
  const Clock& seen = clock;
  EXPECT_EQ(seen.now(), Timestamp::from_unix(1'700'000'000));
  clock.advance(Millis(1500));
  EXPECT_EQ(seen.now(), Timestamp::from_unix(1'700'000'001, 500'000'000));
  EXPECT_EQ(seen.steady_millis(), 1500);
  clock.set(Timestamp::from_unix(5));
  EXPECT_EQ(seen.now(), Timestamp::from_unix(5));
  EXPECT_EQ(seen.steady_millis(), 1500);
}

TEST(SystemClock, AgreesWithTheMachine) {
  const SystemClock clock;
  const auto before = std::chrono::system_clock::now() - std::chrono::seconds(5);
  EXPECT_GT(clock.now(), Timestamp::from(before));
  const std::int64_t first = clock.steady_millis();
  EXPECT_LE(first, clock.steady_millis());
}

}  // namespace
}  // namespace portreeve::daemon

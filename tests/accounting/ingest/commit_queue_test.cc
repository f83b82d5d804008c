#include "accounting/ingest/commit_queue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "accounting/ledger/ledger_reader.h"

namespace portreeve::accounting {
namespace {

TEST(CommitQueue, ManyPostersShareTransactionsAndEachEventCountsOnce) {
  char pattern[] = "/tmp/commit-queue-XXXXXX";
  const std::string directory = ::mkdtemp(pattern);
  const std::string path = directory + "/usage.sqlite";
  constexpr int kPosters = 8;
  constexpr int kBatches = 25;
  constexpr int kEvents = 4;
  const daemon::SystemClock clock;
  {
    CommitQueue queue(std::move(*Ledger::open(path)), clock);
    std::vector<std::thread> posters;
    for (int poster = 0; poster < kPosters; ++poster) {
      posters.emplace_back([&queue, poster] {
        for (int batch = 0; batch < kBatches; ++batch) {
          std::vector<Posting> postings;
          for (int i = 0; i < kEvents; ++i) {
            Posting posting;
            // Every second poster sends what its neighbour sends.
            posting.event.key =
                std::string(32, static_cast<char>('a' + poster / 2)) + "-" + std::to_string(1 + batch * kEvents + i);
            posting.event.gate = "broker";
            posting.event.provider = "anthropic";
            posting.seq = 1;
            postings.push_back(std::move(posting));
          }
          EXPECT_TRUE(queue.post(std::move(postings)));
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
    EXPECT_LE(queue.commits(), static_cast<std::uint64_t>(kPosters * kBatches));
    EXPECT_TRUE(queue.post({}));
    EXPECT_TRUE(queue.set_prices(PriceBook()));
  }
  const auto report = (*LedgerReader::open(path))->report(Dimension::tenant, {}, 10);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->totals.calls, kPosters / 2 * kBatches * kEvents);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace portreeve::accounting

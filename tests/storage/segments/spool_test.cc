#include "storage/segments/spool.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "storage/segments/segment_format.h"
#include "tests/storage/segments/memory_file_system.h"

namespace portreeve::storage {
namespace {

using testing::StartsWith;

std::vector<std::string> texts(const std::vector<StoredRecord>& records) {
  std::vector<std::string> out;
  for (const StoredRecord& record : records) out.push_back(record.bytes);
  return out;
}

TEST(Spool, GivesRecordsInOrderAndAgainUntilAcknowledged) {
  MemoryFileSystem files;
  auto spool = Spool::open(files, "spool", {}).value();
  EXPECT_FALSE(spool->wait(Millis{0}));
  ASSERT_TRUE(spool->append_and_wait({"a", "b", "c"}));
  EXPECT_TRUE(spool->wait(Millis{0}));
  EXPECT_EQ(texts(spool->read(2).value()), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(texts(spool->read(2).value()), (std::vector<std::string>{"c"}));
  EXPECT_FALSE(spool->wait(Millis{0}));
  EXPECT_TRUE(spool->read(2).value().empty());
  spool->rewind();
  EXPECT_EQ(texts(spool->read(9).value()), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(spool->acknowledge(2));
  spool->rewind();
  EXPECT_EQ(texts(spool->read(9).value()), (std::vector<std::string>{"c"}));
}

TEST(Spool, RemembersWhatWasAcknowledged) {
  std::mt19937_64 random(7);
  MemoryFileSystem files;
  std::uint64_t written = 0;
  for (int run = 0; run < 6; ++run) {
    auto spool = Spool::open(files, "spool", {}).value();
    EXPECT_EQ(spool->acknowledged(), run == 0 ? 0 : written - 1);
    ASSERT_TRUE(spool->append_and_wait({fmt::format("{}", written), fmt::format("{}", written + 1)}));
    written += 2;
    const auto read = spool->read(100).value();
    ASSERT_FALSE(read.empty());
    EXPECT_EQ(read.back().index, written - 1);
    ASSERT_TRUE(spool->acknowledge(written - 1));
    spool.reset();
    files.crash(random);
  }
}

TEST(Spool, RefusesWhenFullAndTakesMoreOnceAcknowledged) {
  MemoryFileSystem files;
  auto spool = Spool::open(files, "spool", {.total_bytes = 1 << 20}).value();
  const std::string record(60'000, 'x');
  std::uint64_t taken = 0;
  for (int round = 0; round < 5; ++round) {
    Result<std::uint64_t> last = std::uint64_t{0};
    for (int i = 0; i < 100 && last; ++i) {
      last = spool->append_and_wait({record});
      taken += last ? 1 : 0;
    }
    ASSERT_FALSE(last);
    EXPECT_THAT(last.error().message, StartsWith("`spool` is full: "));
    EXPECT_LE(spool->bytes(), std::uint64_t{1} << 20);
    while (!spool->read(100, SIZE_MAX).value().empty()) {
    }
    ASSERT_TRUE(spool->acknowledge(taken));
    EXPECT_LT(spool->bytes(), std::uint64_t{200'000});
  }
  EXPECT_GT(taken, 60u);
}

// A record is given until its acknowledgement is durable, and never one that was not appended.
TEST(Spool, LosesNothingWhateverCallFails) {
  std::mt19937_64 random(20'261'125);
  for (std::uint64_t n = 1; n < 250; ++n) {
    MemoryFileSystem files;
    files.fail_call(n, "injected: input/output error");
    std::uint64_t appended = 0;
    std::uint64_t acknowledged = 0;
    if (auto spool = Spool::open(files, "spool", {.total_bytes = 600'000})) {
      for (int i = 0; i < 30; ++i) {
        if (!(*spool)->append_and_wait({fmt::format("{} {}", appended, std::string(9'000, '.'))})) break;
        ++appended;
        if (i % 3 != 2) continue;
        const auto read = (*spool)->read(2);
        if (!read || read->empty() || !(*spool)->acknowledge(read->back().index + 1)) break;
        acknowledged = read->back().index + 1;
      }
    }
    files.fail_call(0, "");
    files.crash(random);
    auto spool = Spool::open(files, "spool", {.total_bytes = 600'000});
    ASSERT_TRUE(spool) << spool.error().message << ": call " << n;
    EXPECT_GE((*spool)->acknowledged(), acknowledged) << n;
    std::uint64_t expected = (*spool)->acknowledged();
    const auto left = (*spool)->read(1000, SIZE_MAX).value();
    for (const StoredRecord& record : left) {
      EXPECT_EQ(record.index, expected++);
      EXPECT_THAT(record.bytes, StartsWith(fmt::format("{} ", record.index)));
    }
    EXPECT_GE(expected, appended) << n;
  }
}

TEST(Spool, SaysThatItsMarkIsDamaged) {
  MemoryFileSystem files;
  files.put("spool/ACK", "no mark of ours!");
  const auto spool = Spool::open(files, "spool", {});
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().message, "spool/ACK:0: the acknowledged mark is damaged");
}

}  // namespace
}  // namespace portreeve::storage

#include "storage/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "engine/wire/record.h"
#include "tests/storage/segments/memory_file_system.h"

namespace portreeve::storage {
namespace {

std::string admin_at(std::int64_t millis) {
  wire::AdminRecord record;
  record.time = Timestamp::from_unix_millis(millis);
  return wire::to_bytes(record).value();
}

Result<std::uint64_t> append(Journal& journal, std::int64_t millis) {
  std::promise<Result<std::uint64_t>> promise;
  auto result = promise.get_future();
  journal.append({admin_at(millis)}, Timestamp::from_unix_millis(millis),
                 [&](Result<std::uint64_t> first) { promise.set_value(std::move(first)); });
  return result.get();
}

TEST(Journal, RemembersTheTimeOfItsLastDurableRecord) {
  MemoryFileSystem files;
  {
    auto journal = Journal::open(files, "journal").value();
    EXPECT_EQ(journal->last_time(), std::nullopt);
    EXPECT_EQ(append(*journal, 5'000).value(), 0u);
    EXPECT_EQ(append(*journal, 7'000).value(), 1u);
    EXPECT_EQ(append(*journal, 6'000).value(), 2u);  // never back
    EXPECT_EQ(journal->last_time(), Timestamp::from_unix_millis(7'000));
  }
  auto journal = Journal::open(files, "journal").value();
  EXPECT_EQ(journal->last_time(), Timestamp::from_unix_millis(6'000));
  EXPECT_EQ(journal->durable_end(), 3u);
}

TEST(Journal, TheTimeIsNotRaisedByWhatNeverBecameDurable) {
  MemoryFileSystem files;
  auto journal = Journal::open(files, "journal").value();
  ASSERT_TRUE(append(*journal, 5'000));
  files.fail_sync(1);
  EXPECT_FALSE(append(*journal, 9'000));
  EXPECT_EQ(journal->last_time(), Timestamp::from_unix_millis(5'000));
  EXPECT_FALSE(append(*journal, 9'500));
  EXPECT_THAT(journal->failure(), testing::HasSubstr("injected: the sync failed"));
}

TEST(Journal, AFailureAtOnceLeavesTheRecordsWithTheCaller) {
  MemoryFileSystem files;
  auto journal = Journal::open(files, "journal", {.queue_records = 1}).value();
  std::vector<std::string> records{admin_at(1), admin_at(2)};
  bool called = false;
  EXPECT_FALSE(journal->try_append(records, Timestamp(), [&](Result<std::uint64_t>) { called = true; }));
  EXPECT_EQ(records.size(), 2u);
  EXPECT_FALSE(called);
}

TEST(Journal, RefusesALogWhoseBeginningIsMissing) {
  MemoryFileSystem files;
  {
    auto journal = Journal::open(files, "journal", {.segment_bytes = 100}).value();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*journal, i));
  }
  ASSERT_TRUE(files.remove("journal/00000000000000000000.seg"));
  EXPECT_EQ(Journal::open(files, "journal").error().message,
            "`journal` begins at record 1: its first segments are missing");
}

TEST(Journal, RefusesALastRecordWithoutATime) {
  MemoryFileSystem files;
  ASSERT_TRUE(SegmentLog::open(files, "journal", {}).value()->append_and_wait({"{}"}));
  EXPECT_EQ(Journal::open(files, "journal").error().message,
            "the last record of `journal`, number 0: the record has no time");
}

}  // namespace
}  // namespace portreeve::storage

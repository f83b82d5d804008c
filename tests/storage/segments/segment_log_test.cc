#include "storage/segments/segment_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <random>

#include "storage/segments/durable_mark.h"
#include "storage/segments/segment_format.h"
#include "tests/storage/segments/memory_file_system.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::storage {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string record(std::uint64_t index) { return fmt::format("record {} {}", index, std::string(index % 40, '.')); }

std::vector<std::string> records(std::uint64_t first, std::uint64_t count) {
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(record(first + i));
  return out;
}

std::vector<std::string> all_of(FileSystem& files, const std::string& folder, std::uint64_t end) {
  SegmentCursor cursor = SegmentCursor::resume(files, folder, {});
  std::vector<std::string> out;
  const auto read = cursor.read(end, SIZE_MAX, SIZE_MAX);
  if (!read) return {"error: " + read.error().message};
  for (const StoredRecord& one : *read) out.push_back(one.bytes);
  return out;
}

std::string mark(std::uint64_t value) {
  const auto bytes = encode_durable_mark(value);
  return {bytes.data(), bytes.size()};
}

// A segment file with these records, and where each frame ends.
std::string segment_bytes(std::uint64_t base, const std::vector<std::string>& payloads,
                          std::vector<std::size_t>* ends = nullptr) {
  const auto header = encode_segment_header(base);
  std::string bytes(header.data(), header.size());
  for (const std::string& payload : payloads) {
    append_frame(bytes, payload);
    if (ends != nullptr) ends->push_back(bytes.size());
  }
  return bytes;
}

const std::string kFirst = "log/00000000000000000000.seg";

std::uint64_t seed() {
  const char* const given = std::getenv("PORTREEVE_SEED");
  return given == nullptr ? 20'261'124 : std::strtoull(given, nullptr, 10);
}

TEST(SegmentLog, NumbersRecordsAndReadsThemBack) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {}).value();
  EXPECT_EQ(log->append_and_wait(records(0, 3)).value(), 0u);
  EXPECT_EQ(log->append_and_wait(records(3, 1)).value(), 3u);
  EXPECT_EQ(log->durable_end(), 4u);
  EXPECT_EQ(read_durable_end(files, "log").value(), 4u);
  EXPECT_EQ(all_of(files, "log", 4), records(0, 4));
}

TEST(SegmentLog, GoesOnWhereItStoppedAcrossSegments) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{1000}, std::uint64_t{1} << 20}) {
    MemoryFileSystem files;
    std::uint64_t written = 0;
    for (int run = 0; run < 5; ++run) {
      auto log = SegmentLog::open(files, "log", {.segment_bytes = size}).value();
      EXPECT_EQ(log->recovery().end_index, written);
      EXPECT_EQ(log->recovery().torn_bytes, 0u);
      EXPECT_EQ(log->recovery().last_record, written == 0 ? "" : record(written - 1));
      for (int call = 0; call < 4; ++call, written += 7) {
        EXPECT_EQ(log->append_and_wait(records(written, 7)).value(), written) << size;
      }
    }
    EXPECT_EQ(all_of(files, "log", written), records(0, written)) << size;
    for (std::uint64_t from = 0; from <= written; ++from) {
      SegmentCursor cursor = SegmentCursor::open(files, "log", from).value();
      const auto read = cursor.read(written, SIZE_MAX).value();
      ASSERT_EQ(read.size(), written - from) << size << " from " << from;
      EXPECT_TRUE(read.empty() || read.front().bytes == record(from));
    }
  }
}

TEST(SegmentLog, KeepsPositionsThatACursorGoesOnFrom) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {.segment_bytes = 300}).value();
  ASSERT_TRUE(log->append_and_wait(records(0, 50)));
  SegmentPosition at;
  for (std::uint64_t i = 0; i < 50; ++i) {
    SegmentCursor cursor = SegmentCursor::resume(files, "log", at);
    const auto read = cursor.read(50, 1).value();
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read.front().index, i);
    EXPECT_EQ(read.front().bytes, record(i));
    at = cursor.position();
  }
}

TEST(SegmentLog, AnswersEachAppendOnceAndInOrder) {
  MemoryFileSystem files;
  std::vector<std::uint64_t> firsts;
  {
    auto log = SegmentLog::open(files, "log", {}).value();
    for (std::uint64_t i = 0; i < 200; ++i) {
      log->append(records(i, i % 3), [&](Result<std::uint64_t> first) { firsts.push_back(first.value()); });
    }
  }
  ASSERT_EQ(firsts.size(), 200u);
  std::uint64_t expected = 0;
  for (std::uint64_t i = 0; i < 200; expected += i % 3, ++i) EXPECT_EQ(firsts[i], expected) << i;
}

TEST(SegmentLog, TakesCallablesThatOnlyMove) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {}).value();
  std::promise<std::uint64_t> promise;
  auto future = promise.get_future();
  log->append(records(0, 1), [promise = std::move(promise)](Result<std::uint64_t> first) mutable {
    promise.set_value(first.value());
  });
  EXPECT_EQ(future.get(), 0u);
}

TEST(SegmentLog, RefusesAtOnceWhatCannotFit) {
  struct Row {
    const char* name;
    SegmentOptions options;
    std::vector<std::string> records;
    std::string message;
  };
  const Row rows[] = {
      {"an empty record", {}, {""}, "a record of 0 bytes: 1 to 65535 fit"},
      {"one byte too long", {}, {std::string(65'536, 'x')}, "a record of 65536 bytes: 1 to 65535 fit"},
      {"more records than the queue",
       {.queue_records = 2},
       {"a", "b", "c"},
       "the queue of `log` is full: 0 records, 0 bytes wait"},
      {"more bytes than the queue",
       {.queue_bytes = 20},
       {"0123456789abc"},
       "the queue of `log` is full: 0 records, 0 bytes wait"},
      {"more than the folder may hold", {.total_bytes = 52}, {"0123456789abc"}, "`log` is full: 32 of 52 bytes"},
  };
  for (const Row& row : rows) {
    MemoryFileSystem files;
    auto log = SegmentLog::open(files, "log", row.options).value();
    bool called = false;
    log->append(row.records, [&](Result<std::uint64_t> first) {
      called = true;
      ASSERT_FALSE(first) << row.name;
      EXPECT_EQ(first.error().message, row.message) << row.name;
    });
    EXPECT_TRUE(called) << row.name;
    EXPECT_EQ(log->failure(), "") << row.name;
  }
}

TEST(SegmentLog, TakesTheLongestRecord) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {.segment_bytes = 100}).value();
  const std::string longest(65'535, 'x');
  ASSERT_TRUE(log->append_and_wait({"a", longest, "b", longest}));
  EXPECT_EQ(all_of(files, "log", 4), (std::vector<std::string>{"a", longest, "b", longest}));
}

TEST(SegmentLog, FillsItsQueueWhileTheDiskIsSlowAndSaysSo) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {.queue_records = 10}).value();
  std::promise<void> syncing;
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  bool first_sync = true;
  files.set_before_sync([&] {
    if (!std::exchange(first_sync, false)) return;
    syncing.set_value();
    gate.wait();
  });
  std::atomic<int> answered = 0;
  log->append(records(0, 1), [&](Result<std::uint64_t> first) { answered += first ? 1 : 0; });
  syncing.get_future().wait();
  log->append(records(1, 10), [&](Result<std::uint64_t> first) { answered += first ? 1 : 0; });
  EXPECT_EQ(log->waiting(), 10u);
  std::string refusal;
  log->append({"x"}, [&](Result<std::uint64_t> first) { refusal = first ? "taken" : first.error().message; });
  EXPECT_THAT(refusal, StartsWith("the queue of `log` is full: 10 records, "));
  EXPECT_EQ(answered, 0);
  go_on.set_value();
  EXPECT_EQ(log->append_and_wait({}).value(), 11u);
  EXPECT_EQ(answered, 2);
}

TEST(SegmentLog, ShowsFollowersNothingBeforeItsSync) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {.segment_bytes = 400}).value();
  std::atomic<std::uint64_t> acknowledged = 0;
  int looked = 0;
  files.set_before_sync([&] {
    ++looked;
    EXPECT_EQ(log->durable_end(), acknowledged);
    EXPECT_EQ(read_durable_end(files, "log").value(), acknowledged);
    EXPECT_FALSE(log->wait_durable(acknowledged, Millis{0}));
  });
  for (std::uint64_t i = 0; i < 60; i += 3) {
    log->append(records(i, 3), [&](Result<std::uint64_t> first) {
      EXPECT_TRUE(first);
      acknowledged += 3;
    });
    ASSERT_TRUE(log->append_and_wait({}));
    EXPECT_TRUE(log->wait_durable(i + 2, Millis{0}));
  }
  EXPECT_GT(looked, 20);
  files.set_before_sync({});
}

TEST(SegmentLog, SyncsWhatNobodyWaitsForWithWhatSomebodyDoes) {
  MemoryFileSystem files;
  const auto log = SegmentLog::open(files, "log", {});
  ASSERT_TRUE(log);
  std::vector<std::uint64_t> told;
  for (std::uint64_t i = 0; i < 3; ++i) {
    (*log)->append_soon({record(i)}, [&told](Result<std::uint64_t> index) { told.push_back(index ? *index : 99); });
  }
  ASSERT_TRUE((*log)->append_and_wait({record(3)}));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{0, 1, 2})) << "in order, and before the last";
  EXPECT_EQ((*log)->durable_end(), 4u);
  EXPECT_EQ(all_of(files, "log", 4), records(0, 4));
}

TEST(SegmentLog, SyncsWhatNobodyWaitsForBeforeLong) {
  MemoryFileSystem files;
  const auto log = SegmentLog::open(files, "log", {});
  ASSERT_TRUE(log);
  (*log)->append_soon({record(0)}, [](Result<std::uint64_t>) {});
  EXPECT_TRUE((*log)->wait_durable(0, Millis{30'000}));
}

TEST(SegmentLog, LosesNothingThatLingersWhereItEnds) {
  MemoryFileSystem files;
  {
    const auto log = SegmentLog::open(files, "log", {});
    ASSERT_TRUE(log);
    for (std::uint64_t i = 0; i < 3; ++i) (*log)->append_soon({record(i)}, [](Result<std::uint64_t>) {});
  }
  EXPECT_EQ(all_of(files, "log", 3), records(0, 3));
}

TEST(SegmentLog, HasOneOwner) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {}).value();
  const auto second = SegmentLog::open(files, "log", {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "`log/LOCK` is locked: another process owns this folder");
  log.reset();
  EXPECT_TRUE(SegmentLog::open(files, "log", {}));
}

TEST(SegmentLog, CutsATailTornAtAnyByte) {
  const std::vector<std::string> payloads = records(10, 6);
  std::vector<std::size_t> ends{kSegmentHeaderBytes};
  const std::string whole = segment_bytes(0, payloads, &ends);
  for (std::uint64_t published = 0; published <= payloads.size(); ++published) {
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      MemoryFileSystem files;
      files.put(kFirst, whole.substr(0, cut));
      files.put("log/DURABLE", mark(published));
      const std::size_t frames =
          static_cast<std::size_t>(std::ranges::count_if(ends, [&](std::size_t end) { return end <= cut; }));
      const std::size_t held = frames == 0 ? 0 : frames - 1;
      auto log = SegmentLog::open(files, "log", {});
      if (held < published) {
        ASSERT_FALSE(log) << "published " << published << ", cut at " << cut;
        EXPECT_THAT(log.error().message,
                    testing::AnyOf(StartsWith(kFirst + ":"), HasSubstr("the end of the log is missing")));
        continue;
      }
      ASSERT_TRUE(log) << log.error().message << ": published " << published << ", cut at " << cut;
      EXPECT_EQ((*log)->recovery().end_index, held);
      EXPECT_EQ((*log)->recovery().torn_bytes, frames == 0 ? cut : cut - ends[held]);
      EXPECT_EQ((*log)->append_and_wait({"next"}).value(), held);
      std::vector<std::string> expected(payloads.begin(), payloads.begin() + static_cast<std::ptrdiff_t>(held));
      expected.push_back("next");
      EXPECT_EQ(all_of(files, "log", held + 1), expected);
    }
  }
}

TEST(SegmentLog, CutsATailOfZerosOrRubbish) {
  for (const std::string& rubbish : {std::string(100, '\0'), std::string(100, '\xff'), std::string(5000, 'x')}) {
    MemoryFileSystem files;
    files.put(kFirst, segment_bytes(0, records(0, 3)) + rubbish);
    files.put("log/DURABLE", mark(3));
    auto log = SegmentLog::open(files, "log", {}).value();
    EXPECT_EQ(log->recovery().end_index, 3u);
    EXPECT_EQ(log->recovery().torn_bytes, rubbish.size());
    EXPECT_EQ(log->recovery().torn_file, kFirst);
  }
}

TEST(SegmentLog, FindsEveryFlippedByte) {
  MemoryFileSystem good;
  {
    auto log = SegmentLog::open(good, "log", {.segment_bytes = 200}).value();
    ASSERT_TRUE(log->append_and_wait(records(10, 20)));
  }
  const auto names = good.list("log").value();
  for (const std::string& name : names) {
    if (name == "LOCK") continue;
    const std::string bytes = good.bytes_of("log/" + name);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      MemoryFileSystem files;
      for (const std::string& other : names) files.put("log/" + other, good.bytes_of("log/" + other));
      std::string bad = bytes;
      bad[i] = static_cast<char>(bad[i] ^ 0x20);
      files.put("log/" + name, bad);
      const auto log = SegmentLog::open(files, "log", {.segment_bytes = 200});
      if (!log) {
        EXPECT_THAT(log.error().message, HasSubstr("log/" + name + ":")) << i;
        continue;
      }
      // A sealed segment's records are read when they are wanted; there the flip shows.
      EXPECT_THAT(all_of(files, "log", 20), testing::ElementsAre(StartsWith("error: log/" + name + ":"))) << i;
    }
  }
}

TEST(SegmentLog, MissesNoSegment) {
  MemoryFileSystem good;
  {
    auto log = SegmentLog::open(good, "log", {.segment_bytes = 100}).value();
    ASSERT_TRUE(log->append_and_wait(records(10, 20)));
  }
  const auto names = good.list("log").value();
  for (std::size_t missing = 0; missing + 2 < names.size(); ++missing) {  // all but DURABLE and LOCK, which sort last
    MemoryFileSystem files;
    for (const std::string& name : names) {
      if (name != names[missing]) files.put("log/" + name, good.bytes_of("log/" + name));
    }
    const auto log = SegmentLog::open(files, "log", {});
    // Without its oldest segments a log is one that was pruned; the journal, which never is, refuses that itself.
    EXPECT_EQ(log.has_value(), missing == 0) << names[missing];
  }
}

struct Acknowledged {
  std::vector<std::pair<std::uint64_t, std::string>> records;
  bool failed = false;
};

// Appends until something fails or `count` records are acknowledged; checks that nothing succeeds after a failure.
void append_until_failure(SegmentLog& log, std::uint64_t count, Acknowledged& out, std::mt19937_64& random) {
  out.failed = false;
  std::uint64_t next = log.durable_end();
  while (next < count) {
    const std::uint64_t size = 1 + random() % 4;
    std::vector<std::string> batch = records(next, size);
    const auto first = log.append_and_wait(batch);
    if (!first) {
      out.failed = true;
      EXPECT_NE(log.failure(), "");
      for (int again = 0; again < 3; ++again) EXPECT_FALSE(log.append_and_wait({"after the failure"}));
      EXPECT_FALSE(log.append_and_wait({}));
      return;
    }
    for (std::uint64_t i = 0; i < size; ++i) out.records.emplace_back(*first + i, std::move(batch[i]));
    next = *first + size;
  }
}

void expect_all_there(FileSystem& files, const Acknowledged& acknowledged, std::uint64_t end, std::string_view where) {
  const std::vector<std::string> there = all_of(files, "log", end);
  for (const auto& [index, bytes] : acknowledged.records) {
    ASSERT_LT(index, there.size()) << where;
    EXPECT_EQ(there[index], bytes) << where;
  }
}

// Each call to the disk fails once: no acknowledgement may be lost then, nor in the power cut that follows.
TEST(SegmentLog, LosesNothingAcknowledgedWhateverCallFails) {
  std::mt19937_64 random(seed());
  std::cout << "seed " << seed() << "\n";
  int failures = 0;
  for (std::uint64_t n = 1; n < 400; ++n) {
    for (const bool keep_failing : {false, true}) {
      const std::string where = fmt::format("call {} fails, seed {}", n, seed());
      MemoryFileSystem files;
      files.set_longest_write(random() % 3 == 0 ? 1 + random() % 50 : SIZE_MAX);
      Acknowledged acknowledged;
      files.fail_call(n, n % 2 == 0 ? "injected: no space left" : "injected: input/output error", keep_failing);
      auto log = SegmentLog::open(files, "log", {.segment_bytes = 300});
      if (log) append_until_failure(**log, 60, acknowledged, random);
      failures += acknowledged.failed ? 1 : 0;
      if (log) log->reset();
      for (int cut = 0; cut < 2; ++cut) {
        files.fail_call(0, "");
        if (random() % 2 == 0) files.crash(random);  // else only the process died
        auto again = SegmentLog::open(files, "log", {.segment_bytes = 300});
        ASSERT_TRUE(again) << again.error().message << ": " << where;
        expect_all_there(files, acknowledged, (*again)->durable_end(), where);
        append_until_failure(**again, (*again)->durable_end() + 5, acknowledged, random);
        expect_all_there(files, acknowledged, (*again)->durable_end(), where);
      }
    }
  }
  EXPECT_GT(failures, 100);
}

// After a failed sync the page cache may hold as clean what the disk never got. Reopening must not build on that.
TEST(SegmentLog, WritesAgainWhatAFailedSyncLeftUnsure) {
  std::mt19937_64 random(seed());
  for (std::uint64_t n = 1; n <= 12; ++n) {
    MemoryFileSystem files;
    Acknowledged acknowledged;
    {
      auto log = SegmentLog::open(files, "log", {.segment_bytes = 250}).value();
      ASSERT_TRUE(log->append_and_wait(records(0, 2)));
      files.fail_sync(n);
      append_until_failure(*log, 40, acknowledged, random);
      ASSERT_TRUE(acknowledged.failed) << n;
    }
    {
      auto log = SegmentLog::open(files, "log", {.segment_bytes = 250}).value();
      append_until_failure(*log, log->durable_end() + 3, acknowledged, random);
    }
    files.crash(random);
    auto log = SegmentLog::open(files, "log", {.segment_bytes = 250});
    ASSERT_TRUE(log) << log.error().message << ": sync " << n;
    expect_all_there(files, acknowledged, (*log)->durable_end(), fmt::format("sync {}", n));
  }
}

TEST(SegmentLog, RemovesWholeSegmentsOnly) {
  MemoryFileSystem files;
  auto log = SegmentLog::open(files, "log", {.segment_bytes = 100}).value();
  ASSERT_TRUE(log->append_and_wait(records(0, 20)));
  const std::uint64_t before = log->bytes();
  ASSERT_TRUE(log->remove_below(7));
  EXPECT_LE(log->first_index(), 7u);
  EXPECT_GT(log->first_index(), 0u);
  EXPECT_LT(log->bytes(), before);
  SegmentCursor cursor = log->cursor_at(7).value();
  EXPECT_EQ(cursor.read(20, SIZE_MAX).value().size(), 13u);
  const auto gone = log->cursor_at(0);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message, "`log` has no segment that holds record 0");
  ASSERT_TRUE(log->remove_below(20));  // the open segment stays
  EXPECT_EQ(log->append_and_wait({"x"}).value(), 20u);
}

}  // namespace
}  // namespace portreeve::storage

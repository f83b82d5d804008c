// The segment log on a real disk: threads, other processes, and a writer that is killed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <thread>

#include "storage/segments/segment_log.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::storage {
namespace {

TEST(SegmentLogOnDisk, TakesAppendsOfManyThreadsWhileFollowersRead) {
  constexpr int kThreads = 6;
  constexpr int kAppends = 300;
  const TemporaryFolder folder;
  const auto files = make_posix_file_system();
  auto log = SegmentLog::open(*files, folder.path() + "/log", {.segment_bytes = 20'000}).value();
  std::atomic<std::uint64_t> acknowledged = 0;
  std::thread follower([&] {
    SegmentCursor cursor = SegmentCursor::resume(*files, folder.path() + "/log", {});
    std::map<int, int> next;
    while (cursor.position().index < kThreads * kAppends) {
      ASSERT_TRUE(log->wait_durable(cursor.position().index, Millis{20'000}));
      const std::uint64_t end = read_durable_end(*files, folder.path() + "/log").value();
      const auto read = cursor.read(end, 100).value();
      for (const StoredRecord& record : read) {
        int thread = 0;
        int number = 0;
        ASSERT_EQ(std::sscanf(record.bytes.c_str(), "%d %d", &thread, &number), 2) << record.bytes;
        EXPECT_EQ(number, next[thread]++) << record.bytes;
      }
    }
  });
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&, thread] {
      for (int i = 0; i < kAppends; ++i) {
        if (i % 10 == 0) {
          EXPECT_TRUE(log->append_and_wait({fmt::format("{} {}", thread, i)}));
          ++acknowledged;
        } else {
          log->append({fmt::format("{} {}", thread, i)}, [&](Result<std::uint64_t> first) {
            EXPECT_TRUE(first);
            ++acknowledged;
          });
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(log->append_and_wait({}));
  EXPECT_EQ(acknowledged, kThreads * kAppends);
  follower.join();
  EXPECT_LT(log->commits(), std::uint64_t{kThreads} * kAppends);
}

TEST(SegmentLogOnDisk, ASecondProcessIsKeptOut) {
  const TemporaryFolder folder;
  const auto files = make_posix_file_system();
  const auto log = SegmentLog::open(*files, folder.path() + "/log", {}).value();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(SegmentLog::open(*files, folder.path() + "/log", {}) ? 1 : 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// The child tells of each acknowledgement through a pipe, and is killed in the middle of it.
void write_until_killed(const std::string& folder, int told) {
  const auto files = make_posix_file_system();
  auto log = SegmentLog::open(*files, folder, {.segment_bytes = 30'000}).value();
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 4; ++thread) {
    writers.emplace_back([&, thread] {
      for (std::uint64_t i = 0;; ++i) {
        const std::string bytes = fmt::format("{:>4} {:>10}", thread, i);
        const auto first = log->append_and_wait({bytes});
        if (!first) ::_exit(2);
        const std::string line = fmt::format("{:>12} {}\n", *first, bytes);
        if (::write(told, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
}

TEST(SegmentLogOnDisk, AKilledWriterLosesNothingItAcknowledged) {
  constexpr std::size_t kLine = 12 + 1 + 15 + 1;
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  std::map<std::uint64_t, std::string> acknowledged;
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(path, ends[1]);
      ::_exit(4);
    }
    ::close(ends[1]);
    std::string told;
    char buffer[4096];
    bool killed = false;
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      told.append(buffer, static_cast<std::size_t>(got));
      if (!killed && told.size() > 500 * kLine) killed = ::kill(child, SIGKILL) == 0;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    for (std::size_t at = 0; at + kLine <= told.size(); at += kLine) {
      acknowledged.emplace(std::stoull(told.substr(at, 12)), told.substr(at + 13, 15));
    }
    const auto files = make_posix_file_system();
    const auto log = SegmentLog::open(*files, path, {.segment_bytes = 30'000}).value();
    SegmentCursor cursor = log->cursor({});
    std::map<std::uint64_t, std::string> there;
    while (cursor.position().index < log->durable_end()) {
      const auto read = cursor.read(log->durable_end(), 10'000).value();
      for (const StoredRecord& record : read) there.emplace(record.index, record.bytes);
    }
    EXPECT_GE(acknowledged.size(), 500u * static_cast<unsigned>(round + 1));
    for (const auto& [index, bytes] : acknowledged) EXPECT_EQ(there[index], bytes) << index;
  }
}

}  // namespace
}  // namespace portreeve::storage

#include "storage/sqlite/decision_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/reindex.h"
#include "tests/storage/segments/temporary_folder.h"
#include "tests/storage/sqlite/log_fixture.h"

namespace portreeve::storage {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DecisionLogTest : public testing::Test {
 protected:
  std::unique_ptr<DecisionLog> open() { return open_decision_log(*files_, folder_.path()).value(); }
  std::string data() const { return folder_.path(); }

  TemporaryFolder folder_;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST_F(DecisionLogTest, ADecisionShowsAsSoonAsItIsDurable) {
  const auto log = open();
  const auto reader = open_log_reader(data()).value();
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto recorded = commit_range(*log, i, 1).value();
    EXPECT_EQ(recorded.front().index(), i);
    EXPECT_EQ(recorded.front().record(), decision(i));
    const std::string bytes = wire::to_bytes(decision(i)).value();
    EXPECT_EQ(log->find(decision_id(i)).value().value(), (LoggedRecord{i, bytes}));
    EXPECT_EQ(reader->find(decision_id(i)).value().value(), (LoggedRecord{i, bytes}));
    EXPECT_EQ(reader->search({}, {.limit = 1}).value().records.front().index, i);
  }
  EXPECT_EQ(log->find(decision_id(1000)).value(), std::nullopt);
  EXPECT_EQ(log->last_time(), decision(199).time);
}

TEST_F(DecisionLogTest, CommitsABatchTogether) {
  const auto log = open();
  const auto recorded = commit_range(*log, 0, 50).value();
  ASSERT_EQ(recorded.size(), 50u);
  for (std::uint64_t i = 0; i < 50; ++i) EXPECT_EQ(recorded[i].index(), i);
}

TEST_F(DecisionLogTest, RefusesARecordThatHasNoBytes) {
  const auto log = open();
  wire::DecisionRecord bad = decision(1);
  bad.seq = -1;
  EXPECT_THAT(commit(*log, {bad}).error().message, StartsWith("`seq` of a record is -1"));
  EXPECT_EQ(log->stats().records, 0u);
}

TEST_F(DecisionLogTest, KeepsEverythingAcrossRestarts) {
  for (std::uint64_t run = 0; run < 4; ++run) {
    const auto log = open();
    EXPECT_EQ(log->stats().records, run * 100);
    EXPECT_EQ(log->stats().indexed, run * 100);
    ASSERT_TRUE(commit_range(*log, run * 100, 100));
  }
  const auto log = open();
  const auto all = log->search({}, {.order = PageOrder::oldest_first, .limit = 1000}).value();
  ASSERT_EQ(all.records.size(), 400u);
  for (std::uint64_t i = 0; i < 400; ++i) EXPECT_EQ(all.records[i].bytes, wire::to_bytes(decision(i)).value());
  EXPECT_EQ(all.next, std::nullopt);
  EXPECT_EQ(log->last_time(), decision(399).time);
}

TEST_F(DecisionLogTest, PagesInBothDirectionsWithoutGapsOrRepeats) {
  const auto log = open();
  ASSERT_TRUE(commit_range(*log, 0, 95));
  for (const PageOrder order : {PageOrder::newest_first, PageOrder::oldest_first}) {
    PageRequest page{.order = order, .after = std::nullopt, .limit = 10};
    std::vector<std::uint64_t> seen;
    int pages = 0;
    do {
      const RecordPage found = log->search({}, page).value();
      for (const LoggedRecord& record : found.records) seen.push_back(record.index);
      page.after = found.next;
      ++pages;
    } while (page.after);
    EXPECT_EQ(pages, 10);
    if (order == PageOrder::newest_first) std::ranges::reverse(seen);
    ASSERT_EQ(seen.size(), 95u);
    for (std::uint64_t i = 0; i < 95; ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST_F(DecisionLogTest, StoresEachOutcomeOnceAlsoAcrossRestarts) {
  auto log = open();
  std::vector<wire::DecisionRecord> decisions{decision(0), decision(1)};
  for (auto& one : decisions) one.pep = "egress-1";
  ASSERT_TRUE(commit(*log, decisions));
  const std::string first = decision_id(0);
  EXPECT_EQ(log->last_outcome_seq("egress-1", "boot-1"), 0);
  EXPECT_EQ(report(*log, {outcome("egress-1", 1, first), outcome("egress-1", 2, first)}).value(),
            (OutcomeReceipt{2, 2, 0, {}}));
  EXPECT_EQ(report(*log, {outcome("egress-1", 2, first), outcome("egress-1", 4, first)}).value(),
            (OutcomeReceipt{4, 1, 1, {}}));
  log.reset();
  log = open();
  EXPECT_EQ(log->last_outcome_seq("egress-1", "boot-1"), 4);
  EXPECT_EQ(report(*log, {outcome("egress-1", 3, first), outcome("egress-1", 4, first)}).value(),
            (OutcomeReceipt{4, 0, 2, {}}));
  wire::OutcomeRecord next_boot = outcome("egress-1", 1, first);
  next_boot.boot = "boot-2";
  EXPECT_EQ(report(*log, {next_boot}).value(), (OutcomeReceipt{1, 1, 0, {}}));
  const auto found = log->search({.decision_id = first}, {.order = PageOrder::oldest_first}).value();
  EXPECT_EQ(found.records.size(), 5u);  // the decision and four outcomes
}

TEST_F(DecisionLogTest, AGateReportsOnlyOfDecisionsItWasGiven) {
  auto log = open();
  wire::DecisionRecord mine = decision(0);
  mine.pep = "egress-1";
  ASSERT_TRUE(commit(*log, {mine}));
  wire::OutcomeRecord refusal = outcome("egress-2", 4, "");
  refusal.kind = wire::RecordKind::refusal;
  for (int restart = 0; restart < 2; ++restart) {
    const std::string gate = restart == 0 ? "egress-2" : "egress-3";
    refusal.gate = gate;
    EXPECT_EQ(report(*log, {outcome(gate, 1, mine.id), outcome(gate, 2, decision_id(9)), outcome(gate, 3, ""), refusal})
                  .value(),
              (OutcomeReceipt{4,
                              1,
                              0,
                              {{1, "decision `" + mine.id + "` was given to another gate"},
                               {2, "there is no decision `" + decision_id(9) + "`"},
                               {3, "there is no decision ``"}}}));
    log.reset();
    log = open();
  }
}

TEST_F(DecisionLogTest, TwoDeliveriesOfOneBatchAtOnceStoreItOnce) {
  const auto log = open();
  wire::DecisionRecord mine = decision(0);
  mine.pep = "egress-1";
  ASSERT_TRUE(commit(*log, {mine}));
  for (std::int64_t round = 0; round < 30; ++round) {
    std::vector<wire::OutcomeRecord> batch;
    for (std::int64_t i = 1; i <= 5; ++i) batch.push_back(outcome("egress-1", round * 5 + i, mine.id));
    OutcomeReceipt receipts[2];
    std::thread other([&] { receipts[1] = report(*log, batch).value(); });
    receipts[0] = report(*log, batch).value();
    other.join();
    EXPECT_EQ(receipts[0].stored + receipts[1].stored, 5u);
    EXPECT_EQ(receipts[0].last_seq, (round + 1) * 5);
    EXPECT_EQ(receipts[1].last_seq, (round + 1) * 5);
  }
  EXPECT_EQ(log->stats().records, 151u);
}

TEST_F(DecisionLogTest, FollowsWithAFilter) {
  const auto log = open();
  ASSERT_TRUE(commit_range(*log, 0, 10));
  const RecordFilter filter{.pep = "egress-1"};
  FollowPage page = log->follow(filter, 0, 3, Millis{5000}).value();
  EXPECT_EQ(page.records.size(), 3u);
  std::uint64_t next = page.records.back().index + 1;
  EXPECT_EQ(page.next, next);
  page = log->follow(filter, 10, 100, Millis{0}).value();
  EXPECT_TRUE(page.records.empty());
  EXPECT_EQ(page.next, 10u);
  std::thread writer([&] {
    for (std::uint64_t i = 10; i < 60; ++i) ASSERT_TRUE(commit_range(*log, i, 1));
  });
  const auto reader = open_log_reader(data()).value();
  std::vector<std::uint64_t> here, there, expected;
  for (std::uint64_t i = 10; i < 60; ++i) {
    if (decision(i).pep == "egress-1") expected.push_back(i);
  }
  for (std::uint64_t from = 10; from < 60;) {
    page = log->follow(filter, from, 100, Millis{10'000}).value();
    for (const LoggedRecord& record : page.records) here.push_back(record.index);
    from = page.next;
    if (here.size() == expected.size()) break;
  }
  for (std::uint64_t from = 10; there.size() < expected.size();) {
    page = reader->follow(filter, from, 100, Millis{10'000}).value();
    for (const LoggedRecord& record : page.records) there.push_back(record.index);
    from = page.next;
  }
  writer.join();
  EXPECT_EQ(here, expected);
  EXPECT_EQ(there, expected);
}

TEST_F(DecisionLogTest, NotesWhatAdminsDo) {
  const auto log = open();
  wire::AdminRecord admin;
  admin.action = "policy.activate";
  admin.actor = "keycloak/ada";
  std::promise<Result<std::uint64_t>> done;
  log->note(admin, [&](Result<std::uint64_t> index) { done.set_value(std::move(index)); });
  EXPECT_EQ(done.get_future().get().value(), 0u);
  EXPECT_EQ(log->search({.kind = wire::RecordKind::admin}, {}).value().records.size(), 1u);
}

TEST_F(DecisionLogTest, HasOneOwner) {
  const auto log = open();
  const auto second = open_decision_log(*files_, data());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another process owns this folder"));
}

TEST_F(DecisionLogTest, BuildsALostOrDamagedIndexAnew) {
  ASSERT_TRUE(commit_range(*open(), 0, 300));
  struct Row {
    const char* name;
    std::function<void()> damage;
  };
  namespace fs = std::filesystem;
  const auto index = [&] { return fs::canonical(data() + "/index.sqlite"); };
  const Row rows[] = {
      {"nothing", [] {}},
      {"link gone", [&] { fs::remove(data() + "/index.sqlite"); }},
      {"file gone", [&] { fs::remove(index()); }},
      {"file emptied", [&] { fs::resize_file(index(), 0); }},
      {"file cut", [&] { fs::resize_file(index(), 5000); }},
      {"no database", [&] { std::ofstream(index()) << std::string(100'000, 'x'); }},
  };
  for (const Row& row : rows) {
    row.damage();
    const auto log = open();
    EXPECT_EQ(log->stats().indexed, 300u) << row.name;
    EXPECT_EQ(log->search({}, {.limit = 1000}).value().records.size(), 300u) << row.name;
  }
}

TEST_F(DecisionLogTest, DropsAnIndexOfAnotherJournal) {
  ASSERT_TRUE(commit_range(*open(), 0, 20));
  std::filesystem::remove_all(data() + "/journal");
  ASSERT_TRUE(commit_range(*open(), 100, 30));
  const auto log = open();
  EXPECT_EQ(log->find(decision_id(3)).value(), std::nullopt);
  EXPECT_EQ(log->search({}, {.limit = 1000}).value().records.size(), 30u);
}

TEST_F(DecisionLogTest, IsReindexedBesideALiveWriter) {
  const auto log = open();
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> written = 0;
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      EXPECT_TRUE(commit_range(*log, i, 1));
      written = i + 1;
    }
  });
  const auto reader = open_log_reader(data()).value();
  const std::string before = std::filesystem::canonical(data() + "/index.sqlite");
  for (int round = 0; round < 5; ++round) {
    while (written < static_cast<std::uint64_t>(round + 1) * 100) std::this_thread::yield();
    const auto count = reindex(data());
    ASSERT_TRUE(count) << count.error().message;
    const std::uint64_t at_least = written;
    for (const auto& found : {log->search({}, {.limit = 10'000}), reader->search({}, {.limit = 10'000})}) {
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_GE(found->records.size(), at_least);
      for (std::size_t i = 0; i < found->records.size(); ++i) {
        EXPECT_EQ(found->records[i].index, found->records.size() - 1 - i);
      }
    }
  }
  stop = true;
  writer.join();
  wait_indexed(*log);
  EXPECT_EQ(log->stats().index_error, "");
  EXPECT_NE(std::filesystem::canonical(data() + "/index.sqlite"), before);
  EXPECT_EQ(log->find(decision_id(written - 1)).value().value().index, written - 1);
}

TEST_F(DecisionLogTest, ReindexNeedsADataFolder) {
  EXPECT_EQ(reindex(data()).error().message, "`" + data() + "` has no folder `journal`: it is no PDP's data folder");
  EXPECT_FALSE(open_log_reader(data()));
}

// The child is killed while journal and index are both at work; every decision it told of must be found afterwards,
// and a report delivered before the kill is a duplicate after it.
TEST_F(DecisionLogTest, AKilledWriterLosesNothingItAnswered) {
  std::uint64_t first = 0;
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto log = open();
      for (std::uint64_t i = first;; i += 4) {
        std::vector<wire::DecisionRecord> decisions;
        for (std::uint64_t k = i; k < i + 4; ++k) decisions.push_back(decision(k)), decisions.back().pep = "gate";
        if (!commit(*log, std::move(decisions))) ::_exit(2);
        const auto receipt = report(*log, {outcome("gate", static_cast<std::int64_t>(i + 1), decision_id(i))});
        if (!receipt || receipt->stored != 1) ::_exit(3);
        if (::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(4);
      }
    }
    ::close(ends[1]);
    std::uint64_t told = 0;
    std::uint64_t last = 0;
    for (std::uint64_t value = 0; ::read(ends[0], &value, sizeof value) == sizeof value;) {
      last = value;
      if (++told == 60) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    const auto log = open();
    for (std::uint64_t i = first; i < last + 4; ++i) {
      ASSERT_TRUE(log->find(decision_id(i)).value()) << i;
    }
    const auto seq = static_cast<std::int64_t>(last + 1);
    EXPECT_GE(log->last_outcome_seq("gate", "boot-1"), seq);
    EXPECT_EQ(report(*log, {outcome("gate", seq, decision_id(last))}).value().duplicates, 1u);
    first += 1'000'000;  // beyond whatever was in flight
  }
}

}  // namespace
}  // namespace portreeve::storage

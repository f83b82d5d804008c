// A disk that fails under the decision log: no decision is recorded that is not there afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/sqlite/log_reader.h"
#include "tests/storage/segments/temporary_folder.h"
#include "tests/storage/sqlite/log_fixture.h"

namespace portreeve::storage {
namespace {

// The real files, but that the `n`th sync or write of a segment fails.
class FailingFile final : public File {
 public:
  FailingFile(std::unique_ptr<File> file, std::atomic<int>& writes, std::atomic<int>& syncs)
      : file_(std::move(file)), writes_(writes), syncs_(syncs) {}
  Result<std::size_t> append_some(std::string_view bytes) override {
    if (--writes_ == 0) return fail("injected: No space left on device");
    return file_->append_some(bytes);
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override { return file_->write_at(offset, bytes); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
    return file_->read_at(offset, buffer);
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  Status sync_data() override {
    if (--syncs_ == 0) return fail("injected: Input/output error");
    return file_->sync_data();
  }
  Result<bool> try_lock() override { return file_->try_lock(); }

 private:
  std::unique_ptr<File> file_;
  std::atomic<int>& writes_;
  std::atomic<int>& syncs_;
};

class FailingFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    TRY_ASSIGN(std::unique_ptr<File> file, files_->open(path, mode));
    return std::make_unique<FailingFile>(std::move(file), writes, syncs);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override { return files_->list(directory); }
  Result<bool> exists(const std::string& path) override { return files_->exists(path); }
  Status make_directories(const std::string& path) override { return files_->make_directories(path); }
  Status rename(const std::string& from, const std::string& to) override { return files_->rename(from, to); }
  Status remove(const std::string& path) override { return files_->remove(path); }
  Status sync_directory(const std::string& path) override { return files_->sync_directory(path); }

  std::atomic<int> writes{0};
  std::atomic<int> syncs{0};

 private:
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST(DecisionLogFailure, NothingIsRecordedAfterAFailedWriteOrSync) {
  for (const bool sync : {false, true}) {
    for (int n = 1; n <= 4; ++n) {
      const TemporaryFolder folder;
      FailingFileSystem files;
      std::uint64_t recorded = 0;
      {
        const auto log = open_decision_log(files, folder.path()).value();
        (sync ? files.syncs : files.writes) = n;
        bool failed = false;
        for (std::uint64_t i = 0; i < 8; ++i) {
          const auto done = commit_range(*log, i, 1);
          EXPECT_FALSE(failed && done) << n;
          failed = failed || !done;
          recorded += done ? 1 : 0;
        }
        EXPECT_TRUE(failed);
        EXPECT_EQ(recorded, static_cast<std::uint64_t>(n - 1));
        EXPECT_THAT(log->stats().journal_error,
                    testing::HasSubstr(sync ? "injected: Input/output error" : "injected: No space left on device"));
        EXPECT_FALSE(report(*log, {outcome("egress-1", 1, decision_id(0))}).value_or(OutcomeReceipt{}).stored > 0);
        // What was recorded before can still be read.
        EXPECT_EQ(log->search({}, {}).value().records.size(), recorded);
      }
      const auto log = open_decision_log(files, folder.path()).value();
      for (std::uint64_t i = 0; i < recorded; ++i) EXPECT_TRUE(log->find(decision_id(i)).value()) << i;
      EXPECT_TRUE(commit_range(*log, 100, 1));
    }
  }
}

}  // namespace
}  // namespace portreeve::storage

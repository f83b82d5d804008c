#include "storage/journal/journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/wire/record.h"

namespace portreeve::storage {

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& files, std::string directory, SegmentOptions options) {
  std::unique_ptr<Journal> journal(new Journal());
  TRY_ASSIGN(journal->log_, SegmentLog::open(files, directory, options));
  const SegmentRecovery& recovery = journal->log_->recovery();
  if (recovery.first_index != 0) {
    return fail(
        fmt::format("`{}` begins at record {}: its first segments are missing", directory, recovery.first_index));
  }
  if (!recovery.last_record.empty()) {
    const auto time = wire::record_time(recovery.last_record);
    if (!time) {
      return fail(fmt::format("the last record of `{}`, number {}: {}", directory, recovery.end_index - 1,
                              time.error().message));
    }
    journal->last_time_millis_ = time->unix_millis();
  }
  return journal;
}

Journal::Completion Journal::stamped(Timestamp time, Completion done) {
  return [this, millis = time.unix_millis(), done = std::move(done)](Result<std::uint64_t> first) mutable {
    if (first) {
      const std::int64_t last = last_time_millis_.load(std::memory_order_relaxed);
      last_time_millis_.store(std::max(last, millis), std::memory_order_release);
    }
    done(std::move(first));
  };
}

void Journal::append(std::vector<std::string> records, Timestamp time, Completion done) {
  log_->append(std::move(records), stamped(time, std::move(done)));
}

Status Journal::try_append(std::vector<std::string>& records, Timestamp time, Completion done) {
  Completion completion = records.empty() ? std::move(done) : stamped(time, std::move(done));
  return log_->try_append(records, completion);
}

std::optional<Timestamp> Journal::last_time() const {
  const std::int64_t millis = last_time_millis_.load(std::memory_order_acquire);
  return millis == kNoTime ? std::nullopt : std::optional(Timestamp::from_unix_millis(millis));
}

}  // namespace portreeve::storage

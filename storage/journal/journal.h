// The journal: every record of the decision log, in order, durable before it is answered for.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "storage/segments/segment_log.h"

namespace portreeve::storage {

// Records in segments, numbered from 0: a record's index is its leaf number. Threads, completions and failures are
// SegmentLog's. Remembers the time of the last durable record, which the PDP's clock must not be behind.
class Journal {
 public:
  using Completion = SegmentLog::Completion;

  // `files` outlives it. Fails where the last record cannot be read or has no time.
  static Result<std::unique_ptr<Journal>> open(FileSystem& files, std::string directory, SegmentOptions options = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Makes canonical records durable together. `time` is the PDP's clock, by which the last of them is stamped.
  void append(std::vector<std::string> records, Timestamp time, Completion done);
  // The same, but a call that fails at once says so, leaves `records` as they were and does not run `done`.
  Status try_append(std::vector<std::string>& records, Timestamp time, Completion done);

  std::optional<Timestamp> last_time() const;
  std::uint64_t durable_end() const { return log_->durable_end(); }
  // True once a record at `index` is durable; false after `wait` or once the journal has failed.
  bool wait_durable(std::uint64_t index, Millis wait) const { return log_->wait_durable(index, wait); }
  SegmentCursor cursor(SegmentPosition at) const { return log_->cursor(at); }
  Result<SegmentCursor> cursor_at(std::uint64_t index) const { return log_->cursor_at(index); }

  const SegmentRecovery& recovery() const { return log_->recovery(); }
  std::string failure() const { return log_->failure(); }
  std::uint64_t bytes() const { return log_->bytes(); }
  std::uint64_t commits() const { return log_->commits(); }
  std::size_t waiting() const { return log_->waiting(); }

 private:
  Journal() = default;
  // `done` preceded by raising the last time.
  Completion stamped(Timestamp time, Completion done);

  // Unix milliseconds; raised on the commit thread, after the sync.
  std::atomic<std::int64_t> last_time_millis_{kNoTime};
  std::unique_ptr<SegmentLog> log_;  // last: its thread uses the others

  static constexpr std::int64_t kNoTime = INT64_MIN;
};

}  // namespace portreeve::storage

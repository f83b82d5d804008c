// A durable queue in segment files: a gate's outcomes and the broker's usage wait here until they are taken.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "storage/segments/segment_log.h"

namespace portreeve::storage {

struct SpoolOptions {
  std::uint64_t total_bytes = 256u << 20;  // full: append is refused. Requires: at least 8 records' worth (512 KiB)
  std::size_t queue_records = 65'536;
};

// Many may append; one reads, in order, and acknowledges. What was acknowledged is removed by whole segments.
// Delivery is at least once: an acknowledgement that a crash swallowed is given again.
class Spool {
 public:
  using Completion = SegmentLog::Completion;

  // As SegmentLog::open(); the acknowledged mark stands in `<directory>/ACK`.
  static Result<std::unique_ptr<Spool>> open(FileSystem& files, std::string directory, SpoolOptions options);

  // As SegmentLog::append(); fails at once with `the spool is full …` where the bound would be passed.
  void append(std::vector<std::string> records, Completion done) { log_->append(std::move(records), std::move(done)); }
  // As SegmentLog::append_soon().
  void append_soon(std::vector<std::string> records, Completion done) {
    log_->append_soon(std::move(records), std::move(done));
  }
  Result<std::uint64_t> append_and_wait(std::vector<std::string> records) {
    return log_->append_and_wait(std::move(records));
  }

  // The next durable records behind the last read ones (at first: behind the acknowledged ones). Empty where there are
  // none. The reader's thread only.
  Result<std::vector<StoredRecord>> read(std::size_t most, std::size_t most_bytes = 1u << 20);
  // Reads again from the first that is not acknowledged.
  void rewind();
  // Notes durably that all below `end` are taken, and removes whole segments of them. Requires: end was read.
  Status acknowledge(std::uint64_t end);
  std::uint64_t acknowledged() const { return acknowledged_; }
  // True once there is a durable record that read() has not returned; false after `wait`.
  bool wait(Millis wait) const;

  std::uint64_t durable_end() const { return log_->durable_end(); }
  std::uint64_t bytes() const { return log_->bytes(); }
  std::string failure() const { return log_->failure(); }
  const SegmentRecovery& recovery() const { return log_->recovery(); }

 private:
  Spool(FileSystem& files, std::string directory, std::unique_ptr<SegmentLog> log, std::uint64_t acknowledged)
      : files_(&files), directory_(std::move(directory)), log_(std::move(log)), acknowledged_(acknowledged) {}

  FileSystem* files_;
  std::string directory_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<SegmentCursor> cursor_;  // null: to be opened at acknowledged_
  std::uint64_t acknowledged_;
};

}  // namespace portreeve::storage

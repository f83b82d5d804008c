// Append-only segment files with group commit: one write and one fdatasync for all that wait.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "storage/segments/callback.h"
#include "storage/segments/file_system.h"
#include "storage/segments/segment_cursor.h"

namespace portreeve::storage {

struct SegmentOptions {
  std::uint64_t segment_bytes = 64u << 20;  // a segment is sealed before it grows beyond this (one record always fits)
  std::size_t queue_records = 65'536;       // bounds of what waits for a commit
  std::size_t queue_bytes = 64u << 20;
  std::uint64_t total_bytes = 0;  // bound of all segments together and the queue; 0: none
};

// What opening found and did.
struct SegmentRecovery {
  std::uint64_t first_index = 0;  // of the oldest segment
  std::uint64_t end_index = 0;    // one past the last record
  std::uint64_t torn_bytes = 0;   // cut from the tail of the last segment: a write that a crash interrupted
  std::string torn_file;
  std::string last_record;  // payload of the last record; empty where there is none
};

// The one writer of a folder of segments. Any thread may append; completions run on the commit thread, in the order of
// the appends, after the sync that covers them, and must not block. A failed write or sync is FINAL (the page cache's
// state is unknown afterwards): all that wait and all that come fail, until the folder is opened anew. A failed append
// says that durability is unknown, not that nothing was written.
class SegmentLog {
 public:
  // With the index of the first record of the append.
  using Completion = Callback<Result<std::uint64_t>>;

  // Locks the folder (`LOCK`), checks every segment's header and seal and the last segment's records, and cuts a torn
  // tail off the last one. Corruption anywhere else is an error that names file and offset. `files` outlives the log.
  static Result<std::unique_ptr<SegmentLog>> open(FileSystem& files, std::string directory, SegmentOptions options);
  // Commits what waits, then stops the thread. Requires: nobody appends any more.
  ~SegmentLog();
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  // Makes the records durable together and in order. None at all is a barrier: `done` follows everything before it.
  // Where it fails at once (queue or total bound, an empty or oversized record, a failed log), `done` runs on the
  // calling thread before this returns.
  void append(std::vector<std::string> records, Completion done);
  // The same, but a call that fails at once says so, moves nothing out of its arguments and does not run `done`.
  Status try_append(std::vector<std::string>& records, Completion& done);
  // As append(), for what nobody waits for: it is synced together with the next records that somebody does wait for,
  // or after 10 ms, so that it costs those no sync of its own.
  void append_soon(std::vector<std::string> records, Completion done);
  // The same for callers that may block.
  Result<std::uint64_t> append_and_wait(std::vector<std::string> records);

  const SegmentRecovery& recovery() const { return recovery_; }
  std::uint64_t durable_end() const { return durable_end_.load(std::memory_order_acquire); }
  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::size_t waiting() const;
  // Empty while the log is sound.
  std::string failure() const;
  // True once a record at `index` is durable; false after `wait` or once the log has failed.
  bool wait_durable(std::uint64_t index, Millis wait) const;
  // The first index that is still on disk.
  std::uint64_t first_index() const { return first_index_.load(std::memory_order_acquire); }

  SegmentCursor cursor(SegmentPosition at) const { return SegmentCursor::resume(*files_, directory_, at); }
  Result<SegmentCursor> cursor_at(std::uint64_t index) const { return SegmentCursor::open(*files_, directory_, index); }

  // Removes sealed segments all of whose records lie below `index`. Any thread, one at a time.
  Status remove_below(std::uint64_t index);

 private:
  struct Waiting {
    std::vector<std::string> records;
    std::size_t bytes = 0;
    Completion done;
  };
  struct Segment {
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
  };

  SegmentLog(FileSystem& files, std::string directory, SegmentOptions options, DirectoryLock lock);
  Status recover();
  // Opens the newest segment for appending; sets next_index_.
  Status recover_newest(const Segment& segment, std::uint64_t published);
  Status publish_durable(std::uint64_t end);
  enum class Urgency : std::uint8_t { waited_for, may_linger };
  Status queue(std::vector<std::string>& records, Completion& done, Urgency urgency);

  void run();
  bool take_group(std::deque<Waiting>& group);
  Status commit(const std::deque<Waiting>& group);
  Status append_record(std::string& buffer, std::string_view record);
  Status seal_and_start(std::string& buffer);
  Status start_segment(std::uint64_t base);
  Status flush(std::string& buffer);
  std::string refusal(const std::vector<std::string>& records, std::size_t bytes) const REQUIRES(mutex_);

  // Constant after construction.
  FileSystem* files_;
  std::string directory_;
  SegmentOptions options_;
  DirectoryLock lock_;
  SegmentRecovery recovery_;

  // Owned by the commit thread once it runs.
  std::unique_ptr<File> file_;
  std::unique_ptr<File> durable_file_;
  std::uint64_t segment_base_ = 0;
  std::uint64_t segment_bytes_ = 0;  // of the open segment, written or about to be
  std::uint64_t next_index_ = 0;

  std::atomic<std::uint64_t> durable_end_{0};
  std::atomic<std::uint64_t> first_index_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> bytes_{0};

  mutable Mutex mutex_;
  mutable std::condition_variable_any work_;
  mutable std::condition_variable_any durable_;
  std::deque<Waiting> queue_ GUARDED_BY(mutex_);
  std::size_t queued_records_ GUARDED_BY(mutex_) = 0;
  std::size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  std::deque<Segment> segments_ GUARDED_BY(mutex_);  // by base; the last one is open
  std::string failure_ GUARDED_BY(mutex_);
  bool urgent_ GUARDED_BY(mutex_) = false;                        // something is queued that somebody waits for
  std::chrono::steady_clock::time_point due_ GUARDED_BY(mutex_);  // of the first that nobody waits for
  bool stopping_ GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace portreeve::storage

#include "storage/segments/segment_log.h"

#include <fmt/format.h>

#include <future>

#include "engine/base/check.h"
#include "storage/segments/durable_mark.h"
#include "storage/segments/segment_format.h"

namespace portreeve::storage {
namespace {

// One group: large enough that the sync is amortised, small enough that the first of it does not wait long.
constexpr std::size_t kGroupBytes = 4u << 20;
constexpr std::size_t kWriteBytes = 1u << 20;
// Of what nobody waits for: short beside the second in which a person looks, long beside a sync.
constexpr Millis kLinger{10};

}  // namespace

SegmentLog::SegmentLog(FileSystem& files, std::string directory, SegmentOptions options, DirectoryLock lock)
    : files_(&files), directory_(std::move(directory)), options_(options), lock_(std::move(lock)) {}

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(FileSystem& files, std::string directory, SegmentOptions options) {
  TRY_ASSIGN(DirectoryLock lock, DirectoryLock::acquire(files, directory));
  std::unique_ptr<SegmentLog> log(new SegmentLog(files, std::move(directory), options, std::move(lock)));
  if (const Status recovered = log->recover(); !recovered) return fail(recovered.error());
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

SegmentLog::~SegmentLog() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  durable_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string SegmentLog::refusal(const std::vector<std::string>& records, std::size_t bytes) const {
  if (!failure_.empty()) return failure_;
  for (const std::string& record : records) {
    if (record.empty() || record.size() > kMostPayloadBytes) {
      return fmt::format("a record of {} bytes: 1 to {} fit", record.size(), kMostPayloadBytes);
    }
  }
  if (records.empty()) return {};
  if (queued_records_ + records.size() > options_.queue_records || queued_bytes_ + bytes > options_.queue_bytes) {
    return fmt::format("the queue of `{}` is full: {} records, {} bytes wait", directory_, queued_records_,
                       queued_bytes_);
  }
  const std::uint64_t total = bytes_.load(std::memory_order_relaxed) + queued_bytes_;
  if (options_.total_bytes != 0 && total + bytes > options_.total_bytes) {
    return fmt::format("`{}` is full: {} of {} bytes", directory_, total, options_.total_bytes);
  }
  return {};
}

Status SegmentLog::try_append(std::vector<std::string>& records, Completion& done) {
  return queue(records, done, Urgency::waited_for);
}

void SegmentLog::append_soon(std::vector<std::string> records, Completion done) {
  if (Status queued = queue(records, done, Urgency::may_linger); !queued) done(fail(std::move(queued).error()));
}

Status SegmentLog::queue(std::vector<std::string>& records, Completion& done, Urgency urgency) {
  std::size_t bytes = 0;
  bool wake = true;
  for (const std::string& record : records) bytes += record.size() + kFrameHeaderBytes;
  {
    const MutexLock lock(mutex_);
    std::string refused = refusal(records, bytes);
    if (!refused.empty()) return fail(std::move(refused));
    queued_records_ += records.size();
    queued_bytes_ += bytes;
    if (urgency == Urgency::waited_for) {
      urgent_ = true;
    } else if (queue_.empty()) {
      due_ = std::chrono::steady_clock::now() + kLinger;
    } else {
      wake = false;
    }
    queue_.push_back({std::move(records), bytes, std::move(done)});
  }
  if (wake) work_.notify_one();
  return {};
}

void SegmentLog::append(std::vector<std::string> records, Completion done) {
  if (Status queued = try_append(records, done); !queued) done(fail(std::move(queued).error()));
}

Result<std::uint64_t> SegmentLog::append_and_wait(std::vector<std::string> records) {
  std::promise<Result<std::uint64_t>> promise;
  std::future<Result<std::uint64_t>> result = promise.get_future();
  append(std::move(records), [&promise](Result<std::uint64_t> first) { promise.set_value(std::move(first)); });
  return result.get();
}

std::size_t SegmentLog::waiting() const {
  const MutexLock lock(mutex_);
  return queued_records_;
}

std::string SegmentLog::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

bool SegmentLog::wait_durable(std::uint64_t index, Millis wait) const {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (durable_end() <= index) {
    if (!failure_.empty() || stopping_) return false;
    if (!lock.wait_until(durable_, deadline)) return durable_end() > index;
  }
  return true;
}

bool SegmentLog::take_group(std::deque<Waiting>& group) {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) lock.wait(work_);
  while (!urgent_ && !stopping_ && queued_bytes_ < kGroupBytes && lock.wait_until(work_, due_)) {
  }
  std::size_t bytes = 0;
  while (!queue_.empty() && bytes < kGroupBytes) {
    bytes += queue_.front().bytes;
    queued_records_ -= queue_.front().records.size();
    queued_bytes_ -= queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  urgent_ = !queue_.empty();  // what is left over has waited already
  return !group.empty();
}

void SegmentLog::run() {
  std::deque<Waiting> group;
  while (take_group(group)) {
    std::uint64_t first = next_index_;
    std::string failed = failure();
    if (failed.empty()) {
      if (const Status committed = commit(group); !committed) failed = committed.error().message;
    }
    {
      const MutexLock lock(mutex_);
      if (failed.empty()) {
        segments_.back().bytes = segment_bytes_;
        std::uint64_t bytes = 0;
        for (const Segment& segment : segments_) bytes += segment.bytes;
        bytes_.store(bytes, std::memory_order_relaxed);
        durable_end_.store(next_index_, std::memory_order_release);
      } else if (failure_.empty()) {
        failure_ = fmt::format("the log has stopped and must be opened anew: {}", failed);
      }
      if (!failed.empty()) failed = failure_;
    }
    durable_.notify_all();
    for (Waiting& waiting : group) {
      if (failed.empty()) {
        waiting.done(first);
        first += waiting.records.size();
      } else {
        waiting.done(fail(failed));
      }
    }
    group.clear();
  }
}

Status SegmentLog::commit(const std::deque<Waiting>& group) {
  const std::uint64_t before = next_index_;
  std::string buffer;
  for (const Waiting& waiting : group) {
    for (const std::string& record : waiting.records) {
      if (const Status appended = append_record(buffer, record); !appended) return appended;
    }
  }
  if (next_index_ == before) return {};  // barriers alone: all before them is durable already
  if (const Status written = flush(buffer); !written) return written;
  if (const Status synced = file_->sync_data(); !synced) return synced;
  commits_.fetch_add(1, std::memory_order_relaxed);
  return publish_durable(next_index_);
}

Status SegmentLog::append_record(std::string& buffer, std::string_view record) {
  const std::uint64_t frame = kFrameHeaderBytes + record.size();
  if (segment_bytes_ + frame > options_.segment_bytes && segment_bytes_ > kSegmentHeaderBytes) {
    if (const Status sealed = seal_and_start(buffer); !sealed) return sealed;
  }
  append_frame(buffer, record);
  segment_bytes_ += frame;
  ++next_index_;
  return buffer.size() < kWriteBytes ? Status{} : flush(buffer);
}

// The seal is durable before the next segment exists, so that only the newest can ever be torn.
Status SegmentLog::seal_and_start(std::string& buffer) {
  append_seal(buffer, next_index_ - segment_base_);
  segment_bytes_ += kSegmentSealBytes;
  if (const Status written = flush(buffer); !written) return written;
  if (const Status synced = file_->sync_data(); !synced) return synced;
  {
    const MutexLock lock(mutex_);
    segments_.back().bytes = segment_bytes_;
  }
  return start_segment(next_index_);
}

Status SegmentLog::start_segment(std::uint64_t base) {
  TRY_ASSIGN(file_, files_->open(directory_ + "/" + segment_file_name(base), OpenMode::create_append));
  const auto header = encode_segment_header(base);
  if (const Status written = append_all(*file_, {header.data(), header.size()}); !written) return written;
  if (const Status synced = file_->sync_data(); !synced) return synced;
  if (const Status named = files_->sync_directory(directory_); !named) return named;
  segment_base_ = base;
  segment_bytes_ = kSegmentHeaderBytes;
  next_index_ = base;
  const MutexLock lock(mutex_);
  segments_.push_back({base, segment_bytes_});
  return {};
}

Status SegmentLog::flush(std::string& buffer) {
  const Status written = append_all(*file_, buffer);
  buffer.clear();
  return written;
}

Status SegmentLog::publish_durable(std::uint64_t end) {
  const auto mark = encode_durable_mark(end);
  if (const Status written = durable_file_->write_at(0, {mark.data(), mark.size()}); !written) return written;
  if (!thread_.joinable()) durable_end_.store(end, std::memory_order_release);
  return {};
}

Status SegmentLog::remove_below(std::uint64_t index) {
  bool removed = false;
  for (;;) {
    std::uint64_t base = 0;
    {
      const MutexLock lock(mutex_);
      if (segments_.size() < 2 || segments_[1].base > index) break;
      base = segments_.front().base;
      first_index_.store(segments_[1].base, std::memory_order_release);
      bytes_.fetch_sub(segments_.front().bytes, std::memory_order_relaxed);
      segments_.pop_front();
    }
    if (const Status gone = files_->remove(directory_ + "/" + segment_file_name(base)); !gone) return gone;
    removed = true;
  }
  return removed ? files_->sync_directory(directory_) : Status{};
}

}  // namespace portreeve::storage

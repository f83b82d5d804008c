#include "storage/segments/spool.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"
#include "storage/segments/durable_mark.h"
#include "storage/segments/segment_format.h"

namespace portreeve::storage {
namespace {

constexpr std::string_view kAcknowledgedName = "ACK";

Result<std::uint64_t> read_acknowledged(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kAcknowledgedName);
  TRY_ASSIGN(const bool there, files.exists(path));
  if (!there) return std::uint64_t{0};
  TRY_ASSIGN(const std::string bytes, read_file(files, path, kDurableMarkBytes));
  const auto mark = decode_durable_mark(bytes);
  if (!mark) return fail(fmt::format("{}:0: the acknowledged mark is damaged", path));
  return *mark;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(FileSystem& files, std::string directory, SpoolOptions options) {
  SegmentOptions segments;
  segments.queue_records = options.queue_records;
  segments.total_bytes = options.total_bytes;
  // Eight segments: what is acknowledged but cannot be removed yet is at most an eighth of the bound.
  segments.segment_bytes = std::max<std::uint64_t>(options.total_bytes / 8, kMostPayloadBytes + 1024);
  TRY_ASSIGN(std::unique_ptr<SegmentLog> log, SegmentLog::open(files, directory, segments));
  TRY_ASSIGN(const std::uint64_t mark, read_acknowledged(files, directory));
  if (mark > log->durable_end()) {
    return fail(
        fmt::format("`{}`: {} records were acknowledged, but only {} are there", directory, mark, log->durable_end()));
  }
  const std::uint64_t acknowledged = std::max(mark, log->first_index());
  std::unique_ptr<Spool> spool(new Spool(files, std::move(directory), std::move(log), acknowledged));
  if (const Status removed = spool->log_->remove_below(acknowledged); !removed) return fail(removed.error());
  return spool;
}

Result<std::vector<StoredRecord>> Spool::read(std::size_t most, std::size_t most_bytes) {
  if (cursor_ == nullptr) {
    TRY_ASSIGN(SegmentCursor cursor, log_->cursor_at(acknowledged_));
    cursor_ = std::make_unique<SegmentCursor>(std::move(cursor));
  }
  return cursor_->read(log_->durable_end(), most, most_bytes);
}

void Spool::rewind() { cursor_.reset(); }

Status Spool::acknowledge(std::uint64_t end) {
  if (end <= acknowledged_) return {};
  CHECK(cursor_ != nullptr && end <= cursor_->position().index);
  const auto mark = encode_durable_mark(end);
  const Status noted = replace_file(*files_, directory_, std::string(kAcknowledgedName), {mark.data(), mark.size()});
  if (!noted) return noted;
  acknowledged_ = end;
  return log_->remove_below(end);
}

bool Spool::wait(Millis wait) const {
  return log_->wait_durable(cursor_ == nullptr ? acknowledged_ : cursor_->position().index, wait);
}

}  // namespace portreeve::storage

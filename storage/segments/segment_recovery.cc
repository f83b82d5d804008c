// Opening a folder of segments: what is whole, what a crash left torn, what is corrupt.
#include <fmt/format.h>

#include <algorithm>

#include "storage/segments/durable_mark.h"
#include "storage/segments/frame_reader.h"
#include "storage/segments/segment_format.h"
#include "storage/segments/segment_log.h"

namespace portreeve::storage {
namespace {

tl::unexpected<Error> corrupt(const std::string& path, std::uint64_t offset, std::string_view why) {
  return fail(fmt::format("{}:{}: {}", path, offset, why));
}

Status check_header(File& file, const std::string& path, std::uint64_t base) {
  std::string header(kSegmentHeaderBytes, '\0');
  TRY_ASSIGN(const std::size_t got, file.read_at(0, header));
  const auto found = decode_segment_header(std::string_view(header).substr(0, got));
  if (!found) return corrupt(path, 0, found.error().message);
  if (*found != base) return corrupt(path, 16, fmt::format("the header says record {}, the name {}", *found, base));
  return {};
}

// A segment with another behind it must end in a seal that counts up to that one.
Status check_sealed(FileSystem& files, const std::string& path, std::uint64_t base, std::uint64_t next_base) {
  TRY_ASSIGN(const std::unique_ptr<File> file, files.open(path, OpenMode::read));
  if (const Status header = check_header(*file, path, base); !header) return header;
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size < kSegmentHeaderBytes + kSegmentSealBytes) return corrupt(path, size, "the segment's seal is missing");
  const std::uint64_t at = size - kSegmentSealBytes;
  std::string bytes(kSegmentSealBytes, '\0');
  TRY_ASSIGN(const std::size_t got, file->read_at(at, bytes));
  const Frame seal = decode_frame(std::string_view(bytes).substr(0, got));
  if (seal.kind != Frame::Kind::seal) return corrupt(path, at, "the segment's seal is missing");
  if (base + seal.count != next_base) {
    return corrupt(
        path, at,
        fmt::format("the seal ends at record {}, the next segment begins at {}", base + seal.count, next_base));
  }
  return {};
}

Result<std::string> last_record_of(FileSystem& files, const std::string& directory, std::uint64_t base,
                                   std::uint64_t end) {
  TRY_ASSIGN(SegmentCursor cursor, SegmentCursor::open(files, directory, std::max(base, end - 1)));
  TRY_ASSIGN(std::vector<StoredRecord> records, cursor.read(end, 1));
  return records.empty() ? std::string() : std::move(records.back().bytes);
}

// What was written before a crash but perhaps never synced is written once more: after a failed sync the page cache
// may hold it as clean, and no later sync would carry it to the disk.
Status write_again(File& file, std::uint64_t from, std::uint64_t to) {
  std::string piece;
  while (from < to) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(to - from, 1u << 20)));
    TRY_ASSIGN(const std::size_t got, file.read_at(from, piece));
    if (got != piece.size()) return fail("a segment shrank while it was read");
    if (const Status written = file.write_at(from, piece); !written) return written;
    from += piece.size();
  }
  return {};
}

}  // namespace

Status SegmentLog::recover() {
  TRY_ASSIGN(const std::vector<std::string> names, files_->list(directory_));
  TRY_ASSIGN(const std::uint64_t published, read_durable_end(*files_, directory_));
  std::deque<Segment> segments;
  for (const std::string& name : names) {
    if (const auto base = base_index_from_file_name(name)) segments.push_back({*base, 0});
  }
  for (Segment& segment : segments) {
    TRY_ASSIGN(const std::unique_ptr<File> file,
               files_->open(directory_ + "/" + segment_file_name(segment.base), OpenMode::read));
    TRY_ASSIGN(segment.bytes, file->size());
  }
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const std::string path = directory_ + "/" + segment_file_name(segments[i].base);
    const Status sealed = check_sealed(*files_, path, segments[i].base, segments[i + 1].base);
    if (!sealed) return sealed;
  }
  TRY_ASSIGN(durable_file_,
             files_->open(directory_ + "/" + std::string(kDurableMarkName), OpenMode::read_write_create));
  const bool fresh = segments.empty();
  if (fresh && published != 0) {
    return fail(fmt::format("`{}` has no segments, but {} records were durable", directory_, published));
  }
  {
    const MutexLock lock(mutex_);
    segments_ = segments;
  }
  const Status newest = fresh ? start_segment(0) : recover_newest(segments.back(), published);
  if (!newest) return newest;
  if (const Status made = files_->sync_directory(directory_); !made) return made;
  if (next_index_ < published) {
    return fail(fmt::format("`{}` ends at record {}, but {} were durable: the end of the log is missing", directory_,
                            next_index_, published));
  }
  recovery_.first_index = fresh ? 0 : segments.front().base;
  recovery_.end_index = next_index_;
  if (next_index_ > recovery_.first_index) {
    TRY_ASSIGN(recovery_.last_record, last_record_of(*files_, directory_, recovery_.first_index, next_index_));
  }
  std::uint64_t bytes = 0;
  {
    const MutexLock lock(mutex_);
    segments_.back().bytes = segment_bytes_;
    for (const Segment& segment : segments_) bytes += segment.bytes;
  }
  bytes_.store(bytes, std::memory_order_relaxed);
  first_index_.store(recovery_.first_index, std::memory_order_release);
  return publish_durable(next_index_);
}

Status SegmentLog::recover_newest(const Segment& segment, std::uint64_t published) {
  const std::string path = directory_ + "/" + segment_file_name(segment.base);
  TRY_ASSIGN(file_, files_->open(path, OpenMode::append));
  next_index_ = segment.base;
  if (const Status header = check_header(*file_, path, segment.base); !header) {
    // A crash while the segment was being made: nothing in it was ever acknowledged.
    if (published > segment.base) return header;
    recovery_.torn_bytes = segment.bytes;
    recovery_.torn_file = path;
    if (const Status emptied = file_->truncate(0); !emptied) return emptied;
    const auto bytes = encode_segment_header(segment.base);
    if (const Status written = append_all(*file_, {bytes.data(), bytes.size()}); !written) return written;
    segment_base_ = segment.base;
    segment_bytes_ = kSegmentHeaderBytes;
    return file_->sync_data();
  }
  FrameReader frames(*file_, kSegmentHeaderBytes);
  std::uint64_t unsure_from = 0;  // the header too, as long as no record in here was acknowledged
  for (;;) {
    TRY_ASSIGN(const Frame frame, frames.next());
    if (frame.kind == Frame::Kind::record) {
      if (++next_index_ <= published) unsure_from = frames.offset();
      continue;
    }
    TRY_ASSIGN(const bool at_end, frames.at_end());
    if (frame.kind == Frame::Kind::seal) {
      if (!at_end) return corrupt(path, frames.offset(), "bytes follow the segment's seal");
      if (segment.base + frame.count != next_index_) {
        return corrupt(path, frames.offset() - kSegmentSealBytes, "the seal's count is wrong");
      }
      if (const Status written = write_again(*file_, unsure_from, segment.bytes); !written) return written;
      if (const Status synced = file_->sync_data(); !synced) return synced;
      return start_segment(next_index_);
    }
    if (!at_end) {
      if (next_index_ < published) {
        return corrupt(
            path, frames.offset(),
            frame.kind == Frame::Kind::corrupt ? frame.why : "the file ends within a record that was durable");
      }
      recovery_.torn_bytes = segment.bytes - frames.offset();
      recovery_.torn_file = path;
      if (const Status cut = file_->truncate(frames.offset()); !cut) return cut;
    }
    break;
  }
  segment_base_ = segment.base;
  segment_bytes_ = frames.offset();
  if (const Status written = write_again(*file_, unsure_from, segment_bytes_); !written) return written;
  return file_->sync_data();
}

}  // namespace portreeve::storage

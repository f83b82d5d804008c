#include "storage/segments/segment_cursor.h"

#include <fmt/format.h>

#include <optional>

#include "storage/segments/durable_mark.h"
#include "storage/segments/segment_format.h"

namespace portreeve::storage {

Result<SegmentCursor> SegmentCursor::open(FileSystem& files, std::string directory, std::uint64_t index) {
  TRY_ASSIGN(const std::vector<std::string> names, files.list(directory));
  std::optional<std::uint64_t> base;
  for (const std::string& name : names) {
    const auto candidate = base_index_from_file_name(name);
    if (candidate && *candidate <= index) base = candidate;
  }
  if (!base) return fail(fmt::format("`{}` has no segment that holds record {}", directory, index));
  SegmentCursor cursor(files, std::move(directory), {*base, *base, 0});
  StoredRecord record;
  while (cursor.at_.index < index) {
    TRY_ASSIGN(const bool read, cursor.next(record));
    static_cast<void>(read);
  }
  if (cursor.frames_ != nullptr) cursor.frames_->forget_ahead();
  return cursor;
}

SegmentCursor SegmentCursor::resume(FileSystem& files, std::string directory, SegmentPosition at) {
  return {files, std::move(directory), at};
}

Result<std::vector<StoredRecord>> SegmentCursor::read(std::uint64_t end, std::size_t most, std::size_t most_bytes) {
  std::vector<StoredRecord> records;
  std::size_t bytes = 0;
  while (at_.index < end && records.size() < most && bytes < most_bytes) {
    StoredRecord record;
    TRY_ASSIGN(const bool read, next(record));
    if (!read) continue;
    bytes += record.bytes.size();
    records.push_back(std::move(record));
  }
  // Bytes beyond the durable end may yet be cut and written differently.
  if (frames_ != nullptr) frames_->forget_ahead();
  return records;
}

Status SegmentCursor::open_segment() {
  path_ = directory_ + "/" + segment_file_name(at_.base);
  TRY_ASSIGN(file_, files_->open(path_, OpenMode::read));
  std::string header(kSegmentHeaderBytes, '\0');
  TRY_ASSIGN(const std::size_t got, file_->read_at(0, header));
  const auto base = decode_segment_header(std::string_view(header).substr(0, got));
  if (!base) return fail(fmt::format("{}:0: {}", path_, base.error().message));
  if (*base != at_.base) return fail(fmt::format("{}:16: the header says record {}", path_, *base));
  if (at_.offset == 0) {
    const std::uint64_t wanted = at_.index;
    at_.index = at_.base;
    at_.offset = kSegmentHeaderBytes;
    frames_ = std::make_unique<FrameReader>(*file_, at_.offset);
    StoredRecord skipped;
    while (at_.index < wanted) {
      TRY_ASSIGN(const bool read, next(skipped));
      if (!read) return corrupt("the segment ends before the record that was asked for");
    }
    return {};
  }
  frames_ = std::make_unique<FrameReader>(*file_, at_.offset);
  return {};
}

Result<bool> SegmentCursor::next(StoredRecord& record) {
  if (file_ == nullptr) {
    if (const Status opened = open_segment(); !opened) return fail(opened.error());
  }
  record.base = at_.base;
  record.offset = at_.offset;
  TRY_ASSIGN(const Frame frame, frames_->next());
  switch (frame.kind) {
    case Frame::Kind::record:
      record.index = at_.index++;
      record.bytes = frame.payload;
      at_.offset = frames_->offset();
      return true;
    case Frame::Kind::seal:
      if (at_.base + frame.count != at_.index) return corrupt("the seal's count is wrong");
      at_ = {at_.index, at_.index, 0};
      file_.reset();
      frames_.reset();
      return false;
    case Frame::Kind::incomplete:
      return corrupt("the file ends within a record that was durable");
    case Frame::Kind::corrupt:
      return corrupt(frame.why);
  }
  return corrupt("unknown frame");
}

tl::unexpected<Error> SegmentCursor::corrupt(std::string_view why) const {
  return fail(fmt::format("{}:{}: {}", path_, at_.offset, why));
}

Result<std::uint64_t> read_durable_end(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kDurableMarkName);
  TRY_ASSIGN(const bool there, files.exists(path));
  if (!there) return std::uint64_t{0};
  // The writer overwrites the mark without a lock, so that a reader can meet half of it.
  for (int attempt = 0; attempt < 100; ++attempt) {
    TRY_ASSIGN(const std::string bytes, read_file(files, path, kDurableMarkBytes));
    if (bytes.empty()) return std::uint64_t{0};
    if (const auto end = decode_durable_mark(bytes)) return *end;
  }
  return fail(fmt::format("{}:0: the durable mark is damaged", path));
}

}  // namespace portreeve::storage

// Reading records back, beside the writer and without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "storage/segments/file_system.h"
#include "storage/segments/frame_reader.h"

namespace portreeve::storage {

// A place between two records, worth keeping: a cursor goes on from it without reading what came before.
struct SegmentPosition {
  std::uint64_t index = 0;   // of the record that comes next
  std::uint64_t base = 0;    // of the segment it lies in
  std::uint64_t offset = 0;  // of its frame in that file; 0: not known, the segment is read from its head
  friend bool operator==(const SegmentPosition&, const SegmentPosition&) = default;
};

struct StoredRecord {
  std::uint64_t index = 0;
  std::uint64_t base = 0;    // of the segment it was read from
  std::uint64_t offset = 0;  // of its frame in that file
  std::string bytes;
  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};

// The end of what is durable, as the writer last published it (`<directory>/DURABLE`); 0 where nothing was yet. Other
// processes may read up to it and no further, as later bytes may never have reached the disk.
Result<std::uint64_t> read_durable_end(FileSystem& files, const std::string& directory);

// Walks a folder of segments in order. One thread; any number of cursors beside one writer.
// `files` outlives it.
class SegmentCursor {
 public:
  // At record `index`. Its segment's frames before it are read over. Fails where no segment holds that place.
  static Result<SegmentCursor> open(FileSystem& files, std::string directory, std::uint64_t index);
  // At a kept position, unchecked until the next read.
  static SegmentCursor resume(FileSystem& files, std::string directory, SegmentPosition at);

  // Reads on, up to record `end` (exclusive, at most the durable end), `most` records or about `most_bytes` bytes (but
  // at least one record). Empty at `end`. Fails, naming file and offset, on corruption and where a segment is missing.
  Result<std::vector<StoredRecord>> read(std::uint64_t end, std::size_t most, std::size_t most_bytes = 8u << 20);

  const SegmentPosition& position() const { return at_; }

 private:
  SegmentCursor(FileSystem& files, std::string directory, SegmentPosition at)
      : files_(&files), directory_(std::move(directory)), at_(at) {}
  Status open_segment();
  // Reads one record; false at a seal, after which the cursor stands at the next segment.
  Result<bool> next(StoredRecord& record);
  tl::unexpected<Error> corrupt(std::string_view why) const;

  FileSystem* files_;
  std::string directory_;
  SegmentPosition at_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::unique_ptr<FrameReader> frames_;
};

}  // namespace portreeve::storage

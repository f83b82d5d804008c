// The records that the index does not hold yet, in memory, as the same columns. Internal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/reader/json_reader.h"
#include "storage/log/block.h"
#include "storage/segments/segment_cursor.h"

namespace portreeve::storage {

// One thread.
class LogTail {
 public:
  // `files` outlives it.
  LogTail(FileSystem& files, std::string journal) : files_(files), journal_(std::move(journal)) {}

  // Makes it hold [start.index, end), reading only what it did not hold. It may hold older records besides.
  Status refresh(const SegmentPosition& start, std::uint64_t end);

  // Its blocks, the oldest first. Live until the next refresh().
  std::vector<Block*> blocks() const;
  // The records that are about that decision, rising.
  std::vector<std::uint64_t> about(std::string_view decision_key) const;

 private:
  struct Piece {
    std::unique_ptr<MemoryBlock> block;
    std::unordered_multimap<std::string, std::uint64_t> about;
  };
  void add(const std::vector<StoredRecord>& records);
  void clear(const SegmentPosition& start);

  FileSystem& files_;
  const std::string journal_;
  reader::JsonReader json_;
  std::vector<Piece> pieces_;
  SegmentPosition at_;  // where the journal is to be read on
};

}  // namespace portreeve::storage

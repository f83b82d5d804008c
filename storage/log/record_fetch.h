// Records out of the journal's segments, by the places that the index keeps of them.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "storage/log/block.h"
#include "storage/log/record_filter.h"
#include "storage/segments/file_system.h"

namespace portreeve::storage {

// Keeps the segment open that it read last: one read a record where they lie close together. One thread.
class RecordFetch {
 public:
  // `files` outlives it. `directory`: the journal's.
  RecordFetch(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // The record's bytes, their checksum checked. Fails, naming file and offset, where there is none at that place.
  Result<LoggedRecord> fetch(const RecordPlace& place);

 private:
  FileSystem& files_;
  const std::string directory_;
  std::uint64_t base_ = 0;
  std::string path_;
  std::unique_ptr<File> file_;
};

}  // namespace portreeve::storage

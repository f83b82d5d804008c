// Frames of one segment file, one after the other.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "storage/segments/file_system.h"
#include "storage/segments/segment_format.h"

namespace portreeve::storage {

// Reads ahead in pieces. `file` outlives it. One thread.
class FrameReader {
 public:
  FrameReader(File& file, std::uint64_t offset) : file_(&file), offset_(offset) {}

  // The frame at offset(), and steps over it if it is a record or a seal. Its payload lives until the next call.
  // kIncomplete: the file ends first. Fails only where the file cannot be read.
  Result<Frame> next();
  std::uint64_t offset() const { return offset_; }
  // True where the file holds no byte at or after offset().
  Result<bool> at_end();
  // Forgets what was read ahead: the file may have grown or been cut since.
  void forget_ahead() { buffer_.clear(), used_ = 0; }

 private:
  Status fill(std::size_t need);

  File* file_;
  std::uint64_t offset_;
  std::string buffer_;  // file bytes from offset_ - used_ on
  std::size_t used_ = 0;
};

}  // namespace portreeve::storage

#include "storage/segments/frame_reader.h"

#include <algorithm>

namespace portreeve::storage {
namespace {

constexpr std::size_t kReadAhead = 256u << 10;
static_assert(kReadAhead >= kFrameHeaderBytes + kMostPayloadBytes);

}  // namespace

Status FrameReader::fill(std::size_t need) {
  if (buffer_.size() - used_ >= need) return {};
  buffer_.erase(0, used_);
  used_ = 0;
  const std::size_t have = buffer_.size();
  buffer_.resize(std::max(need, kReadAhead));
  const auto got = file_->read_at(offset_ + have, std::span(buffer_).subspan(have));
  buffer_.resize(have + (got ? *got : 0));
  if (!got) return fail(got.error());
  return {};
}

Result<Frame> FrameReader::next() {
  std::size_t need = kFrameHeaderBytes;
  for (int pass = 0; pass < 3; ++pass) {
    if (const Status filled = fill(need); !filled) return fail(filled.error());
    const std::string_view ahead = std::string_view(buffer_).substr(used_);
    const Frame frame = decode_frame(ahead);
    if (frame.kind != Frame::Kind::incomplete) {
      used_ += frame.size;
      offset_ += frame.size;
      return frame;
    }
    if (ahead.size() < need) return frame;  // the file ends here
    need = frame.size;
  }
  return decode_frame({});
}

Result<bool> FrameReader::at_end() {
  if (const Status filled = fill(1); !filled) return fail(filled.error());
  return buffer_.size() == used_;
}

}  // namespace portreeve::storage

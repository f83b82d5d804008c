#include "storage/log/record_fetch.h"

#include <fmt/format.h>

#include "storage/segments/segment_format.h"

namespace portreeve::storage {
namespace {

constexpr std::size_t kUsualBytes = 2048;  // of a frame: a record of any but the largest

}  // namespace

Result<LoggedRecord> RecordFetch::fetch(const RecordPlace& place) {
  if (file_ == nullptr || base_ != place.base) {
    file_.reset();
    path_ = directory_ + "/" + segment_file_name(place.base);
    TRY_ASSIGN(file_, files_.open(path_, OpenMode::read));
    base_ = place.base;
  }
  std::size_t size = kUsualBytes;
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::string bytes(size, '\0');
    TRY_ASSIGN(const std::size_t got, file_->read_at(place.offset, bytes));
    const Frame frame = decode_frame(std::string_view(bytes).substr(0, got));
    if (frame.kind == Frame::Kind::record) return LoggedRecord{place.index, std::string(frame.payload)};
    if (frame.kind != Frame::Kind::incomplete || frame.size <= size) break;
    size = frame.size;
  }
  return fail(
      fmt::format("{}:{}: no record where the index says that one is: rebuild it with `portreeve decisions --reindex`",
                  path_, place.offset));
}

}  // namespace portreeve::storage

#include "storage/sqlite/log_tail.h"

#include <algorithm>

#include "storage/sqlite/index_database.h"

namespace portreeve::storage {
namespace {

constexpr std::size_t kBatch = 8192;
static_assert(kBatch <= kBlockRecords);

}  // namespace

void LogTail::clear(const SegmentPosition& start) {
  pieces_.clear();
  at_ = start;
}

Status LogTail::refresh(const SegmentPosition& start, std::uint64_t end) {
  const auto ends_before = [&](const Piece& piece) {
    const BlockHead& head = piece.block->head();
    return head.first + head.count <= start.index;
  };
  std::erase_if(pieces_, ends_before);
  const bool begins_after = !pieces_.empty() && pieces_.front().block->head().first > start.index;
  if (pieces_.empty() || begins_after || at_.index < start.index) clear(start);
  if (at_.index >= end) return {};
  SegmentCursor cursor = SegmentCursor::resume(files_, journal_, at_);
  while (cursor.position().index < end) {
    TRY_ASSIGN(const std::vector<StoredRecord> records, cursor.read(end, kBatch));
    if (records.empty()) break;
    add(records);
    at_ = cursor.position();
  }
  return {};
}

void LogTail::add(const std::vector<StoredRecord>& records) {
  BlockBuilder builder;
  Piece piece;
  for (const StoredRecord& record : records) {
    const RecordFields fields = read_fields(json_, record.bytes);
    builder.add({record.index, record.base, record.offset}, fields);
    if (!fields.decision_id.empty()) piece.about.emplace(decision_key(fields.decision_id), record.index);
  }
  BlockColumns block = std::move(builder).build();
  while (!pieces_.empty() && pieces_.back().block->head().count <= block.head.count &&
         pieces_.back().block->head().count + block.head.count <= kBlockRecords) {
    block = join(pieces_.back().block->columns(), block);
    piece.about.merge(pieces_.back().about);
    pieces_.pop_back();
  }
  piece.block = std::make_unique<MemoryBlock>(std::move(block));
  pieces_.push_back(std::move(piece));
}

std::vector<Block*> LogTail::blocks() const {
  std::vector<Block*> out;
  for (const Piece& piece : pieces_) out.push_back(piece.block.get());
  return out;
}

std::vector<std::uint64_t> LogTail::about(std::string_view key) const {
  std::vector<std::uint64_t> found;
  for (const Piece& piece : pieces_) {
    const auto [begin, end] = piece.about.equal_range(std::string(key));
    for (auto at = begin; at != end; ++at) found.push_back(at->second);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace portreeve::storage

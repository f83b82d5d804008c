// Some tens of thousands of records as columns: what a question over millions of records reads instead of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "storage/log/column.h"
#include "storage/log/record_fields.h"

namespace portreeve::storage {

// Where a record's frame lies in the journal.
struct RecordPlace {
  std::uint64_t index = 0;
  std::uint64_t base = 0;    // of the segment
  std::uint64_t offset = 0;  // in its file
  friend bool operator==(const RecordPlace&, const RecordPlace&) = default;
};

// The places of a block's records: segments change seldom.
struct Places {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> segments;  // from that record on: the segment's base; rising
  PackedNumbers offsets;

  RecordPlace at(std::uint64_t first, std::uint32_t record) const;
  std::string encode() const;
  static Result<Places> decode(std::string_view bytes);
};

struct BlockHead {
  std::uint64_t first = 0;  // its first record's index; the others follow on one another
  std::uint32_t count = 0;
  std::int64_t time_low = 0;  // milliseconds; of the earliest and of the latest record
  std::int64_t time_high = 0;
  friend bool operator==(const BlockHead&, const BlockHead&) = default;
};

// A block, whose columns are fetched when they are asked for. What is returned lives as long as the block.
class Block {
 public:
  virtual ~Block() = default;
  virtual const BlockHead& head() const = 0;
  virtual Result<const Dictionary*> dictionary(Field field) = 0;
  virtual Result<const PackedNumbers*> codes(Field field) = 0;
  virtual Result<const PackedNumbers*> times() = 0;  // milliseconds since time_low
  virtual Result<const Places*> places() = 0;
};

// A block in memory.
struct BlockColumns {
  BlockHead head;
  std::array<Column, kFieldCount> columns;
  PackedNumbers times;
  Places places;
};

class MemoryBlock final : public Block {
 public:
  explicit MemoryBlock(BlockColumns columns) : columns_(std::move(columns)) {}
  const BlockHead& head() const override { return columns_.head; }
  Result<const Dictionary*> dictionary(Field field) override { return &column(field).dictionary; }
  Result<const PackedNumbers*> codes(Field field) override { return &column(field).codes; }
  Result<const PackedNumbers*> times() override { return &columns_.times; }
  Result<const Places*> places() override { return &columns_.places; }
  const BlockColumns& columns() const { return columns_; }

 private:
  const Column& column(Field field) const { return columns_.columns[static_cast<std::size_t>(field)]; }
  BlockColumns columns_;
};

// Gathers a block. At most kBlockRecords, following on one another.
class BlockBuilder {
 public:
  void add(const RecordPlace& place, const RecordFields& fields);
  std::size_t size() const { return times_.size(); }
  // Requires: at least one record.
  BlockColumns build() &&;

 private:
  std::uint64_t first_ = 0;
  std::array<ColumnBuilder, kFieldCount> columns_;
  std::vector<std::int64_t> times_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> segments_;
  std::vector<std::uint64_t> offsets_;
};

// Two blocks as one. Requires: `b` follows on `a`, and together they have at most kBlockRecords.
BlockColumns join(const BlockColumns& a, const BlockColumns& b);

}  // namespace portreeve::storage

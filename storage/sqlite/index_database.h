// The tables of the index. Internal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/log/block.h"
#include "storage/segments/segment_cursor.h"
#include "storage/sqlite/connection.h"

namespace portreeve::storage {

// Blocks of columns, who asks for a decision by its id, and how far the gates have reported. The records themselves
// stay in the journal. Every function throws SQLite::Exception. One thread at a time.
class IndexDatabase {
 public:
  using Sequences = std::map<std::pair<std::string, std::string>, std::int64_t>;

  explicit IndexDatabase(DatabaseOwner database);
  ~IndexDatabase();
  IndexDatabase(const IndexDatabase&) = delete;
  IndexDatabase& operator=(const IndexDatabase&) = delete;

  // Makes the tables where they are missing.
  void make_tables();
  // True where the tables are there and of this program's shape.
  bool is_current();

  void begin();
  void begin_reading();
  void commit();
  void roll_back() noexcept;

  // Adds records that follow on what is there; ones that no JSON is in are kept as `unreadable`. Small blocks at the
  // end grow together, each record being written anew at most once a doubling.
  void append(const std::vector<StoredRecord>& records);

  // Where the journal is to be read on, and the checksum of the record before it.
  struct Position {
    SegmentPosition at;
    std::uint32_t last_crc = 0;
  };
  Position position();
  void set_position(const Position& position);

  // All blocks, the oldest first.
  std::vector<BlockHead> blocks();
  // A block whose columns are read when they are asked for; it must not outlive the transaction it was read in.
  std::unique_ptr<Block> block(const BlockHead& head);
  // The records that are about that decision, rising; the decision itself is among them.
  std::vector<std::uint64_t> about(std::string_view decision_id);
  // The highest sequence number of each (gate, boot).
  Sequences gate_sequences();
  // Moves what the write-ahead log holds into the file, synced.
  void checkpoint();

 private:
  class StoredBlock;
  SQLite::Statement& prepared(const char* sql);
  std::string blob(std::int64_t id);
  BlockColumns load(const BlockHead& head);
  void store(const BlockColumns& block);
  void remove(const BlockHead& head);
  void add_ids(const StoredRecord& record, const RecordFields& fields);

  DatabaseOwner database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
  reader::JsonReader json_;
};

// What a decision is known by in the tables: its id without the part that all have in common.
std::string_view decision_key(std::string_view decision_id);

}  // namespace portreeve::storage

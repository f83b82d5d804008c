// Records as rows: the tables of the index on disk, and of the journal's tail in memory. Internal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/log/record_filter.h"
#include "storage/segments/segment_cursor.h"
#include "storage/sqlite/connection.h"

namespace portreeve::storage {

// One shape of tables and one set of statements, so that what a filter means cannot differ between index and tail.
// Every function throws SQLite::Exception. One thread at a time.
class RecordTable {
 public:
  explicit RecordTable(DatabaseOwner database);
  ~RecordTable();
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;

  // Makes the tables where they are missing.
  void make_tables();
  // True where the tables are there and of this program's shape.
  bool is_current();

  void begin();
  void begin_reading();
  void commit();
  void roll_back() noexcept;

  // Adds a record; one that is no JSON is kept with the kind `unreadable`, so that it is seen and stops nothing.
  void insert(const StoredRecord& record);
  void remove_below(std::uint64_t index);
  void clear();

  // Where the journal is to be read on.
  SegmentPosition position();
  void set_position(const SegmentPosition& position);

  // Matching rows with low <= index < high, in order.
  std::vector<LoggedRecord> search(const RecordFilter& filter, PageOrder order, std::uint64_t low, std::uint64_t high,
                                   std::size_t limit);
  std::optional<LoggedRecord> find_decision(std::string_view id);
  // The gate that was given the decision of that id.
  std::optional<std::string> pep_of(std::string_view decision_id);
  std::optional<std::string> record_at(std::uint64_t index);
  // The highest sequence number of each (gate, boot).
  std::map<std::pair<std::string, std::string>, std::int64_t> gate_sequences();
  // Moves what the write-ahead log holds into the file, synced.
  void checkpoint();

 private:
  SQLite::Statement& prepared(const char* sql);

  DatabaseOwner database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

}  // namespace portreeve::storage

#include "storage/sqlite/index_database.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

#include "storage/segments/segment_format.h"

namespace portreeve::storage {
namespace {

constexpr int kShape = 2;

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS blocks(
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, time_low INTEGER NOT NULL, time_high INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS columns(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS decision_ids(id TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(id, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gates(gate TEXT NOT NULL, boot TEXT NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY(gate, boot)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position(one INTEGER PRIMARY KEY CHECK(one = 1), next INTEGER NOT NULL,
  base INTEGER NOT NULL, byte_offset INTEGER NOT NULL, last_crc INTEGER NOT NULL);
PRAGMA user_version=2;
)";

constexpr const char* kInsertGate =
    "INSERT INTO gates(gate, boot, last_seq) VALUES(?1, ?2, ?3)"
    " ON CONFLICT(gate, boot) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)";

// What of a block a row of `columns` holds. Its id is the block's first record and the slot.
constexpr std::int64_t kSlots = 64;
constexpr std::int64_t kTimesSlot = 62;
constexpr std::int64_t kPlacesSlot = 63;
static_assert(2 * kFieldCount <= static_cast<std::size_t>(kTimesSlot));

std::int64_t number(std::uint64_t index) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(index, INT64_MAX));
}
std::int64_t row_id(const BlockHead& head, std::int64_t slot) { return number(head.first) * kSlots + slot; }
std::int64_t dictionary_slot(Field field) { return 2 * static_cast<std::int64_t>(field); }
std::int64_t codes_slot(Field field) { return 2 * static_cast<std::int64_t>(field) + 1; }

void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

// What could be decoded, else what this folder throws.
template <class T>
T checked(Result<T> result) {
  if (!result) throw SQLite::Exception(result.error().message);
  return *std::move(result);
}

}  // namespace

// Reads a column when it is asked for and keeps it.
class IndexDatabase::StoredBlock final : public Block {
 public:
  StoredBlock(IndexDatabase& database, const BlockHead& head) : database_(database), head_(head) {}

  const BlockHead& head() const override { return head_; }
  Result<const Dictionary*> dictionary(Field field) override {
    return kept(dictionaries_[static_cast<std::size_t>(field)], dictionary_slot(field));
  }
  Result<const PackedNumbers*> codes(Field field) override {
    return kept(codes_[static_cast<std::size_t>(field)], codes_slot(field));
  }
  Result<const PackedNumbers*> times() override { return kept(times_, kTimesSlot); }
  Result<const Places*> places() override { return kept(places_, kPlacesSlot); }

 private:
  template <class T>
  Result<const T*> kept(std::optional<T>& held, std::int64_t slot) {
    if (!held) {
      TRY_ASSIGN(held, T::decode(database_.blob(row_id(head_, slot))));
    }
    return &*held;
  }

  IndexDatabase& database_;
  const BlockHead head_;
  std::array<std::optional<Dictionary>, kFieldCount> dictionaries_;
  std::array<std::optional<PackedNumbers>, kFieldCount> codes_;
  std::optional<PackedNumbers> times_;
  std::optional<Places> places_;
};

std::string_view decision_key(std::string_view decision_id) {
  if (decision_id.starts_with("dec_")) decision_id.remove_prefix(4);
  return decision_id;
}

IndexDatabase::IndexDatabase(DatabaseOwner database) : database_(std::move(database)) {}
IndexDatabase::~IndexDatabase() = default;

void IndexDatabase::make_tables() { database_->exec(kTables); }

bool IndexDatabase::is_current() {
  return database_->execAndGet("PRAGMA user_version").getInt() == kShape && database_->tableExists("position");
}

SQLite::Statement& IndexDatabase::prepared(const char* sql) {
  std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
  if (statement == nullptr) statement = std::make_unique<SQLite::Statement>(*database_, sql);
  statement->tryReset();  // an earlier use may have ended in an exception
  return *statement;
}

void IndexDatabase::begin() { database_->exec("BEGIN IMMEDIATE"); }
void IndexDatabase::begin_reading() { database_->exec("BEGIN"); }
void IndexDatabase::commit() { database_->exec("COMMIT"); }

void IndexDatabase::roll_back() noexcept {
  for (auto& [sql, statement] : statements_) statement->tryReset();
  database_->tryExec("ROLLBACK");
}

void IndexDatabase::add_ids(const StoredRecord& record, const RecordFields& fields) {
  if (!fields.decision_id.empty()) {
    SQLite::Statement& row = prepared("INSERT OR IGNORE INTO decision_ids VALUES(?1, ?2)");
    row.bind(1, std::string(decision_key(fields.decision_id)));
    row.bind(2, number(record.index));
    run(row);
  }
  if (!fields.delivery) return;
  SQLite::Statement& row = prepared(kInsertGate);
  row.bind(1, fields.delivery->gate);
  row.bind(2, fields.delivery->boot);
  row.bind(3, fields.delivery->seq);
  run(row);
}

void IndexDatabase::append(const std::vector<StoredRecord>& records) {
  if (records.empty()) return;
  BlockBuilder builder;
  for (const StoredRecord& record : records) {
    const RecordFields fields = read_fields(json_, record.bytes);
    builder.add({record.index, record.base, record.offset}, fields);
    add_ids(record, fields);
  }
  BlockColumns block = std::move(builder).build();
  std::vector<BlockHead> before = blocks();
  while (!before.empty() && before.back().count <= block.head.count &&
         before.back().count + block.head.count <= kBlockRecords) {
    block = join(load(before.back()), block);
    remove(before.back());
    before.pop_back();
  }
  store(block);
}

BlockColumns IndexDatabase::load(const BlockHead& head) {
  BlockColumns out;
  out.head = head;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    out.columns[i].dictionary = checked(Dictionary::decode(blob(row_id(head, dictionary_slot(field)))));
    out.columns[i].codes = checked(PackedNumbers::decode(blob(row_id(head, codes_slot(field)))));
  }
  out.times = checked(PackedNumbers::decode(blob(row_id(head, kTimesSlot))));
  out.places = checked(Places::decode(blob(row_id(head, kPlacesSlot))));
  return out;
}

void IndexDatabase::store(const BlockColumns& block) {
  const BlockHead& head = block.head;
  SQLite::Statement& row = prepared("INSERT INTO blocks VALUES(?1, ?2, ?3, ?4)");
  row.bind(1, number(head.first));
  row.bind(2, static_cast<std::int64_t>(head.count));
  row.bind(3, head.time_low);
  row.bind(4, head.time_high);
  run(row);
  const auto put = [&](std::int64_t slot, const std::string& bytes) {
    SQLite::Statement& column = prepared("INSERT INTO columns VALUES(?1, ?2)");
    column.bind(1, row_id(head, slot));
    column.bindNoCopy(2, bytes.data(), static_cast<int>(bytes.size()));
    run(column);
  };
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    put(dictionary_slot(field), block.columns[i].dictionary.encode());
    put(codes_slot(field), block.columns[i].codes.encode());
  }
  put(kTimesSlot, block.times.encode());
  put(kPlacesSlot, block.places.encode());
}

void IndexDatabase::remove(const BlockHead& head) {
  SQLite::Statement& row = prepared("DELETE FROM blocks WHERE first = ?1");
  row.bind(1, number(head.first));
  run(row);
  SQLite::Statement& columns = prepared("DELETE FROM columns WHERE id >= ?1 AND id < ?2");
  columns.bind(1, row_id(head, 0));
  columns.bind(2, row_id(head, kSlots));
  run(columns);
}

IndexDatabase::Position IndexDatabase::position() {
  SQLite::Statement& row = prepared("SELECT next, base, byte_offset, last_crc FROM position");
  Position position;
  if (row.executeStep()) {
    const auto column = [&](int at) { return static_cast<std::uint64_t>(row.getColumn(at).getInt64()); };
    position = {{column(0), column(1), column(2)}, static_cast<std::uint32_t>(column(3))};
  }
  row.reset();
  return position;
}

void IndexDatabase::set_position(const Position& position) {
  SQLite::Statement& row = prepared("INSERT OR REPLACE INTO position VALUES(1, ?1, ?2, ?3, ?4)");
  row.bind(1, number(position.at.index));
  row.bind(2, number(position.at.base));
  row.bind(3, number(position.at.offset));
  row.bind(4, static_cast<std::int64_t>(position.last_crc));
  run(row);
}

std::vector<BlockHead> IndexDatabase::blocks() {
  SQLite::Statement& rows = prepared("SELECT first, count, time_low, time_high FROM blocks ORDER BY first");
  std::vector<BlockHead> found;
  while (rows.executeStep()) {
    found.push_back({static_cast<std::uint64_t>(rows.getColumn(0).getInt64()), rows.getColumn(1).getUInt(),
                     rows.getColumn(2).getInt64(), rows.getColumn(3).getInt64()});
  }
  rows.reset();
  return found;
}

std::string IndexDatabase::blob(std::int64_t id) {
  SQLite::Statement& row = prepared("SELECT data FROM columns WHERE id = ?1");
  row.bind(1, id);
  if (!row.executeStep())
    throw SQLite::Exception("the index lacks a column: rebuild it with `portreeve decisions --reindex`");
  const SQLite::Column column = row.getColumn(0);
  std::string bytes(static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes()));
  row.reset();
  return bytes;
}

std::unique_ptr<Block> IndexDatabase::block(const BlockHead& head) {
  return std::make_unique<StoredBlock>(*this, head);
}

std::vector<std::uint64_t> IndexDatabase::about(std::string_view decision_id) {
  SQLite::Statement& rows = prepared("SELECT idx FROM decision_ids WHERE id = ?1 ORDER BY idx");
  rows.bind(1, std::string(decision_key(decision_id)));
  std::vector<std::uint64_t> found;
  while (rows.executeStep()) found.push_back(static_cast<std::uint64_t>(rows.getColumn(0).getInt64()));
  rows.reset();
  return found;
}

IndexDatabase::Sequences IndexDatabase::gate_sequences() {
  Sequences sequences;
  SQLite::Statement& rows = prepared("SELECT gate, boot, last_seq FROM gates");
  while (rows.executeStep()) {
    sequences.emplace(std::pair(rows.getColumn(0).getString(), rows.getColumn(1).getString()),
                      rows.getColumn(2).getInt64());
  }
  rows.reset();
  return sequences;
}

void IndexDatabase::checkpoint() { database_->exec("PRAGMA wal_checkpoint(TRUNCATE)"); }

}  // namespace portreeve::storage

#include "storage/sqlite/record_table.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/wire/record.h"

namespace portreeve::storage {
namespace {

constexpr int kShape = 1;

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS records(
  idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, time INTEGER NOT NULL, decision_id TEXT, decision INTEGER, reason TEXT,
  subject TEXT, session TEXT, tenant TEXT, action TEXT, resource TEXT, host TEXT, pep TEXT, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_decision_id ON records(decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_session ON records(session) WHERE session IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_subject ON records(subject) WHERE subject IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_host ON records(host) WHERE host IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_time ON records(time);
CREATE TABLE IF NOT EXISTS record_rules(rule TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(rule, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gates(gate TEXT NOT NULL, boot TEXT NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY(gate, boot)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position(one INTEGER PRIMARY KEY CHECK(one = 1), next INTEGER NOT NULL,
  base INTEGER NOT NULL, byte_offset INTEGER NOT NULL);
PRAGMA user_version=1;
)";

constexpr const char* kInsert = R"(
INSERT INTO records(idx, kind, time, decision_id, decision, reason, subject, session, tenant, action, resource, host,
                    pep, record)
VALUES(?1, json_extract(?2,'$.kind'), ?3,
  CASE json_extract(?2,'$.kind') WHEN 'decision' THEN json_extract(?2,'$.id') ELSE json_extract(?2,'$.decisionId') END,
  json_extract(?2,'$.decision'), json_extract(?2,'$.reason'), json_extract(?2,'$.subject.id'),
  json_extract(?2,'$.session'), json_extract(?2,'$.tenant'), json_extract(?2,'$.action'),
  json_extract(?2,'$.resource.id'), lower(json_extract(?2,'$.resource.properties.host')),
  coalesce(json_extract(?2,'$.pep'), json_extract(?2,'$.gate')), ?2))";
constexpr const char* kInsertUnreadable =
    "INSERT INTO records(idx, kind, time, record) VALUES(?1, 'unreadable', ?3, ?2)";
constexpr const char* kInsertRules =
    "INSERT OR IGNORE INTO record_rules SELECT value, ?1 FROM json_each(?2,'$.rules') WHERE type='text'";
constexpr const char* kInsertGate = R"(
INSERT INTO gates(gate, boot, last_seq)
SELECT json_extract(?1,'$.gate'), json_extract(?1,'$.boot'), json_extract(?1,'$.seq')
WHERE json_extract(?1,'$.gate') IS NOT NULL AND json_extract(?1,'$.boot') IS NOT NULL
  AND json_extract(?1,'$.seq') IS NOT NULL
ON CONFLICT(gate, boot) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq))";

std::int64_t number(std::uint64_t index) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(index, INT64_MAX));
}

void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

// The WHERE clause of a filter and the texts and numbers it binds, in order.
class Where {
 public:
  void text(const char* condition, const std::optional<std::string>& value) {
    if (!value) return;
    sql_ += std::string(" AND ") + condition;
    bindings_.emplace_back(*value, 0);
  }
  void integer(const char* condition, const std::optional<std::int64_t>& value) {
    if (!value) return;
    sql_ += std::string(" AND ") + condition;
    bindings_.emplace_back(std::nullopt, *value);
  }
  const std::string& sql() const { return sql_; }
  int bind(SQLite::Statement& statement, int at) const {
    for (const auto& [text, integer] : bindings_) {
      if (text) {
        statement.bind(at++, *text);
      } else {
        statement.bind(at++, integer);
      }
    }
    return at;
  }

 private:
  std::string sql_;
  std::vector<std::pair<std::optional<std::string>, std::int64_t>> bindings_;
};

// Records are stamped to the millisecond, so that a bound between two milliseconds moves up to the next.
std::optional<std::int64_t> millis_at_or_after(const std::optional<Timestamp>& time) {
  if (!time) return std::nullopt;
  return time->unix_millis() + (time->nanos() % 1'000'000 != 0 ? 1 : 0);
}

Where where(const RecordFilter& filter) {
  Where out;
  out.integer("time >= ?", millis_at_or_after(filter.from));
  out.integer("time < ?", millis_at_or_after(filter.until));
  if (filter.kind) out.text("kind = ?", std::string(wire::to_text(*filter.kind)));
  out.text("decision_id = ?", filter.decision_id);
  if (filter.decision) out.integer("decision = ?", *filter.decision ? 1 : 0);
  out.text("reason = ?", filter.reason);
  out.text("subject = ?", filter.subject);
  out.text("session = ?", filter.session);
  out.text("tenant = ?", filter.tenant);
  out.text("action = ?", filter.action);
  out.text("instr(lower(resource), lower(?)) > 0", filter.resource);
  out.text("host = lower(?)", filter.host);
  out.text("idx IN (SELECT idx FROM record_rules WHERE rule = ?)", filter.rule);
  out.text("pep = ?", filter.pep);
  out.text("instr(lower(record), lower(?)) > 0", filter.text);
  return out;
}

}  // namespace

RecordTable::RecordTable(DatabaseOwner database) : database_(std::move(database)) {}
RecordTable::~RecordTable() = default;

void RecordTable::make_tables() { database_->exec(kTables); }

bool RecordTable::is_current() {
  return database_->execAndGet("PRAGMA user_version").getInt() == kShape && database_->tableExists("position");
}

SQLite::Statement& RecordTable::prepared(const char* sql) {
  std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
  if (statement == nullptr) statement = std::make_unique<SQLite::Statement>(*database_, sql);
  statement->tryReset();  // an earlier use may have ended in an exception
  return *statement;
}

void RecordTable::begin() { database_->exec("BEGIN IMMEDIATE"); }
void RecordTable::begin_reading() { database_->exec("BEGIN"); }
void RecordTable::commit() { database_->exec("COMMIT"); }

void RecordTable::roll_back() noexcept {
  for (auto& [sql, statement] : statements_) statement->tryReset();
  database_->tryExec("ROLLBACK");
}

void RecordTable::insert(const StoredRecord& record) {
  const auto time = wire::record_time(record.bytes);
  SQLite::Statement& check = prepared("SELECT json_valid(?1)");
  check.bindNoCopy(1, record.bytes);
  check.executeStep();
  const bool readable = time && check.getColumn(0).getInt() == 1;
  check.reset();
  SQLite::Statement& row = prepared(readable ? kInsert : kInsertUnreadable);
  row.bind(1, number(record.index));
  row.bindNoCopy(2, record.bytes);
  row.bind(3, time ? time->unix_millis() : std::int64_t{0});
  run(row);
  if (!readable) return;
  SQLite::Statement& rules = prepared(kInsertRules);
  rules.bind(1, number(record.index));
  rules.bindNoCopy(2, record.bytes);
  run(rules);
  SQLite::Statement& gate = prepared(kInsertGate);
  gate.bindNoCopy(1, record.bytes);
  run(gate);
}

void RecordTable::remove_below(std::uint64_t index) {
  for (const char* sql : {"DELETE FROM records WHERE idx < ?1", "DELETE FROM record_rules WHERE idx < ?1"}) {
    SQLite::Statement& statement = prepared(sql);
    statement.bind(1, number(index));
    run(statement);
  }
}

void RecordTable::clear() { database_->exec("DELETE FROM records; DELETE FROM record_rules; DELETE FROM gates"); }

SegmentPosition RecordTable::position() {
  SQLite::Statement& row = prepared("SELECT next, base, byte_offset FROM position");
  SegmentPosition position;
  if (row.executeStep()) {
    const auto column = [&](int at) { return static_cast<std::uint64_t>(row.getColumn(at).getInt64()); };
    position = {column(0), column(1), column(2)};
  }
  row.reset();
  return position;
}

void RecordTable::set_position(const SegmentPosition& position) {
  SQLite::Statement& row = prepared("INSERT OR REPLACE INTO position VALUES(1, ?1, ?2, ?3)");
  row.bind(1, number(position.index));
  row.bind(2, number(position.base));
  row.bind(3, number(position.offset));
  run(row);
}

std::vector<LoggedRecord> RecordTable::search(const RecordFilter& filter, PageOrder order, std::uint64_t low,
                                              std::uint64_t high, std::size_t limit) {
  const Where conditions = where(filter);
  SQLite::Statement rows(*database_, "SELECT idx, record FROM records WHERE idx >= ? AND idx < ?" + conditions.sql() +
                                         " ORDER BY idx " + (order == PageOrder::newest_first ? "DESC" : "ASC") +
                                         " LIMIT ?");
  rows.bind(1, number(low));
  rows.bind(2, number(high));
  const int last = conditions.bind(rows, 3);
  rows.bind(last, static_cast<std::int64_t>(limit));
  std::vector<LoggedRecord> found;
  while (rows.executeStep()) {
    found.push_back({static_cast<std::uint64_t>(rows.getColumn(0).getInt64()), rows.getColumn(1).getString()});
  }
  return found;
}

std::optional<LoggedRecord> RecordTable::find_decision(std::string_view id) {
  SQLite::Statement& row = prepared("SELECT idx, record FROM records WHERE decision_id = ?1 AND kind = 'decision'");
  row.bind(1, std::string(id));
  std::optional<LoggedRecord> found;
  if (row.executeStep()) {
    found = {static_cast<std::uint64_t>(row.getColumn(0).getInt64()), row.getColumn(1).getString()};
  }
  row.reset();
  return found;
}

std::optional<std::string> RecordTable::pep_of(std::string_view decision_id) {
  SQLite::Statement& row = prepared("SELECT pep FROM records WHERE decision_id = ?1 AND kind = 'decision'");
  row.bind(1, std::string(decision_id));
  std::optional<std::string> found;
  if (row.executeStep()) found = row.getColumn(0).getString();
  row.reset();
  return found;
}

std::optional<std::string> RecordTable::record_at(std::uint64_t index) {
  SQLite::Statement& row = prepared("SELECT record FROM records WHERE idx = ?1");
  row.bind(1, number(index));
  std::optional<std::string> found;
  if (row.executeStep()) found = row.getColumn(0).getString();
  row.reset();
  return found;
}

std::map<std::pair<std::string, std::string>, std::int64_t> RecordTable::gate_sequences() {
  std::map<std::pair<std::string, std::string>, std::int64_t> sequences;
  SQLite::Statement& rows = prepared("SELECT gate, boot, last_seq FROM gates");
  while (rows.executeStep()) {
    sequences.emplace(std::pair(rows.getColumn(0).getString(), rows.getColumn(1).getString()),
                      rows.getColumn(2).getInt64());
  }
  rows.reset();
  return sequences;
}

void RecordTable::checkpoint() { database_->exec("PRAGMA wal_checkpoint(TRUNCATE)"); }

}  // namespace portreeve::storage

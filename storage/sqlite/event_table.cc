#include "storage/sqlite/event_table.h"

#include <SQLiteCpp/SQLiteCpp.h>

namespace portreeve::storage {
namespace {

constexpr const char* kBars = "SELECT event, kind, target, reason, actor, time FROM bars WHERE lifted IS NULL ";

EventKind kind_in(const SQLite::Column& column) {
  const auto kind = event_kind_from_text(column.getString());
  if (!kind) throw SQLite::Exception("an event of a kind that this program does not know");
  return *kind;
}

Bar bar_in(SQLite::Statement& row) {
  Bar bar;
  bar.event = row.getColumn(0).getInt64();
  bar.target = {kind_in(row.getColumn(1)), row.getColumn(2).getString()};
  bar.reason = row.getColumn(3).getString();
  bar.actor = row.getColumn(4).getString();
  bar.time = Timestamp::from_unix_millis(row.getColumn(5).getInt64());
  return bar;
}

void bind_event(SQLite::Statement& row, const Event& event) {
  row.bind(2, std::string(to_text(event.kind)));
  row.bind(3, event.target);
  row.bind(4, event.reason);
  row.bind(5, event.actor);
  row.bind(6, event.time.unix_millis());
}

}  // namespace

void EventTable::append(Event& event) {
  SQLite::Statement row(database_, "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6)");
  row.bind(1);
  bind_event(row, event);
  row.exec();
  event.number = database_.getLastInsertRowid();
}

std::int64_t EventTable::last_number() {
  return database_.execAndGet("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)").getInt64();
}

std::optional<std::vector<Event>> EventTable::since(std::int64_t number) {
  const std::int64_t last = last_number();
  if (number < 0 || number > last || last - number > static_cast<std::int64_t>(kMostResumed)) return std::nullopt;
  SQLite::Statement rows(database_,
                         "SELECT number, kind, target, reason, actor, time FROM events WHERE number > ?1"
                         " ORDER BY number");
  rows.bind(1, number);
  std::vector<Event> events;
  while (rows.executeStep()) {
    Event event;
    event.number = rows.getColumn(0).getInt64();
    event.kind = kind_in(rows.getColumn(1));
    event.target = rows.getColumn(2).getString();
    event.reason = rows.getColumn(3).getString();
    event.actor = rows.getColumn(4).getString();
    event.time = Timestamp::from_unix_millis(rows.getColumn(5).getInt64());
    events.push_back(std::move(event));
  }
  if (static_cast<std::int64_t>(events.size()) != last - number) return std::nullopt;
  return events;
}

void EventTable::forget_before(Timestamp time) {
  SQLite::Statement old(database_, "DELETE FROM events WHERE time < ?1");
  old.bind(1, time.unix_millis());
  old.exec();
}

void EventTable::add_bar(const Event& event) {
  SQLite::Statement row(database_, "INSERT INTO bars VALUES(?1,?2,?3,?4,?5,?6,NULL)");
  row.bind(1, event.number);
  bind_event(row, event);
  row.exec();
}

std::optional<Bar> EventTable::bar_on(const RevocationTarget& target) {
  SQLite::Statement row(database_, std::string(kBars) + "AND kind = ?1 AND target = ?2");
  row.bind(1, std::string(to_text(target.kind)));
  row.bind(2, target.name);
  return row.executeStep() ? std::optional(bar_in(row)) : std::nullopt;
}

bool EventTable::is_barred(const std::string& subject_id, const std::optional<std::string>& tenant) {
  SQLite::Statement row(database_, std::string(kBars) +
                                       "AND (kind = 'all' OR (kind = 'subject' AND target = ?1)"
                                       " OR (kind = 'tenant' AND target = ?2)) LIMIT 1");
  row.bind(1, subject_id);
  if (tenant) row.bind(2, *tenant);
  return row.executeStep();
}

bool EventTable::lift(std::int64_t event, Timestamp now) {
  SQLite::Statement row(database_, "UPDATE bars SET lifted = ?2 WHERE event = ?1 AND lifted IS NULL");
  row.bind(1, event);
  row.bind(2, now.unix_millis());
  return row.exec() > 0;
}

std::vector<Bar> EventTable::bars() {
  SQLite::Statement rows(database_, std::string(kBars) + "ORDER BY event");
  std::vector<Bar> bars;
  while (rows.executeStep()) bars.push_back(bar_in(rows));
  return bars;
}

}  // namespace portreeve::storage

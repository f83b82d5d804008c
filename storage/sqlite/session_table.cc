#include "storage/sqlite/session_table.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"

namespace portreeve::storage {
namespace {

constexpr std::size_t kMostListed = 10'000;
constexpr std::string_view kColumns =
    "SELECT id, provider, sub, tenant, claims, labels, created, expires, ended, revoked, addresses, roles FROM "
    "sessions ";
constexpr std::string_view kLive = "revoked IS NULL AND ended IS NULL AND expires > ";

void bind_optional(SQLite::Statement& statement, int at, const std::optional<std::string>& text) {
  if (text) {
    statement.bind(at, *text);
  } else {
    statement.bind(at);
  }
}

Timestamp time_in(SQLite::Statement& row, int at) { return Timestamp::from_unix_millis(row.getColumn(at).getInt64()); }

std::optional<Timestamp> optional_time_in(SQLite::Statement& row, int at) {
  return row.getColumn(at).isNull() ? std::nullopt : std::optional(time_in(row, at));
}

JsonValue labels_json(const std::map<std::string, std::string>& labels) {
  JsonValue json{JsonValue::Object{}};
  for (const auto& [key, value] : labels) json.set(key, value);
  return json;
}

std::string addresses_text(std::span<const net::IpAddress> addresses) {
  std::string out;
  for (const net::IpAddress& address : addresses) out += (out.empty() ? "" : " ") + address.to_string();
  return out;
}

std::vector<net::IpAddress> addresses_in(const SQLite::Column& column) {
  std::vector<net::IpAddress> out;
  const std::string text = column.isNull() ? std::string() : column.getString();
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (const auto address = net::IpAddress::parse(rest.substr(0, space))) out.push_back(*address);
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return out;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
  return out;
}

std::optional<std::vector<std::string>> names_in(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  std::vector<std::string> out;
  const std::string text = column.getString();
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    out.emplace_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return out;
}

// The condition of a state, where ?4 is the time.
std::string_view condition_of(SessionState state) {
  switch (state) {
    case SessionState::live:
      return " AND revoked IS NULL AND ended IS NULL AND expires > ?4";
    case SessionState::ended:
      return " AND revoked IS NULL AND ended IS NOT NULL";
    case SessionState::revoked:
      return " AND revoked IS NOT NULL";
    case SessionState::expired:
      return " AND revoked IS NULL AND ended IS NULL AND expires <= ?4";
  }
  return "";
}

// `<provider>/<sub>`: a provider's name has no slash.
std::pair<std::string, std::string> split_subject(const std::string& subject_id) {
  const std::size_t slash = std::min(subject_id.find('/'), subject_id.size());
  return {subject_id.substr(0, slash), subject_id.substr(std::min(slash + 1, subject_id.size()))};
}

// Which sessions a revocation is of, with its parameters bound from ?3 on.
std::string_view condition_of(const RevocationTarget& target) {
  switch (target.kind) {
    case EventKind::subject:
      return " AND provider = ?3 AND sub = ?4";
    case EventKind::tenant:
      return " AND tenant = ?3";
    case EventKind::all:
      return "";
    case EventKind::session:
    case EventKind::end:
    case EventKind::activation:
    case EventKind::roles:
      break;
  }
  CHECK(false);  // only those three have live sessions to look for
  return "";
}

}  // namespace

void SessionTable::insert(const Session& session) {
  SQLite::Statement row(database_,
                        "INSERT INTO sessions(id, provider, sub, tenant, claims, labels, created, expires, roles)"
                        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
  row.bind(1, session.id);
  row.bind(2, session.provider);
  row.bind(3, session.sub);
  bind_optional(row, 4, session.tenant);
  row.bind(5, to_canonical_json(session.claims));
  row.bind(6, to_canonical_json(labels_json(session.labels)));
  row.bind(7, session.created.unix_millis());
  row.bind(8, session.expires.unix_millis());
  if (session.roles) row.bind(9, names_text(*session.roles));
  row.exec();
}

SessionPointer SessionTable::load(std::string_view id) {
  SQLite::Statement row(database_, std::string(kColumns) + "WHERE id = ?1");
  row.bind(1, std::string(id));
  return row.executeStep() ? session_in(row) : nullptr;
}

std::vector<SessionPointer> SessionTable::list(const SessionFilter& filter, Timestamp now) {
  std::string query(kColumns);
  query += "WHERE (?3 IS NULL OR id > ?3)";
  if (filter.subject_id) query += " AND provider = ?1 AND sub = ?2";
  if (filter.tenant) query += " AND tenant = ?5";
  if (filter.state) query += condition_of(*filter.state);
  SQLite::Statement rows(database_, query + " ORDER BY id LIMIT ?6");
  if (filter.subject_id) {
    const auto [provider, sub] = split_subject(*filter.subject_id);
    rows.bind(1, provider);
    rows.bind(2, sub);
  }
  bind_optional(rows, 3, filter.after);
  if (filter.state) rows.bind(4, now.unix_millis());
  if (filter.tenant) rows.bind(5, *filter.tenant);
  rows.bind(6, static_cast<std::int64_t>(std::min(filter.limit, kMostListed)));
  std::vector<SessionPointer> found;
  while (rows.executeStep()) found.push_back(session_in(rows));
  return found;
}

void SessionTable::end(const std::string& id, const Event& event) {
  SQLite::Statement row(database_, "UPDATE sessions SET ended = ?2, cut = ?3 WHERE id = ?1 AND ended IS NULL");
  row.bind(1, id);
  row.bind(2, event.time.unix_millis());
  row.bind(3, event.number);
  row.exec();
}

void SessionTable::revoke(const std::string& id, const Event& event) {
  SQLite::Statement row(database_, "UPDATE sessions SET revoked = ?2, cut = ?3 WHERE id = ?1 AND revoked IS NULL");
  row.bind(1, id);
  row.bind(2, event.time.unix_millis());
  row.bind(3, event.number);
  row.exec();
}

std::vector<std::string> SessionTable::revoke_live(const RevocationTarget& target, const Event& event) {
  SQLite::Statement rows(
      database_, fmt::format("UPDATE sessions SET revoked = ?1, cut = ?2 WHERE {} ?1{}", kLive, condition_of(target)));
  rows.bind(1, event.time.unix_millis());
  rows.bind(2, event.number);
  if (target.kind == EventKind::subject) {
    const auto [provider, sub] = split_subject(target.name);
    rows.bind(3, provider);
    rows.bind(4, sub);
  } else if (target.kind == EventKind::tenant) {
    rows.bind(3, target.name);
  }
  rows.exec();
  return cut_by(event.number);
}

std::int64_t SessionTable::cut_of(const std::string& id) {
  SQLite::Statement row(database_, "SELECT coalesce(cut, 0) FROM sessions WHERE id = ?1");
  row.bind(1, id);
  return row.executeStep() ? row.getColumn(0).getInt64() : 0;
}

std::vector<std::string> SessionTable::cut_by(std::int64_t event) {
  SQLite::Statement rows(database_, "SELECT id FROM sessions WHERE cut = ?1 ORDER BY id");
  rows.bind(1, event);
  return ids(rows);
}

std::vector<std::string> SessionTable::cut_and_not_past_expiry(Timestamp now) {
  SQLite::Statement rows(database_,
                         "SELECT id FROM sessions WHERE expires > ?1 AND (revoked IS NOT NULL OR ended IS NOT NULL)"
                         " ORDER BY id");
  rows.bind(1, now.unix_millis());
  return ids(rows);
}

void SessionTable::set_addresses(const std::string& id, std::span<const net::IpAddress> addresses) {
  SQLite::Statement row(database_, "UPDATE sessions SET addresses = ?2 WHERE id = ?1");
  row.bind(1, id);
  if (!addresses.empty()) row.bind(2, addresses_text(addresses));
  row.exec();
}

void SessionTable::set_roles(const std::string& id, const std::vector<std::string>& roles) {
  SQLite::Statement row(database_, "UPDATE sessions SET roles = ?2 WHERE id = ?1");
  row.bind(1, id);
  row.bind(2, names_text(roles));
  row.exec();
}

std::unordered_map<net::IpAddress, std::string> SessionTable::bindings() {
  SQLite::Statement rows(database_, "SELECT id, addresses FROM sessions WHERE addresses IS NOT NULL");
  std::unordered_map<net::IpAddress, std::string> out;
  while (rows.executeStep()) {
    for (const net::IpAddress& address : addresses_in(rows.getColumn(1))) out[address] = rows.getColumn(0).getString();
  }
  return out;
}

std::vector<std::string> SessionTable::ids(SQLite::Statement& rows) {
  std::vector<std::string> out;
  while (rows.executeStep()) out.push_back(rows.getColumn(0).getString());
  return out;
}

SessionPointer SessionTable::session_in(SQLite::Statement& row) {
  auto session = std::make_shared<Session>();
  session->id = row.getColumn(0).getString();
  session->provider = row.getColumn(1).getString();
  session->sub = row.getColumn(2).getString();
  session->subject_id = session->provider + "/" + session->sub;
  if (!row.getColumn(3).isNull()) session->tenant = row.getColumn(3).getString();
  session->claims = json_.read(row.getColumn(4).getString());
  const JsonValue labels = json_.read(row.getColumn(5).getString());
  for (const auto& [key, value] : *labels.as_object()) session->labels.emplace(key, *value.as_string());
  session->created = time_in(row, 6);
  session->expires = time_in(row, 7);
  session->ended = optional_time_in(row, 8);
  session->revoked = optional_time_in(row, 9);
  session->addresses = addresses_in(row.getColumn(10));
  session->roles = names_in(row.getColumn(11));
  return session;
}

}  // namespace portreeve::storage

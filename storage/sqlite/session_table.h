// The table of sessions. Internal; all throw, as SQLiteCpp does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/sessions/session_store.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/state_database.h"

namespace portreeve::storage {

// Belongs to the owner of the database, which outlives it.
class SessionTable {
 public:
  explicit SessionTable(SQLite::Database& database) : database_(database), json_(database) {}

  void insert(const Session& session);
  SessionPointer load(std::string_view id);
  std::vector<SessionPointer> list(const SessionFilter& filter, Timestamp now);

  // Stamp `ended` or `revoked` by `event`, where the stamp is not there yet.
  void end(const std::string& id, const Event& event);
  void revoke(const std::string& id, const Event& event);
  // Revokes the live sessions of a subject, a tenant or all, and returns their ids in order.
  std::vector<std::string> revoke_live(const RevocationTarget& target, const Event& event);
  // The event that last ended or revoked the session; 0 where none did.
  std::int64_t cut_of(const std::string& id);
  std::vector<std::string> cut_by(std::int64_t event);
  std::vector<std::string> cut_and_not_past_expiry(Timestamp now);

  void set_addresses(const std::string& id, std::span<const net::IpAddress> addresses);
  void set_roles(const std::string& id, const std::vector<std::string>& roles);
  // Every bound address with its session.
  std::unordered_map<net::IpAddress, std::string> bindings();

 private:
  SessionPointer session_in(SQLite::Statement& row);
  std::vector<std::string> ids(SQLite::Statement& rows);

  SQLite::Database& database_;
  StoredJson json_;
};

}  // namespace portreeve::storage

// How this folder opens SQLite databases. Internal.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/result.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace portreeve::storage {

// So that a database can be owned where its type is only declared.
struct CloseDatabase {
  void operator()(SQLite::Database* database) const noexcept;
};
using DatabaseOwner = std::unique_ptr<SQLite::Database, CloseDatabase>;

enum class Durability : std::uint8_t { each_commit, loses_last_on_power_cut };

// Throw SQLite::Exception, as all of SQLiteCpp does; adapted() turns that into a value. Journal mode is WAL.
DatabaseOwner open_writable(const std::string& path, Durability durability);
DatabaseOwner open_read_only(const std::string& path);
DatabaseOwner open_in_memory();

// Calls `body`, which returns a Result and may throw; an exception becomes an error that begins with `doing`.
template <class Body>
auto adapted(const std::string& doing, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& thrown) {
    return fail(doing + ": " + thrown.what());
  }
}

}  // namespace portreeve::storage

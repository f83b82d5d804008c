#include "storage/sqlite/connection.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace portreeve::storage {
namespace {

constexpr int kBusyMillis = 10'000;

// SQLite makes files with 0644; sessions and claims are nobody else's business. A file that is there is not opened: to
// close it would take away the locks of this process's other connections to it (fcntl(2)), and then another process
// that closes the database believes to be the last and deletes the log that is being written.
void make_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace

void CloseDatabase::operator()(SQLite::Database* database) const noexcept { delete database; }

DatabaseOwner open_writable(const std::string& path, Durability durability) {
  make_private(path);
  DatabaseOwner database(new SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyMillis));
  database->exec("PRAGMA journal_mode=WAL");
  database->exec(durability == Durability::each_commit ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  database->exec("PRAGMA foreign_keys=ON");
  return database;
}

DatabaseOwner open_read_only(const std::string& path) {
  return DatabaseOwner(new SQLite::Database(path, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, kBusyMillis));
}

DatabaseOwner open_in_memory() {
  return DatabaseOwner(
      new SQLite::Database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX));
}

}  // namespace portreeve::storage

// The ledger's tables, and calls in and out of them. Internal.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <exception>
#include <memory>
#include <string>

#include "accounting/ledger/call.h"
#include "engine/base/result.h"

namespace portreeve::accounting {

// Throw SQLite::Exception, as all of SQLiteCpp does; adapted() turns that into a value.
std::unique_ptr<SQLite::Database> open_ledger_writable(const std::string& path);
std::unique_ptr<SQLite::Database> open_ledger_read_only(const std::string& path);

// The columns of `calls` that bind_call() and read_call() use, in their order, `id` apart.
extern const char* const kCallColumns;
inline constexpr int kCallColumnCount = 39;
// From parameter `first` on. `book`: the price book's id; 0: none.
void bind_call(SQLite::Statement& statement, int first, const Call& call, std::int64_t book);
// From column `first` on, which is `id`, and the price book's digest after the last.
Call read_call(SQLite::Statement& statement, int first);

std::string tags_text(const std::map<std::string, std::string>& tags);

template <class Body>
auto adapted(const std::string& doing, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& thrown) {
    return fail(doing + ": " + thrown.what());
  }
}

}  // namespace portreeve::accounting

// The tables of events and bars. Internal; all throw, as SQLiteCpp does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sessions/event.h"
#include "storage/sessions/session_store.h"
#include "storage/sqlite/connection.h"

namespace portreeve::storage {

// Belongs to the owner of the database, which outlives it.
class EventTable {
 public:
  explicit EventTable(SQLite::Database& database) : database_(database) {}

  // Adds it and gives it its number.
  void append(Event& event);
  std::int64_t last_number();
  // Events above `number`, without their sessions; nothing where they are not all there, or more than kMostResumed.
  std::optional<std::vector<Event>> since(std::int64_t number);
  void forget_before(Timestamp time);

  void add_bar(const Event& event);
  // The bar on exactly this target.
  std::optional<Bar> bar_on(const RevocationTarget& target);
  bool is_barred(const std::string& subject_id, const std::optional<std::string>& tenant);
  bool lift(std::int64_t event, Timestamp now);
  std::vector<Bar> bars();

 private:
  SQLite::Database& database_;
};

}  // namespace portreeve::storage

// What the stores of `state.sqlite` share. Internal.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "storage/sqlite/connection.h"

namespace portreeve::storage {

// Opens the file and makes its tables where they are missing. Throws.
DatabaseOwner open_state(const std::string& path);

// A number that changes whenever another connection, of this or another process, has committed. Throws.
class DataVersion {
 public:
  explicit DataVersion(SQLite::Database& database);
  ~DataVersion();
  DataVersion(const DataVersion&) = delete;
  DataVersion& operator=(const DataVersion&) = delete;
  // True the first time, and then where it changed since the last call.
  bool changed();

 private:
  std::unique_ptr<SQLite::Statement> pragma_;
  std::optional<std::int64_t> last_;
};

// Reads JSON that canonical JSON was once written from: SQLite's own reader, which cuts strings at U+0000, so that who
// writes refuses those (has_nul()). Throws on what is no JSON.
class StoredJson {
 public:
  explicit StoredJson(SQLite::Database& database);
  ~StoredJson();
  StoredJson(const StoredJson&) = delete;
  StoredJson& operator=(const StoredJson&) = delete;
  JsonValue read(const std::string& text);

 private:
  std::unique_ptr<SQLite::Statement> tree_;
};
bool has_nul(const JsonValue& value);

// Bytes of the kernel's generator.
void fill_random(std::uint8_t* bytes, std::size_t size);
template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  fill_random(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace portreeve::storage

#include "storage/sqlite/state_database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "engine/base/check.h"

namespace portreeve::storage {
namespace {

// What each shape of the file adds to the one before; `user_version` counts them.
constexpr const char* kShapes[] = {
    R"(
CREATE TABLE IF NOT EXISTS sessions(
  id TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL, sub TEXT NOT NULL, tenant TEXT, claims TEXT NOT NULL,
  labels TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, ended INTEGER, revoked INTEGER);
CREATE INDEX IF NOT EXISTS sessions_subject ON sessions(provider, sub);
CREATE TABLE IF NOT EXISTS peps(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, domains TEXT NOT NULL, secret_sha256 BLOB NOT NULL UNIQUE,
  created INTEGER NOT NULL, removed INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS peps_in_force ON peps(name) WHERE removed IS NULL;
PRAGMA user_version=1;
)",
    // `cut`: the event that ended or revoked the session. `addresses`: separated by a space; no row has one that
    // another has. AUTOINCREMENT: a number is never used twice, also where its event has been forgotten.
    R"(
ALTER TABLE sessions ADD COLUMN cut INTEGER;
ALTER TABLE sessions ADD COLUMN addresses TEXT;
CREATE INDEX sessions_tenant ON sessions(tenant) WHERE tenant IS NOT NULL;
CREATE INDEX sessions_expires ON sessions(expires);
CREATE INDEX sessions_cut ON sessions(cut) WHERE cut IS NOT NULL;
CREATE INDEX sessions_bound ON sessions(id) WHERE addresses IS NOT NULL;
CREATE TABLE events(
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL,
  actor TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE bars(
  event INTEGER PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
  time INTEGER NOT NULL, lifted INTEGER);
CREATE UNIQUE INDEX bars_in_force ON bars(kind, target) WHERE lifted IS NULL;
PRAGMA user_version=2;
)",
    // Separated by a space; none named: the empty text.
    R"(
ALTER TABLE sessions ADD COLUMN roles TEXT;
PRAGMA user_version=3;
)"};
constexpr int kShape = static_cast<int>(std::size(kShapes));

struct Node {
  std::string type;
  std::string key;
  JsonValue atom;
  std::vector<std::size_t> children;
};

JsonValue atom_of(const std::string& type, const SQLite::Column& atom) {
  if (type == "true") return true;
  if (type == "false") return false;
  if (type == "text") return atom.getString();
  if (type == "integer" && atom.isInteger()) return atom.getInt64();
  if (type == "integer" || type == "real") return atom.getDouble();
  return {};
}

JsonValue assemble(std::vector<Node>& nodes, std::vector<JsonValue>& built, std::size_t at) {
  Node& node = nodes[at];
  if (node.type == "array") {
    JsonValue::Array array;
    for (const std::size_t child : node.children) array.push_back(std::move(built[child]));
    return array;
  }
  if (node.type == "object") {
    JsonValue object{JsonValue::Object{}};
    for (const std::size_t child : node.children) object.set(nodes[child].key, std::move(built[child]));
    return object;
  }
  return std::move(node.atom);
}

}  // namespace

DatabaseOwner open_state(const std::string& path) {
  DatabaseOwner database = open_writable(path, Durability::each_commit);
  const auto shape = [&] { return database->execAndGet("PRAGMA user_version").getInt(); };
  if (shape() > kShape) throw SQLite::Exception("`" + path + "` was made by a newer version of this program");
  if (shape() == kShape) return database;
  SQLite::Transaction change(*database, SQLite::TransactionBehavior::IMMEDIATE);
  for (int next = shape(); next < kShape; next = shape()) database->exec(kShapes[next]);  // another may have been first
  change.commit();
  return database;
}

DataVersion::DataVersion(SQLite::Database& database)
    : pragma_(std::make_unique<SQLite::Statement>(database, "PRAGMA data_version")) {}
DataVersion::~DataVersion() = default;

bool DataVersion::changed() {
  pragma_->tryReset();
  pragma_->executeStep();
  const std::int64_t now = pragma_->getColumn(0).getInt64();
  pragma_->reset();
  const bool changed = last_ != now;
  last_ = now;
  return changed;
}

StoredJson::StoredJson(SQLite::Database& database)
    : tree_(std::make_unique<SQLite::Statement>(database, "SELECT key, type, atom, id, parent FROM json_tree(?1)")) {}
StoredJson::~StoredJson() = default;

JsonValue StoredJson::read(const std::string& text) {
  std::vector<Node> nodes;
  std::unordered_map<std::int64_t, std::size_t> places;  // SQLite's id of a node → its place in `nodes`
  tree_->tryReset();
  tree_->bind(1, text);
  while (tree_->executeStep()) {
    Node node;
    node.type = tree_->getColumn(1).getString();
    node.key = tree_->getColumn(0).getString();
    node.atom = atom_of(node.type, tree_->getColumn(2));
    places.emplace(tree_->getColumn(3).getInt64(), nodes.size());
    if (!tree_->getColumn(4).isNull()) {
      nodes[places.at(tree_->getColumn(4).getInt64())].children.push_back(nodes.size());
    }
    nodes.push_back(std::move(node));
  }
  tree_->reset();
  std::vector<JsonValue> built(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) built[i] = assemble(nodes, built, i);  // children come after parents
  return built.empty() ? JsonValue() : std::move(built.front());
}

bool has_nul(const JsonValue& value) {
  const auto in_text = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (const std::string* text = value.as_string()) return in_text(*text);
  if (const JsonValue::Array* array = value.as_array()) return std::ranges::any_of(*array, has_nul);
  if (const JsonValue::Object* object = value.as_object()) {
    return std::ranges::any_of(*object,
                               [&](const auto& member) { return in_text(member.first) || has_nul(member.second); });
  }
  return false;
}

void fill_random(std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace portreeve::storage

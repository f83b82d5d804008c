#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "engine/wire/ulid.h"
#include "storage/sqlite/state_database.h"
#include "storage/sqlite/state_store.h"

namespace portreeve::storage {
namespace {

using SessionPointer = std::shared_ptr<const Session>;

constexpr std::size_t kMostCached = 16'384;
constexpr std::size_t kMostListed = 10'000;
constexpr std::string_view kColumns =
    "SELECT id, provider, sub, tenant, claims, labels, created, expires, ended, revoked FROM sessions ";

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

Timestamp to_millis(Timestamp time) { return Timestamp::from_unix_millis(time.unix_millis()); }

JsonValue labels_json(const std::map<std::string, std::string>& labels) {
  JsonValue json{JsonValue::Object{}};
  for (const auto& [key, value] : labels) json.set(key, value);
  return json;
}

std::string refusal(const NewSession& session) {
  if (session.provider.empty() || session.sub.empty()) return "a session needs a provider and a sub";
  if (session.lifetime <= Seconds{0} || session.lifetime > kLongestSession) {
    return fmt::format("a session lives 1 to {} seconds, not {}", kLongestSession.count(), session.lifetime.count());
  }
  if (session.claims.as_object() == nullptr) return "a session's claims are an object";
  const std::string texts = session.provider + session.sub + session.tenant.value_or("");
  if (texts.find('\0') != std::string::npos || has_nul(session.claims) || has_nul(labels_json(session.labels))) {
    return "a session's claims and labels hold no U+0000";
  }
  if (!is_valid_utf8(texts)) return "a session's provider, sub and tenant are UTF-8";
  return {};
}

class SqliteSessionStore final : public SessionStore {
 public:
  explicit SqliteSessionStore(const std::string& path)
      : database_(open_state(path)), version_(*database_), json_(*database_) {}

  Result<SessionPointer> create(const NewSession& session, Timestamp now) override {
    if (std::string refused = refusal(session); !refused.empty()) return fail(std::move(refused));
    auto made = std::make_shared<Session>();
    made->id = "ses_" + wire::encode_ulid(now.unix_millis(), random_bytes<10>());
    made->provider = session.provider;
    made->sub = session.sub;
    made->subject_id = session.provider + "/" + session.sub;
    made->tenant = session.tenant;
    made->claims = session.claims;
    made->labels = session.labels;
    made->created = to_millis(now);
    made->expires = made->created.plus(session.lifetime);
    return locked("cannot store a session", [&]() -> Result<SessionPointer> {
      SQLite::Statement row(*database_, "INSERT INTO sessions VALUES(?1,?2,?3,?4,?5,?6,?7,?8,NULL,NULL)");
      row.bind(1, made->id);
      row.bind(2, made->provider);
      row.bind(3, made->sub);
      bind_optional(row, 4, made->tenant);
      row.bind(5, to_canonical_json(made->claims));
      row.bind(6, to_canonical_json(labels_json(made->labels)));
      row.bind(7, made->created.unix_millis());
      row.bind(8, made->expires.unix_millis());
      row.exec();
      return remember(made);
    });
  }

  Result<SessionPointer> find(std::string_view id) override {
    return locked("cannot read sessions", [&]() -> Result<SessionPointer> {
      if (version_.changed()) cache_.clear();
      const auto at = cache_.find(std::string(id));
      return at != cache_.end() ? at->second : load(id);
    });
  }

  Result<SessionPointer> end(std::string_view id, Timestamp now) override { return stamp("ended", id, now); }
  Result<SessionPointer> revoke(std::string_view id, Timestamp now) override { return stamp("revoked", id, now); }

  Result<std::vector<SessionPointer>> list(const SessionFilter& filter) override {
    return locked("cannot read sessions", [&]() -> Result<std::vector<SessionPointer>> {
      SQLite::Statement rows(*database_, std::string(kColumns) +
                                             "WHERE (?1 IS NULL OR provider || '/' || sub = ?1)"
                                             " AND (?2 IS NULL OR tenant = ?2) AND (?3 IS NULL OR id > ?3)"
                                             " AND (?4 IS NULL OR (expires > ?4 AND ended IS NULL AND revoked IS NULL))"
                                             " ORDER BY id LIMIT ?5");
      bind_optional(rows, 1, filter.subject_id);
      bind_optional(rows, 2, filter.tenant);
      bind_optional(rows, 3, filter.after);
      if (filter.live_at) rows.bind(4, filter.live_at->unix_millis());
      rows.bind(5, static_cast<std::int64_t>(std::min(filter.limit, kMostListed)));
      std::vector<SessionPointer> found;
      while (rows.executeStep()) found.push_back(session_in(rows));
      return found;
    });
  }

 private:
  template <class Body>
  auto locked(const char* doing, Body body) -> decltype(body()) {
    const MutexLock lock(mutex_);
    return adapted(doing, body);
  }

  SessionPointer remember(SessionPointer session) {
    if (cache_.size() >= kMostCached) cache_.clear();
    cache_.insert_or_assign(session->id, session);
    return session;
  }

  SessionPointer load(std::string_view id) {
    SQLite::Statement row(*database_, std::string(kColumns) + "WHERE id = ?1");
    row.bind(1, std::string(id));
    return row.executeStep() ? remember(session_in(row)) : nullptr;
  }

  Result<SessionPointer> stamp(const char* column, std::string_view id, Timestamp now) {
    return locked("cannot change a session", [&]() -> Result<SessionPointer> {
      SQLite::Statement change(*database_,
                               fmt::format("UPDATE sessions SET {0} = ?2 WHERE id = ?1 AND {0} IS NULL", column));
      change.bind(1, std::string(id));
      change.bind(2, now.unix_millis());
      change.exec();
      return load(id);
    });
  }

  SessionPointer session_in(SQLite::Statement& row) {
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
    return session;
  }

  Mutex mutex_;
  DatabaseOwner database_ GUARDED_BY(mutex_);
  DataVersion version_ GUARDED_BY(mutex_);
  StoredJson json_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, SessionPointer> cache_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<SessionStore>> open_session_store(const std::string& path) {
  return adapted("cannot open `" + path + "`",
                 [&]() -> Result<std::unique_ptr<SessionStore>> { return std::make_unique<SqliteSessionStore>(path); });
}

}  // namespace portreeve::storage

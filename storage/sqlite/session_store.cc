#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "engine/base/check.h"
#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "engine/wire/ulid.h"
#include "storage/sqlite/event_table.h"
#include "storage/sqlite/session_table.h"
#include "storage/sqlite/state_database.h"
#include "storage/sqlite/state_store.h"

namespace portreeve::storage {
namespace {

constexpr std::size_t kMostCached = 16'384;
// An event concerns sessions made before it: after the longest of them it is history. Twice that, for clocks that jump.
constexpr Seconds kEventsKept = 2 * kLongestSession;
// Between two looks for events to forget.
constexpr std::int64_t kEventsBetweenSweeps = 256;

Timestamp to_millis(Timestamp time) { return Timestamp::from_unix_millis(time.unix_millis()); }

std::string refusal(const NewSession& session) {
  if (session.provider.empty() || session.sub.empty()) return "a session needs a provider and a sub";
  if (session.lifetime <= Seconds{0} || session.lifetime > kLongestSession) {
    return fmt::format("a session lives 1 to {} seconds, not {}", kLongestSession.count(), session.lifetime.count());
  }
  if (session.claims.as_object() == nullptr) return "a session's claims are an object";
  std::string texts = session.provider + session.sub + session.tenant.value_or("");
  JsonValue labels{JsonValue::Object{}};
  for (const auto& [key, value] : session.labels) labels.set(key, value);
  if (texts.find('\0') != std::string::npos || has_nul(session.claims) || has_nul(labels)) {
    return "a session's claims and labels hold no U+0000";
  }
  if (!is_valid_utf8(texts)) return "a session's provider, sub and tenant are UTF-8";
  return {};
}

// One mutex over the database and what is remembered of it, another over a connection for long reads. A change is
// committed, then taken into what readers are answered from, then its number shows, then the observer hears of it: so
// whoever has read a number sees all that was cut up to it.
class SqliteSessionStore final : public SessionStore, public EventLog {
 public:
  explicit SqliteSessionStore(const std::string& path)
      : database_(open_state(path)),
        version_(*database_),
        table_(*database_),
        event_table_(*database_),
        browsed_(path) {
    const MutexLock lock(mutex_);
    version_.changed();
    reload();
  }

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
    made->roles = session.roles;
    made->created = to_millis(now);
    made->expires = made->created.plus(session.lifetime);
    return locked("cannot store a session", [&]() REQUIRES(mutex_) -> Result<SessionPointer> {
      SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      if (event_table_.is_barred(made->subject_id, made->tenant)) return SessionPointer();
      table_.insert(*made);
      change.commit();
      return remember(made);
    });
  }

  Result<SessionPointer> find(std::string_view id) override {
    return locked("cannot read sessions", [&]() REQUIRES(mutex_) -> Result<SessionPointer> {
      if (version_.changed()) reload();
      return look_up(id);
    });
  }

  Result<SessionPointer> find_by_address(const net::IpAddress& address) override {
    return locked("cannot read sessions", [&]() REQUIRES(mutex_) -> Result<SessionPointer> {
      if (version_.changed()) reload();
      const auto bound = bindings_.find(address);
      return bound == bindings_.end() ? nullptr : look_up(bound->second);
    });
  }

  Result<Bound> bind(std::string_view id, std::span<const net::IpAddress> addresses, Timestamp now) override {
    CHECK(addresses.size() <= kAddressesPerSession);
    std::vector<net::IpAddress> wanted(addresses.begin(), addresses.end());
    std::ranges::sort(wanted);
    const auto repeated = std::ranges::unique(wanted);
    wanted.erase(repeated.begin(), repeated.end());
    return locked("cannot bind a session", [&]() REQUIRES(mutex_) -> Result<Bound> {
      if (version_.changed()) reload();
      const SessionPointer session = look_up(id);
      if (session == nullptr) return Bound{BindFailure::unknown, std::nullopt, nullptr};
      if (!session->is_live(now)) return Bound{BindFailure::not_live, std::nullopt, session};
      SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      std::vector<std::string> changed{session->id};
      for (const net::IpAddress& address : wanted) {
        const auto owner = bindings_.find(address);
        if (owner == bindings_.end() || owner->second == session->id) continue;
        // Not the cache: an owner of several of these addresses loses one after the other.
        const SessionPointer other = table_.load(owner->second);
        if (other == nullptr) continue;
        if (other->is_live(now)) return Bound{BindFailure::address_bound, address, session};
        std::vector<net::IpAddress> left = other->addresses;
        std::erase(left, address);
        table_.set_addresses(other->id, left);
        changed.push_back(other->id);
      }
      table_.set_addresses(session->id, wanted);
      change.commit();
      for (const net::IpAddress& address : session->addresses) bindings_.erase(address);
      for (const net::IpAddress& address : wanted) bindings_[address] = session->id;
      for (const std::string& other : changed) cache_.erase(other);
      return Bound{std::nullopt, std::nullopt, look_up(id)};
    });
  }

  Result<SessionPointer> change_roles(std::string_view id, const RoleChange& change_of, const Deed& deed,
                                      Timestamp now) override {
    return locked("cannot change a session's roles", [&]() REQUIRES(mutex_) -> Result<SessionPointer> {
      const SessionPointer session = table_.load(id);
      if (session == nullptr || !session->is_live(now)) return session;
      const auto roles = change_of(*session);
      if (!roles || roles == session->roles) return session;
      Event event = make_event(EventKind::roles, session->id, deed, now);
      SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      append(event);
      table_.set_roles(session->id, *roles);
      change.commit();
      event.sessions = {session->id};
      publish(event);
      return look_up(id);
    });
  }

  Result<SessionPointer> end(std::string_view id, const Deed& deed, Timestamp now) override {
    return locked("cannot end a session", [&]() REQUIRES(mutex_) -> Result<SessionPointer> {
      const SessionPointer session = table_.load(id);
      if (session == nullptr || !session->is_live(now)) return session;
      Event event = make_event(EventKind::end, session->id, deed, now);
      SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      append(event);
      table_.end(session->id, event);
      change.commit();
      event.sessions = {session->id};
      publish(event);
      return look_up(id);
    });
  }

  Result<std::optional<Revoked>> revoke(const RevocationTarget& target, const Deed& deed, Timestamp now) override {
    return locked("cannot revoke", [&]() REQUIRES(mutex_) -> Result<std::optional<Revoked>> {
      return target.kind == EventKind::session ? revoke_session(target.name, deed, now)
                                               : revoke_many(target, deed, now);
    });
  }

  Result<bool> lift(std::int64_t event, Timestamp now) override {
    return locked("cannot lift a revocation",
                  [&]() REQUIRES(mutex_) -> Result<bool> { return event_table_.lift(event, now); });
  }

  Result<std::vector<Bar>> bars() override {
    return locked("cannot read revocations",
                  [&]() REQUIRES(mutex_) -> Result<std::vector<Bar>> { return event_table_.bars(); });
  }

  Result<std::vector<SessionPointer>> list(const SessionFilter& filter, Timestamp now) override {
    return locked("cannot read sessions",
                  [&]() REQUIRES(mutex_) -> Result<std::vector<SessionPointer>> { return table_.list(filter, now); });
  }

  EventLog& events() override { return *this; }

  std::int64_t last_number() const noexcept override { return last_number_.load(std::memory_order_acquire); }

  Result<std::int64_t> activated(std::string_view revision, Timestamp now) override {
    return locked("cannot store an activation", [&]() REQUIRES(mutex_) -> Result<std::int64_t> {
      Event event = make_event(EventKind::activation, std::string(revision), {"pdp", ""}, now);
      SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      append(event);
      change.commit();
      publish(event);
      return event.number;
    });
  }

  Result<std::optional<std::vector<Event>>> since(std::int64_t number) override {
    return browsing("cannot read events", [&](Tables& tables) -> Result<std::optional<std::vector<Event>>> {
      auto events = tables.events.since(number);
      if (!events) return events;
      for (Event& event : *events) {
        if (event.kind == EventKind::session || event.kind == EventKind::end || event.kind == EventKind::roles) {
          event.sessions = {event.target};
        }
        if (event.kind == EventKind::subject || event.kind == EventKind::tenant) {
          event.sessions = tables.sessions.cut_by(event.number);
        }
      }
      return events;
    });
  }

  Result<Cuts> cuts(Timestamp now) override {
    return browsing("cannot read events", [&](Tables& tables) -> Result<Cuts> {
      return Cuts{tables.events.last_number(), tables.sessions.cut_and_not_past_expiry(now)};
    });
  }

  void observe(Observer observer) override {
    const MutexLock lock(mutex_);
    observer_ = std::move(observer);
  }

 private:
  // A connection of its own for what reads many rows: decisions do not wait for it.
  struct Tables {
    explicit Tables(const std::string& path) : database(open_read_only(path)), sessions(*database), events(*database) {}
    DatabaseOwner database;
    SessionTable sessions;
    EventTable events;
  };

  template <class Body>
  auto browsing(const char* doing, Body body) -> decltype(body(std::declval<Tables&>())) {
    const MutexLock lock(browsing_mutex_);
    return adapted(doing, [&] {
      const SQLite::Transaction one_view(*browsed_.database);  // ends by rolling back nothing
      return body(browsed_);
    });
  }

  template <class Body>
  auto locked(const char* doing, Body body) -> decltype(body()) {
    const MutexLock lock(mutex_);
    return adapted(doing, body);
  }

  // What another connection changed may be anything.
  void reload() REQUIRES(mutex_) {
    cache_.clear();
    bindings_ = table_.bindings();
    last_number_.store(event_table_.last_number(), std::memory_order_release);
  }

  SessionPointer remember(SessionPointer session) REQUIRES(mutex_) {
    if (cache_.size() >= kMostCached) cache_.clear();
    cache_.insert_or_assign(session->id, session);
    return session;
  }

  SessionPointer look_up(std::string_view id) REQUIRES(mutex_) {
    const auto at = cache_.find(std::string(id));
    if (at != cache_.end()) return at->second;
    SessionPointer session = table_.load(id);
    return session == nullptr ? session : remember(std::move(session));
  }

  static Event make_event(EventKind kind, std::string target, const Deed& deed, Timestamp now) {
    Event event;
    event.kind = kind;
    event.target = std::move(target);
    event.reason = deed.reason;
    event.actor = deed.actor;
    event.time = to_millis(now);
    return event;
  }

  void append(Event& event) REQUIRES(mutex_) {
    event_table_.append(event);
    if (event.number % kEventsBetweenSweeps == 0) event_table_.forget_before(event.time.plus(-kEventsKept));
  }

  // Requires: committed.
  void publish(const Event& event) REQUIRES(mutex_) {
    for (const std::string& id : event.sessions) cache_.erase(id);
    if (event.kind == EventKind::all) cache_.clear();
    last_number_.store(event.number, std::memory_order_release);
    if (observer_) observer_(event);
  }

  Result<std::optional<Revoked>> revoke_session(const std::string& id, const Deed& deed, Timestamp now)
      REQUIRES(mutex_) {
    const SessionPointer session = table_.load(id);
    if (session == nullptr) return std::optional<Revoked>();
    if (session->revoked) return Revoked{table_.cut_of(id), 0};
    Event event = make_event(EventKind::session, id, deed, now);
    SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    append(event);
    table_.revoke(id, event);
    change.commit();
    event.sessions = {id};
    publish(event);
    return Revoked{event.number, session->is_live(now) ? 1u : 0u};
  }

  Result<std::optional<Revoked>> revoke_many(const RevocationTarget& target, const Deed& deed, Timestamp now)
      REQUIRES(mutex_) {
    if (const auto holds = event_table_.bar_on(target)) return Revoked{holds->event, 0};
    Event event = make_event(target.kind, target.name, deed, now);
    SQLite::Transaction change(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    append(event);
    std::vector<std::string> cut = table_.revoke_live(target, event);
    event_table_.add_bar(event);
    change.commit();
    const std::size_t count = cut.size();
    if (target.kind != EventKind::all) event.sessions = std::move(cut);
    publish(event);
    return Revoked{event.number, count};
  }

  Mutex mutex_;
  DatabaseOwner database_ GUARDED_BY(mutex_);
  DataVersion version_ GUARDED_BY(mutex_);
  SessionTable table_ GUARDED_BY(mutex_);
  EventTable event_table_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, SessionPointer> cache_ GUARDED_BY(mutex_);
  std::unordered_map<net::IpAddress, std::string> bindings_ GUARDED_BY(mutex_);
  Observer observer_ GUARDED_BY(mutex_);
  std::atomic<std::int64_t> last_number_{0};

  Mutex browsing_mutex_;
  Tables browsed_ GUARDED_BY(browsing_mutex_);
};

}  // namespace

Result<std::unique_ptr<SessionStore>> open_session_store(const std::string& path) {
  return adapted("cannot open `" + path + "`",
                 [&]() -> Result<std::unique_ptr<SessionStore>> { return std::make_unique<SqliteSessionStore>(path); });
}

}  // namespace portreeve::storage

// Bindings, ends, revocations and their events.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "storage/sqlite/state_store.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Timestamp kNow = Timestamp::from_unix(1'763'942'400);
const Deed kAdmin{"keycloak/admin", "lost laptop"};

NewSession session_of(const std::string& sub, std::optional<std::string> tenant = "acme") {
  return {"keycloak", sub, std::move(tenant), JsonValue(JsonValue::Object{}), {}, Seconds{3600}};
}

net::IpAddress address(std::string_view text) { return *net::IpAddress::parse(text); }

class RevocationStoreTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/state.sqlite"; }
  void reopen() {
    store_.reset();
    store_ = open_session_store(path()).value();
  }
  std::string make(const std::string& sub, std::optional<std::string> tenant = "acme") {
    return store_->create(session_of(sub, std::move(tenant)), kNow).value()->id;
  }
  SessionState state(const std::string& id) { return store_->find(id).value()->state(kNow); }
  Revoked revoke(EventKind kind, const std::string& name = {}) {
    return store_->revoke({kind, name}, kAdmin, kNow).value().value();
  }

  TemporaryFolder folder_;
  std::unique_ptr<SessionStore> store_ = open_session_store(path()).value();
};

TEST_F(RevocationStoreTest, EndsASessionOnce) {
  const std::string id = make("rita");
  EXPECT_TRUE(store_->find(id).value()->is_live(kNow));
  EXPECT_FALSE(store_->find(id).value()->is_live(kNow.plus(Seconds{3600})));
  const Timestamp later = kNow.plus(Seconds{100});
  EXPECT_EQ(store_->end(id, kAdmin, later).value()->ended, later);
  EXPECT_EQ(store_->end(id, kAdmin, later.plus(Seconds{5})).value()->ended, later);
  EXPECT_EQ(store_->events().last_number(), 1);
  EXPECT_EQ(store_->end("ses_none", kAdmin, later).value(), nullptr);
  EXPECT_EQ(state(id), SessionState::ended);
}

TEST_F(RevocationStoreTest, ExpiredItDoesNotEnd) {
  const std::string id = make("rita");
  EXPECT_EQ(store_->end(id, kAdmin, kNow.plus(Seconds{3600})).value()->ended, std::nullopt);
  EXPECT_EQ(store_->events().last_number(), 0);
}

TEST_F(RevocationStoreTest, RevokesASessionOnceAlsoAnEndedOne) {
  const std::string id = make("rita");
  EXPECT_EQ(revoke(EventKind::session, id), (Revoked{1, 1}));
  EXPECT_EQ(revoke(EventKind::session, id), (Revoked{1, 0}));
  EXPECT_EQ(store_->end(id, kAdmin, kNow).value()->ended, std::nullopt);
  EXPECT_EQ(state(id), SessionState::revoked);
  EXPECT_EQ(store_->revoke({EventKind::session, "ses_none"}, kAdmin, kNow).value(), std::nullopt);

  const std::string ended = make("rita");
  ASSERT_TRUE(store_->end(ended, kAdmin, kNow));
  EXPECT_EQ(revoke(EventKind::session, ended), (Revoked{3, 0}));
  EXPECT_EQ(state(ended), SessionState::revoked);
}

TEST_F(RevocationStoreTest, ASubjectATenantAndAllAreCutAndBarred) {
  struct Row {
    EventKind kind;
    std::string name;
    std::vector<bool> cut;     // rita at acme, rita at globex, ada at acme, ada without a tenant
    std::vector<bool> barred;  // the same
  };
  const Row rows[] = {
      {EventKind::subject, "keycloak/rita", {true, true, false, false}, {true, true, false, false}},
      {EventKind::tenant, "acme", {true, false, true, false}, {true, false, true, false}},
      {EventKind::all, "", {true, true, true, true}, {true, true, true, true}},
      {EventKind::subject, "keycloak/rit", {false, false, false, false}, {false, false, false, false}},
      {EventKind::tenant, "acm", {false, false, false, false}, {false, false, false, false}},
  };
  const std::vector<std::pair<std::string, std::optional<std::string>>> who = {
      {"rita", "acme"}, {"rita", "globex"}, {"ada", "acme"}, {"ada", std::nullopt}};
  for (const Row& row : rows) {
    std::vector<std::string> ids;
    for (const auto& [sub, tenant] : who) ids.push_back(make(sub, tenant));
    const Revoked revoked = revoke(row.kind, row.name);
    EXPECT_EQ(revoked.sessions, static_cast<std::size_t>(std::ranges::count(row.cut, true))) << row.name;
    EXPECT_EQ(revoke(row.kind, row.name), (Revoked{revoked.event, 0})) << row.name;
    reopen();
    for (std::size_t i = 0; i < who.size(); ++i) {
      EXPECT_EQ(state(ids[i]), row.cut[i] ? SessionState::revoked : SessionState::live) << row.name << i;
      const auto made = store_->create(session_of(who[i].first, who[i].second), kNow);
      EXPECT_EQ(*made == nullptr, row.barred[i]) << row.name << i;
    }
    EXPECT_THAT(store_->bars().value(),
                ElementsAre(Bar{revoked.event, {row.kind, row.name}, "lost laptop", "keycloak/admin", kNow}));
    EXPECT_TRUE(store_->lift(revoked.event, kNow).value());
    EXPECT_FALSE(store_->lift(revoked.event, kNow).value());
    EXPECT_THAT(store_->bars().value(), IsEmpty());
    for (std::size_t i = 0; i < who.size(); ++i) {  // what was cut stays so
      EXPECT_EQ(state(ids[i]), row.cut[i] ? SessionState::revoked : SessionState::live) << row.name << i;
      EXPECT_NE(*store_->create(session_of(who[i].first, who[i].second), kNow), nullptr) << row.name << i;
    }
    ASSERT_TRUE(store_->revoke({EventKind::all, ""}, kAdmin, kNow));  // for the next row
    ASSERT_TRUE(store_->lift(store_->events().last_number(), kNow).value());
  }
}

TEST_F(RevocationStoreTest, EventsAreNumberedOverRestarts) {
  const std::string rita = make("rita"), ada = make("ada"), eve = make("eve", "globex");
  ASSERT_TRUE(store_->events().activated("sha256:a", kNow));
  revoke(EventKind::session, rita);
  reopen();
  ASSERT_TRUE(store_->end(ada, {"orchestrator", ""}, kNow));
  revoke(EventKind::tenant, "globex");
  reopen();
  revoke(EventKind::all);
  EXPECT_EQ(store_->events().last_number(), 5);
  const std::vector<Event> all = {
      {1, EventKind::activation, "sha256:a", {}, "", "pdp", kNow},
      {2, EventKind::session, rita, {rita}, "lost laptop", "keycloak/admin", kNow},
      {3, EventKind::end, ada, {ada}, "", "orchestrator", kNow},
      {4, EventKind::tenant, "globex", {eve}, "lost laptop", "keycloak/admin", kNow},
      {5, EventKind::all, "", {}, "lost laptop", "keycloak/admin", kNow},
  };
  for (std::size_t from = 0; from <= all.size(); ++from) {
    EXPECT_EQ(store_->events().since(static_cast<std::int64_t>(from)).value(),
              (std::vector<Event>(all.begin() + static_cast<std::ptrdiff_t>(from), all.end())))
        << from;
  }
  EXPECT_EQ(store_->events().since(6).value(), std::nullopt);
  EXPECT_EQ(store_->events().since(-1).value(), std::nullopt);
  const EventLog::Cuts cuts = store_->events().cuts(kNow).value();
  EXPECT_EQ(cuts.number, 5);
  EXPECT_THAT(cuts.sessions, testing::UnorderedElementsAre(rita, ada, eve));
  EXPECT_THAT(store_->events().cuts(kNow.plus(Seconds{3600})).value().sessions, IsEmpty());
}

TEST_F(RevocationStoreTest, ForgottenEventsAreNotResumedFromButTheirNumbersStayUsed) {
  for (int i = 0; i < 255; ++i) ASSERT_TRUE(store_->events().activated("sha256:a", kNow));
  const Timestamp later = kNow.plus(3 * kLongestSession);
  ASSERT_TRUE(store_->events().activated("sha256:b", later));  // the 256th sweeps
  EXPECT_EQ(store_->events().since(254).value(), std::nullopt);
  EXPECT_EQ(store_->events().since(255).value()->size(), 1u);
  {
    SQLite::Database other(path(), SQLite::OPEN_READWRITE);
    other.exec("DELETE FROM events");
  }
  reopen();
  EXPECT_EQ(store_->events().last_number(), 256);
  EXPECT_EQ(store_->events().activated("sha256:c", later).value(), 257);
}

TEST_F(RevocationStoreTest, ManyEventsAreNotResumedOneByOne) {
  for (std::size_t i = 0; i <= kMostResumed; ++i) ASSERT_TRUE(store_->events().activated("sha256:a", kNow));
  EXPECT_EQ(store_->events().since(0).value(), std::nullopt);
  EXPECT_EQ(store_->events().since(1).value()->size(), kMostResumed);
}

TEST_F(RevocationStoreTest, TheObserverHearsEachEventInOrderWhenReadersSeeIt) {
  std::vector<std::int64_t> heard;
  store_->events().observe([&](const Event& event) {
    EXPECT_EQ(store_->events().last_number(), event.number);
    heard.push_back(event.number);
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(make("rita"));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < ids.size(); i += 4) ASSERT_TRUE(store_->end(ids[i], kAdmin, kNow));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(heard.size(), 40u);
  EXPECT_TRUE(std::ranges::is_sorted(heard));
  store_->events().observe({});
  revoke(EventKind::all);
  EXPECT_EQ(heard.size(), 40u);
}

// Who has read a number sees all that was cut up to it.
TEST_F(RevocationStoreTest, ANumberIsNeverAheadOfWhatReadersSee) {
  constexpr int kSessions = 60;
  std::vector<std::string> ids;
  for (int i = 0; i < kSessions; ++i) ids.push_back(make("rita"));
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done.load()) {
        const std::int64_t number = store_->events().last_number();  // sessions are cut in order: event n cuts ids[n-1]
        for (std::int64_t n = 1; n <= number; n += 7) {
          ASSERT_NE(store_->find(ids[static_cast<std::size_t>(n - 1)]).value()->revoked, std::nullopt) << n;
        }
        if (number > 0) {
          ASSERT_NE(store_->find(ids[static_cast<std::size_t>(number - 1)]).value()->revoked, std::nullopt) << number;
        }
      }
    });
  }
  for (const std::string& id : ids) revoke(EventKind::session, id);
  done = true;
  for (std::thread& reader : readers) reader.join();
}

// Events that come while others are read are read whole, or not at all.
TEST_F(RevocationStoreTest, ResumingBesideAWriterFindsEveryEvent) {
  constexpr std::int64_t kEvents = 150;
  std::thread writer([&] {
    for (std::int64_t i = 0; i < kEvents; ++i) ASSERT_TRUE(store_->events().activated("sha256:a", kNow));
  });
  for (std::int64_t read = 0; read < kEvents;) {
    const auto events = store_->events().since(read).value();
    ASSERT_TRUE(events.has_value()) << "after " << read;
    for (const Event& event : *events) ASSERT_EQ(event.number, ++read);
  }
  writer.join();
}

// A session made beside a revocation is cut by it, or not made.
TEST_F(RevocationStoreTest, NoSessionSlipsPastARevocation) {
  struct Row {
    EventKind kind;
    std::string name;
  };
  for (const Row& row : {Row{EventKind::subject, "keycloak/rita"}, {EventKind::tenant, "acme"}, {EventKind::all, ""}}) {
    std::atomic<int> running{0};
    std::vector<std::vector<std::string>> made(3);
    std::vector<std::thread> threads;
    for (auto& mine : made) {
      threads.emplace_back([&] {
        for (int after = 0; after < 3;) {
          const auto session = store_->create(session_of("rita"), kNow).value();
          if (session == nullptr) {
            ++after;
          } else {
            mine.push_back(session->id);
            ++running;
          }
        }
      });
    }
    while (running.load() < 12) std::this_thread::yield();
    const Revoked revoked = revoke(row.kind, row.name);
    for (std::thread& thread : threads) thread.join();
    std::size_t count = 0;
    for (const auto& mine : made) {
      for (const std::string& id : mine) EXPECT_EQ(state(id), SessionState::revoked);
      count += mine.size();
    }
    EXPECT_EQ(revoked.sessions, count) << row.name;
    ASSERT_TRUE(store_->lift(revoked.event, kNow).value());
  }
}

TEST_F(RevocationStoreTest, BindsAndUnbindsAddresses) {
  const std::string id = make("rita");
  const net::IpAddress addresses[] = {address("fd00::3"), address("10.1.2.3"), address("::ffff:10.1.2.3")};
  const auto bound = store_->bind(id, addresses, kNow).value();
  EXPECT_EQ(bound.failure, std::nullopt);
  EXPECT_THAT(bound.session->addresses, ElementsAre(address("10.1.2.3"), address("fd00::3")));
  reopen();
  EXPECT_EQ(store_->find_by_address(address("10.1.2.3")).value()->id, id);
  EXPECT_EQ(store_->find_by_address(address("fd00::3")).value()->id, id);
  EXPECT_EQ(store_->find_by_address(address("10.1.2.4")).value(), nullptr);
  const net::IpAddress only[] = {address("10.1.2.4")};
  EXPECT_THAT(store_->bind(id, only, kNow).value().session->addresses, ElementsAre(only[0]));
  EXPECT_EQ(store_->find_by_address(address("10.1.2.3")).value(), nullptr);
  EXPECT_EQ(store_->find_by_address(address("10.1.2.4")).value()->id, id);
  EXPECT_THAT(store_->bind(id, {}, kNow).value().session->addresses, IsEmpty());
  EXPECT_EQ(store_->find_by_address(address("10.1.2.4")).value(), nullptr);
  EXPECT_EQ(store_->events().last_number(), 0);
}

TEST_F(RevocationStoreTest, AnAddressHasOneLiveSession) {
  const std::string first = make("rita"), second = make("ada");
  const net::IpAddress both[] = {address("10.1.2.3"), address("10.1.2.4")};
  ASSERT_EQ(store_->bind(first, both, kNow).value().failure, std::nullopt);
  const auto refused = store_->bind(second, std::span(both).last(1), kNow).value();
  EXPECT_EQ(refused.failure, SessionStore::BindFailure::address_bound);
  EXPECT_EQ(refused.taken, both[1]);
  EXPECT_THAT(store_->find(second).value()->addresses, IsEmpty());
  ASSERT_EQ(store_->bind(first, both, kNow).value().failure, std::nullopt);  // its own

  ASSERT_TRUE(store_->end(first, kAdmin, kNow));
  EXPECT_EQ(store_->find_by_address(both[0]).value()->id, first);  // so that an answer says `session-ended`
  ASSERT_EQ(store_->bind(second, both, kNow).value().failure, std::nullopt);
  EXPECT_EQ(store_->find_by_address(both[0]).value()->id, second);
  EXPECT_THAT(store_->find(first).value()->addresses, IsEmpty());
  reopen();
  EXPECT_EQ(store_->find_by_address(both[1]).value()->id, second);
}

TEST_F(RevocationStoreTest, OnlyALiveSessionIsBound) {
  const net::IpAddress one[] = {address("10.1.2.3")};
  EXPECT_EQ(store_->bind("ses_none", one, kNow).value().failure, SessionStore::BindFailure::unknown);
  const std::string id = make("rita");
  EXPECT_EQ(store_->bind(id, one, kNow.plus(Seconds{3600})).value().failure, SessionStore::BindFailure::not_live);
  revoke(EventKind::session, id);
  EXPECT_EQ(store_->bind(id, one, kNow).value().failure, SessionStore::BindFailure::not_live);
}

TEST_F(RevocationStoreTest, OtherRolesOfALiveSessionAreKeptAndTold) {
  const std::string id = make("rita");
  EXPECT_EQ(store_->find(id).value()->roles, std::nullopt);
  using Roles = std::vector<std::string>;
  const auto change = [&](std::optional<Roles> roles, Timestamp now = kNow) {
    return store_
        ->change_roles(
            id, [&](const Session&) { return roles; }, {"orchestrator", ""}, now)
        .value();
  };
  const std::int64_t before = store_->events().last_number();
  EXPECT_EQ(change(std::nullopt)->roles, std::nullopt);
  EXPECT_EQ(store_->events().last_number(), before) << "nothing changed";
  EXPECT_EQ(change(Roles{"author", "reader"})->roles, (Roles{"author", "reader"}));
  EXPECT_EQ(store_->events().last_number(), before + 1);
  EXPECT_EQ(change(Roles{"author", "reader"})->roles, (Roles{"author", "reader"}));
  EXPECT_EQ(store_->events().last_number(), before + 1);
  reopen();
  EXPECT_EQ(store_->find(id).value()->roles, (Roles{"author", "reader"}));
  EXPECT_EQ(change(Roles{})->roles, Roles{}) << "none is not all";
  reopen();
  EXPECT_EQ(store_->find(id).value()->roles, Roles{});
  const auto told = store_->events().since(before).value().value();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0], (Event{before + 1, EventKind::roles, id, {id}, "", "orchestrator", kNow}));
  EXPECT_EQ(change(Roles{"author"}, kNow.plus(Seconds{3600}))->roles, Roles{}) << "expired";
  EXPECT_THAT(store_->events().cuts(kNow).value().sessions, IsEmpty()) << "nothing is cut";
  EXPECT_EQ(store_
                ->change_roles(
                    "ses_none", [](const Session&) { return Roles{}; }, kAdmin, kNow)
                .value(),
            nullptr);
}

TEST_F(RevocationStoreTest, AFileOfTheFirstShapeIsTakenOver) {
  const std::string old = folder_.path() + "/old.sqlite";
  {
    SQLite::Database database(old, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(
        "CREATE TABLE sessions(id TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL, sub TEXT NOT NULL, tenant TEXT,"
        " claims TEXT NOT NULL, labels TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
        " ended INTEGER, revoked INTEGER);"
        "CREATE TABLE peps(id INTEGER PRIMARY KEY, name TEXT NOT NULL, domains TEXT NOT NULL,"
        " secret_sha256 BLOB NOT NULL UNIQUE, created INTEGER NOT NULL, removed INTEGER);"
        "INSERT INTO sessions VALUES('ses_1','keycloak','rita','acme','{}','{}',1763942400000,1763946000000,NULL,NULL);"
        "INSERT INTO sessions VALUES('ses_2','keycloak','rita','acme','{}','{}',1763942400000,1763946000000,NULL,"
        "1763942400000);"
        "PRAGMA user_version=1;");
  }
  const auto store = open_session_store(old).value();
  EXPECT_TRUE(store->find("ses_1").value()->is_live(kNow));
  EXPECT_EQ(store->find("ses_1").value()->roles, std::nullopt);
  EXPECT_EQ(store->find("ses_2").value()->state(kNow), SessionState::revoked);
  EXPECT_EQ(store->revoke({EventKind::subject, "keycloak/rita"}, kAdmin, kNow).value(), (Revoked{1, 1}));
  EXPECT_EQ(open_session_store(old).value()->find("ses_1").value()->state(kNow), SessionState::revoked);
}

TEST_F(RevocationStoreTest, AFileOfALaterShapeIsNotTouched) {
  store_.reset();
  SQLite::Database(path(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version=4");
  EXPECT_THAT(open_session_store(path()).error().message, testing::HasSubstr("was made by a newer version"));
}

TEST(EventKind, HasATextForEach) {
  for (const EventKind kind : {EventKind::session, EventKind::subject, EventKind::tenant, EventKind::all,
                               EventKind::end, EventKind::activation, EventKind::roles}) {
    EXPECT_EQ(event_kind_from_text(to_text(kind)), kind);
  }
  EXPECT_EQ(event_kind_from_text("sessions"), std::nullopt);
}

}  // namespace
}  // namespace portreeve::storage

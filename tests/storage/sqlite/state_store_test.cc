#include "storage/sqlite/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "engine/wire/ulid.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::storage {
namespace {

using testing::HasSubstr;

const Timestamp kNow = Timestamp::from_unix(1'763'942'400, 123'456'789);

NewSession rita() {
  NewSession session;
  session.provider = "keycloak";
  session.sub = "rita";
  session.tenant = "acme";
  session.claims = JsonValue(JsonValue::Object{{"groups", JsonValue::Array{"/research", 7, 2.5, true, nullptr}}});
  session.labels = {{"run", "42"}};
  session.lifetime = Seconds{3600};
  return session;
}

class StateStoreTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/state.sqlite"; }
  TemporaryFolder folder_;
};

void expect_same(const Session& a, const Session& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.subject_id, b.subject_id);
  EXPECT_EQ(a.tenant, b.tenant);
  EXPECT_EQ(to_canonical_json(a.claims), to_canonical_json(b.claims));
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.expires, b.expires);
  EXPECT_EQ(a.ended, b.ended);
  EXPECT_EQ(a.revoked, b.revoked);
}

TEST_F(StateStoreTest, ASessionIsFoundAsItWasMade) {
  const auto store = open_session_store(path()).value();
  const auto made = store->create(rita(), kNow).value();
  EXPECT_THAT(made->id, testing::StartsWith("ses_"));
  EXPECT_TRUE(wire::is_ulid(made->id.substr(4)));
  EXPECT_EQ(made->subject_id, "keycloak/rita");
  EXPECT_EQ(made->expires, made->created.plus(Seconds{3600}));
  expect_same(*store->find(made->id).value(), *made);
  const auto other = open_session_store(path()).value();
  expect_same(*other->find(made->id).value(), *made);
  EXPECT_EQ(store->find("ses_none").value(), nullptr);
  EXPECT_EQ(std::filesystem::status(path()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(StateStoreTest, ASessionWithoutTenantOrLabels) {
  const auto store = open_session_store(path()).value();
  NewSession session = rita();
  session.tenant = std::nullopt;
  session.labels.clear();
  session.claims = JsonValue(JsonValue::Object{});
  const auto made = store->create(session, kNow).value();
  expect_same(*open_session_store(path()).value()->find(made->id).value(), *made);
}

TEST_F(StateStoreTest, SaysWhatASessionLacks) {
  struct Row {
    const char* name;
    std::function<void(NewSession&)> change;
    std::string message;
  };
  const Row rows[] = {
      {"no provider", [](NewSession& s) { s.provider.clear(); }, "a session needs a provider and a sub"},
      {"no sub", [](NewSession& s) { s.sub.clear(); }, "a session needs a provider and a sub"},
      {"no lifetime", [](NewSession& s) { s.lifetime = Seconds{0}; }, "a session lives 1 to 43200 seconds, not 0"},
      {"a second too long", [](NewSession& s) { s.lifetime = Seconds{43'201}; },
       "a session lives 1 to 43200 seconds, not 43201"},
      {"claims that are no object", [](NewSession& s) { s.claims = JsonValue(1); }, "a session's claims are an object"},
      {"a NUL in a claim", [](NewSession& s) { s.claims.set("g", JsonValue(std::string("admin\0x", 7))); },
       "a session's claims and labels hold no U+0000"},
      {"a NUL in the sub", [](NewSession& s) { s.sub = std::string("a\0b", 3); },
       "a session's claims and labels hold no U+0000"},
      {"a sub that is no UTF-8", [](NewSession& s) { s.sub = "\xff"; },
       "a session's provider, sub and tenant are UTF-8"},
  };
  const auto store = open_session_store(path()).value();
  for (const Row& row : rows) {
    NewSession session = rita();
    row.change(session);
    const auto made = store->create(session, kNow);
    ASSERT_FALSE(made) << row.name;
    EXPECT_EQ(made.error().message, row.message) << row.name;
  }
  NewSession longest = rita();
  longest.lifetime = kLongestSession;
  EXPECT_TRUE(store->create(longest, kNow));
}

TEST_F(StateStoreTest, SeesAtOnceWhatAnotherConnectionDid) {
  const auto here = open_session_store(path()).value();
  const auto there = open_session_store(path()).value();
  for (int i = 0; i < 50; ++i) {
    const std::string id = there->create(rita(), kNow).value()->id;
    ASSERT_NE(here->find(id).value(), nullptr);
    EXPECT_EQ(here->find(id).value()->revoked, std::nullopt);
    ASSERT_TRUE(there->revoke({EventKind::session, id}, {"pdp", ""}, kNow));
    EXPECT_NE(here->find(id).value()->revoked, std::nullopt) << i;
  }
}

TEST_F(StateStoreTest, AnswersFromMemoryWhileNothingChanged) {
  const auto store = open_session_store(path()).value();
  const std::string id = store->create(rita(), kNow).value()->id;
  EXPECT_EQ(store->find(id).value(), store->find(id).value());
}

TEST_F(StateStoreTest, ListsWithFiltersAndPages) {
  const auto store = open_session_store(path()).value();
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    NewSession session = rita();
    session.sub = i % 2 == 0 ? "rita" : "ada";
    session.tenant = i % 3 == 0 ? "globex" : "acme";
    ids.push_back(store->create(session, kNow.plus(Seconds{i})).value()->id);
  }
  ASSERT_TRUE(store->end(ids[0], {"pdp", ""}, kNow));
  EXPECT_EQ(store->list({}, kNow).value().size(), 10u);
  EXPECT_EQ(store->list({.subject_id = "keycloak/rita"}, kNow).value().size(), 5u);
  EXPECT_EQ(store->list({.tenant = "globex"}, kNow).value().size(), 4u);
  ASSERT_TRUE(store->revoke({EventKind::session, ids[9]}, {"pdp", ""}, kNow));
  const auto count = [&](SessionState state, Timestamp now) {
    return store->list({.state = state}, now).value().size();
  };
  EXPECT_EQ(count(SessionState::live, kNow), 8u);
  EXPECT_EQ(count(SessionState::ended, kNow), 1u);
  EXPECT_EQ(count(SessionState::revoked, kNow), 1u);
  EXPECT_EQ(count(SessionState::expired, kNow), 0u);
  EXPECT_EQ(count(SessionState::live, kNow.plus(Seconds{3605})), 3u);
  EXPECT_EQ(count(SessionState::expired, kNow.plus(Seconds{3605})), 5u);
  EXPECT_EQ(store->list({.subject_id = "keycloak/rita", .tenant = "globex", .state = SessionState::live}, kNow)
                .value()
                .size(),
            1u);
  const auto page = store->list({.after = ids[6], .limit = 2}, kNow).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0]->id, ids[7]);
  EXPECT_EQ(page[1]->id, ids[8]);
}

JsonValue random_json(std::mt19937_64& random, int depth) {
  const auto text = [&] {
    static const char* const kPieces[] = {"a", "\"", "\\", "\n", "\x01", "\xc3\xa4", "\xf0\x9f\x98\x80", "'", "$", "."};
    std::string out;
    for (std::uint64_t i = random() % 6; i > 0; --i) out += kPieces[random() % std::size(kPieces)];
    return out;
  };
  switch (random() % (depth > 4 ? 6 : 8)) {
    case 0:
      return {};
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random());
    case 3:
      return static_cast<double>(random() % 100'000) / 8 + 0.125;
    case 4:
      return 1e300 * static_cast<double>(random() % 7 + 1);
    case 5:
      return text();
    case 6: {
      JsonValue::Array array;
      for (std::uint64_t i = random() % 4; i > 0; --i) array.push_back(random_json(random, depth + 1));
      return array;
    }
    default: {
      JsonValue object{JsonValue::Object{}};
      for (std::uint64_t i = random() % 4; i > 0; --i) object.set(text(), random_json(random, depth + 1));
      return object;
    }
  }
}

TEST_F(StateStoreTest, AnyClaimsComeBackAsTheyWere) {
  std::mt19937_64 random(20'261'124);
  const auto store = open_session_store(path()).value();
  for (int i = 0; i < 150; ++i) {
    NewSession session = rita();
    session.claims = JsonValue(JsonValue::Object{});
    for (int k = 0; k < 3; ++k) session.claims.set("k" + std::to_string(k), random_json(random, 0));
    ASSERT_TRUE(store->create(session, kNow));
  }
  const auto made = store->list({.limit = 1000}, kNow).value();
  ASSERT_EQ(made.size(), 150u);
  for (const auto& session : made) {
    const auto cached = store->find(session->id).value();
    EXPECT_EQ(session->claims, cached->claims) << to_canonical_json(cached->claims);
    EXPECT_EQ(to_canonical_json(session->claims), to_canonical_json(cached->claims));
  }
}

TEST_F(StateStoreTest, IsSharedByThreads) {
  const auto store = open_session_store(path()).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 15; ++i) {
        const auto made = store->create(rita(), kNow).value();
        EXPECT_NE(store->find(made->id).value(), nullptr);
        EXPECT_NE(store->end(made->id, {"pdp", ""}, kNow).value()->ended, std::nullopt);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->list({.limit = 1000}, kNow).value().size(), 60u);
}

TEST_F(StateStoreTest, AGatesSecretIsShownOnceAndProvesIt) {
  const auto store = open_pep_store(path()).value();
  const NewPepCredential made = store->add("egress-1", {PepDomain::egress, PepDomain::sessions}, kNow).value();
  EXPECT_THAT(made.secret, testing::MatchesRegex("pep_[A-Za-z0-9_-]{43}"));
  const auto found = store->find_by_secret(made.secret).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "egress-1");
  EXPECT_TRUE(found->domains.contains(PepDomain::egress));
  EXPECT_TRUE(found->domains.contains(PepDomain::sessions));
  EXPECT_FALSE(found->domains.contains(PepDomain::secrets));
  std::ifstream raw(path(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(raw)), std::istreambuf_iterator<char>());
  EXPECT_EQ(bytes.find(made.secret.substr(4)), std::string::npos);
}

TEST_F(StateStoreTest, NoOtherTextProvesAGate) {
  const auto store = open_pep_store(path()).value();
  const std::string secret = store->add("egress-1", {PepDomain::egress}, kNow).value().secret;
  std::vector<std::string> others{
      "", "pep_", secret + "A", secret.substr(1), secret + std::string(1, '\0'), "PEP_" + secret.substr(4)};
  for (std::size_t i = 0; i < secret.size(); ++i) {
    std::string other = secret;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    others.push_back(other);
  }
  for (const std::string& other : others) EXPECT_EQ(store->find_by_secret(other).value(), nullptr) << other;
}

TEST_F(StateStoreTest, ARemovedGateIsNobodyAtOnce) {
  const auto here = open_pep_store(path()).value();
  const auto there = open_pep_store(path()).value();
  const std::string secret = there->add("egress-1", {PepDomain::egress}, kNow).value().secret;
  ASSERT_NE(here->find_by_secret(secret).value(), nullptr);
  EXPECT_TRUE(there->remove("egress-1", kNow).value());
  EXPECT_EQ(here->find_by_secret(secret).value(), nullptr);
  EXPECT_EQ(there->find_by_secret(secret).value(), nullptr);
  EXPECT_FALSE(there->remove("egress-1", kNow).value());
  const std::string anew = there->add("egress-1", {PepDomain::secrets}, kNow).value().secret;
  EXPECT_NE(anew, secret);
  EXPECT_TRUE(here->find_by_secret(anew).value()->domains.contains(PepDomain::secrets));
  const auto all = here->list().value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[0].removed, std::nullopt);
  EXPECT_EQ(all[1].removed, std::nullopt);
}

TEST_F(StateStoreTest, AddedByAnotherProcessItIsKnownAtOnce) {
  const auto here = open_pep_store(path()).value();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto made = open_pep_store(path()).value()->add("egress-9", {PepDomain::egress}, kNow);
    const bool told = made && ::write(ends[1], made->secret.data(), made->secret.size()) == 47;
    ::_exit(told ? 0 : 1);
  }
  std::string secret(47, '\0');
  ASSERT_EQ(::read(ends[0], secret.data(), secret.size()), 47);
  const auto found = here->find_by_secret(secret).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "egress-9");
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(StateStoreTest, SaysWhatIsWrongWithAGatesName) {
  const auto store = open_pep_store(path()).value();
  for (const std::string& name : {std::string(), std::string("A"), std::string("-a"), std::string("a."),
                                  std::string("a b"), std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_THAT(store->add(name, {PepDomain::egress}, kNow).error().message, HasSubstr("is no name")) << name;
  }
  EXPECT_EQ(store->add("a", {}, kNow).error().message, "gate `a` needs at least one domain");
  ASSERT_TRUE(store->add(std::string(63, 'a'), {PepDomain::egress}, kNow));
  EXPECT_EQ(store->add(std::string(63, 'a'), {PepDomain::egress}, kNow).error().message,
            "there is a gate `" + std::string(63, 'a') + "` already: remove it first");
}

TEST_F(StateStoreTest, SaysThatAFileIsNoDatabase) {
  std::ofstream(path()) << std::string(10'000, 'x');
  EXPECT_THAT(open_session_store(path()).error().message, HasSubstr("file is not a database"));
  EXPECT_THAT(open_pep_store(path()).error().message, HasSubstr("file is not a database"));
}

TEST(PepDomain, HasATextForEach) {
  for (const PepDomain domain : kAllPepDomains) EXPECT_EQ(pep_domain_from_text(to_text(domain)), domain);
  EXPECT_EQ(pep_domain_from_text("everything"), std::nullopt);
}

}  // namespace
}  // namespace portreeve::storage

#include "pdp/session/revocations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reader/json_reader.h"
#include "storage/sqlite/state_store.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::pdp {
namespace {

using storage::EventKind;
using storage::RevocationTarget;

const Timestamp kNow = Timestamp::from_unix(1'795'000'000);

// Any value: a body may be read as one that is no object.
JsonValue json(const std::string& text) { return reader::parse_json("[" + text + "]")->as_array()->front(); }

TEST(Revocations, ReadsWhatIsToBeCut) {
  struct Row {
    std::string body;
    RevocationTarget target;
    std::string reason;
  };
  const Row rows[] = {
      {R"({"session":"ses_1"})", {EventKind::session, "ses_1"}, ""},
      {R"({"subject":"keycloak/rita","reason":"lost"})", {EventKind::subject, "keycloak/rita"}, "lost"},
      {R"({"subject":"keycloak/a/b"})", {EventKind::subject, "keycloak/a/b"}, ""},
      {R"({"tenant":"acme","reason":""})", {EventKind::tenant, "acme"}, ""},
      {R"({"all":true})", {EventKind::all, ""}, ""},
      {R"({"all":true,"reason":")" + std::string(512, 'x') + "\"}", {EventKind::all, ""}, std::string(512, 'x')},
  };
  for (const Row& row : rows) {
    const auto read = read_revocation(json(row.body));
    ASSERT_TRUE(read) << row.body << read.error().message;
    EXPECT_EQ(read->target, row.target) << row.body;
    EXPECT_EQ(read->reason, row.reason) << row.body;
  }
}

TEST(Revocations, RefusesEveryOtherBody) {
  struct Row {
    std::string body, field, message;
  };
  const std::string one = "name exactly one of `session`, `subject`, `tenant`, `all`";
  const Row rows[] = {
      {"null", "", "the body is a JSON object"},
      {"[]", "", "the body is a JSON object"},
      {"\"all\"", "", "the body is a JSON object"},
      {"{}", "", one},
      {R"({"reason":"why"})", "", one},
      {R"({"session":"ses_1","all":true})", "", one},
      {R"({"session":"ses_1","subject":"a/b"})", "", one},
      {R"({"all":false})", "/all", "`all` is true, or not there"},
      {R"({"all":"true"})", "/all", "`all` is true, or not there"},
      {R"({"all":1})", "/all", "`all` is true, or not there"},
      {R"({"all":null})", "/all", "`all` is true, or not there"},
      {R"({"session":""})", "/session", "`session` is a string of 1 to 1024 bytes"},
      {R"({"session":null})", "/session", "`session` is a string of 1 to 1024 bytes"},
      {R"({"session":["ses_1"]})", "/session", "`session` is a string of 1 to 1024 bytes"},
      {R"({"session":")" + std::string(1025, 'x') + "\"}", "/session", "`session` is a string of 1 to 1024 bytes"},
      {R"({"subject":"rita"})", "/subject", "a subject is written `PROVIDER/SUB`"},
      {R"({"all":true,"reason":1})", "/reason", "`reason` is a string of at most 512 bytes"},
      {R"({"all":true,"reason":null})", "/reason", "`reason` is a string of at most 512 bytes"},
      {R"({"all":true,"reason":")" + std::string(513, 'x') + "\"}", "/reason",
       "`reason` is a string of at most 512 bytes"},
      {R"({"sessions":"ses_1"})", "/sessions", "`sessions` is none of `session`, `subject`, `tenant`, `all`, `reason`"},
      {R"({"end":"ses_1"})", "/end", "`end` is none of `session`, `subject`, `tenant`, `all`, `reason`"},
      {R"({"activation":"ses_1"})", "/activation",
       "`activation` is none of `session`, `subject`, `tenant`, `all`, `reason`"},
  };
  for (const Row& row : rows) {
    const auto read = read_revocation(json(row.body));
    ASSERT_FALSE(read) << row.body;
    EXPECT_EQ(read.error().status, 400) << row.body;
    EXPECT_EQ(read.error().field, row.field) << row.body;
    EXPECT_EQ(read.error().message, row.message) << row.body;
  }
}

TEST(Revocations, RefusesNulHoweverItCame) {  // the reader of requests does so before
  const std::string nul("a\0b", 3);
  EXPECT_EQ(read_revocation(JsonValue::Object{{"tenant", nul}}).error().field, "/tenant");
  EXPECT_EQ(read_revocation(JsonValue::Object{{"all", true}, {"reason", nul}}).error().field, "/reason");
}

TEST(Revocations, ReadsWhichSessionsToList) {
  const auto all = read_session_filter("state=live&subject=keycloak%2Frita&tenant=acme&after=ses_1&limit=1000");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->state, storage::SessionState::live);
  EXPECT_EQ(all->subject_id, "keycloak/rita");
  EXPECT_EQ(all->tenant, "acme");
  EXPECT_EQ(all->after, "ses_1");
  EXPECT_EQ(all->limit, 1000u);
  EXPECT_EQ(read_session_filter("")->limit, 100u);
  struct Row {
    std::string query, message;
  };
  const std::string limit = "`limit` is a whole number from 1 to 1000";
  const std::string state = "`state` is one of `live`, `ended`, `revoked`, `expired`";
  const Row rows[] = {
      {"state=", state},
      {"state=dead", state},
      {"state=LIVE", state},
      {"limit=0", limit},
      {"limit=1001", limit},
      {"limit=-1", limit},
      {"limit=", limit},
      {"limit=1.5", limit},
      {"limit=18446744073709551617", limit},
      {"subject=", "`subject` is a text of 1 to 1024 bytes"},
      {"after=" + std::string(1025, 'x'), "`after` is a text of 1 to 1024 bytes"},
      {"before=x", "`before` is none of `state`, `subject`, `tenant`, `after`, `limit`"},
      {"state=live&state=live", "field `state` stands twice"},
      {"state", "the form has a field without name or `=`"},
      {"&", "the form has a field without name or `=`"},
      {"tenant=%zz", "field `tenant` cannot be decoded"},
      {"tenant=%00", "field `tenant` cannot be decoded"},
      {"tenant=%ff", "field `tenant` cannot be decoded"},
  };
  for (const Row& row : rows) {
    const auto read = read_session_filter(row.query);
    ASSERT_FALSE(read) << row.query;
    EXPECT_EQ(read.error().message, row.message) << row.query;
  }
}

class RevocationsTest : public testing::Test {
 protected:
  std::string make(const std::string& sub) {
    return store_->create({"idp", sub, "acme", JsonValue(JsonValue::Object{}), {{"run", "42"}}, Seconds{3600}}, kNow)
        .value()
        ->id;
  }
  storage::TemporaryFolder folder_;
  std::unique_ptr<storage::SessionStore> store_ = storage::open_session_store(folder_.path() + "/state.sqlite").value();
  const Revocations revocations_{*store_};
};

TEST_F(RevocationsTest, RevokesLiftsAndLists) {
  const std::string rita = make("rita");
  const RevocationRequest request{{EventKind::subject, "idp/rita"}, "lost"};
  const auto revoked = revocations_.revoke(request, "idp/admin", kNow);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(to_canonical_json(to_json(*revoked, request.target)),
            R"({"event":1,"kind":"subject","sessions":1,"target":"idp/rita"})");
  EXPECT_EQ(to_canonical_json(to_json(revocations_.in_force()->front())),
            R"({"actor":"idp/admin","event":1,"kind":"subject","reason":"lost","target":"idp/rita",)"
            R"("time":"2026-11-18T11:06:40Z"})");
  EXPECT_EQ(to_canonical_json(to_json(**revocations_.find(rita), kNow)),
            R"({"addresses":[],"created":"2026-11-18T11:06:40Z","expires":"2026-11-18T12:06:40Z","id":")" + rita +
                R"(","labels":{"run":"42"},"revoked":"2026-11-18T11:06:40Z","state":"revoked","subject":"idp/rita",)"
                R"("tenant":"acme"})");
  EXPECT_TRUE(revocations_.lift(1, kNow));
  EXPECT_EQ(revocations_.lift(1, kNow).error().code, "revocation-unknown");
  EXPECT_EQ(revocations_.find("ses_none").error().code, "session-unknown");
  EXPECT_EQ(revocations_.revoke({{EventKind::session, "ses_none"}, ""}, "idp/admin", kNow).error().status, 404);
}

TEST_F(RevocationsTest, PagesHoldEachSessionOnce) {
  std::vector<std::string> made, listed;
  for (int i = 0; i < 7; ++i) made.push_back(make("rita"));
  storage::SessionFilter filter;
  filter.limit = 3;
  std::vector<std::size_t> sizes;
  for (;;) {
    const auto page = revocations_.list(filter, kNow);
    ASSERT_TRUE(page);
    sizes.push_back(page->sessions.size());
    for (const auto& session : page->sessions) listed.push_back(session->id);
    EXPECT_EQ(Revocations::to_json(*page, kNow).find("next") == nullptr, !page->next.has_value());
    if (!page->next) break;
    filter.after = page->next;
  }
  std::ranges::sort(made);
  EXPECT_EQ(listed, made);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 3, 1}));
}

}  // namespace
}  // namespace portreeve::pdp

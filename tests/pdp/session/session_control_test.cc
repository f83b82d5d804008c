#include "pdp/session/session_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reader/json_reader.h"
#include "storage/sqlite/state_store.h"
#include "tests/pdp/session/role_policies.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::pdp {
namespace {

const Timestamp kNow = Timestamp::from_unix(1'795'000'000);

class SessionControlTest : public testing::Test {
 protected:
  std::string make(Seconds lifetime = Seconds{3600}) {
    return sessions_->create({"idp", "rita", "acme", JsonValue(JsonValue::Object{}), {}, lifetime}, kNow).value()->id;
  }
  std::string token(const std::string& id, TokenBearer bearer = TokenBearer::workload, Timestamp now = kNow) {
    return tokens_.mint({id, "idp/rita", "acme", kNow.plus(Seconds{3600})}, bearer, now).token;
  }
  // Any value: a body may be read as one that is no object.
  static JsonValue json(const std::string& text) { return reader::parse_json("[" + text + "]")->as_array()->front(); }
  storage::SessionState state(const std::string& id) { return sessions_->find(id).value()->state(kNow); }

  storage::TemporaryFolder folder_;
  std::unique_ptr<storage::SessionStore> sessions_ =
      storage::open_session_store(folder_.path() + "/state.sqlite").value();
  const SessionTokens tokens_{*SigningKeys::open(folder_.path() + "/keys"), "https://pdp.example"};
  const RolePolicies policies_;
  const SessionControl control_{*sessions_, tokens_, policies_.activator()};
};

TEST_F(SessionControlTest, RenewsForOneBearer) {
  const std::string id = make();
  const Timestamp later = kNow.plus(Seconds{3000});
  for (const auto& [body, bearer] : {std::pair{"null", TokenBearer::workload},
                                     {"{}", TokenBearer::workload},
                                     {R"({"audience":"portreeve"})", TokenBearer::workload},
                                     {R"({"audience":"portreeve-supervisor"})", TokenBearer::supervisor}}) {
    const auto answer = control_.renew(id, json(body), later);
    ASSERT_TRUE(answer) << body;
    const std::string minted = *answer->find("access_token")->as_string();
    EXPECT_EQ(tokens_.verify(minted, bearer, later).claims()->sid, id) << body;
    EXPECT_EQ(*answer->find("expires_in")->as_int(), 600) << "it ends with its session";
    EXPECT_EQ(*answer->find("session_id")->as_string(), id);
    EXPECT_EQ(*answer->find("session_expires")->as_string(), "2026-11-18T12:06:40Z");
    EXPECT_EQ(*answer->find("token_type")->as_string(), "Bearer");
    EXPECT_EQ(*answer->find("issued_token_type")->as_string(), "urn:ietf:params:oauth:token-type:jwt");
  }
}

TEST_F(SessionControlTest, OnlyALiveSessionIsRenewedOrBound) {
  const std::string ended = make(), revoked = make(), expired = make(Seconds{10});
  ASSERT_TRUE(control_.end(ended, {}, "orchestrator", kNow));
  ASSERT_TRUE(sessions_->revoke({storage::EventKind::session, revoked}, {"idp/admin", ""}, kNow));
  const Timestamp now = kNow.plus(Seconds{10});
  const JsonValue address = json(R"({"addresses":["10.1.2.3"]})");
  for (const auto& [id, why] : {std::pair{ended, "the session is ended"},
                                {revoked, "the session is revoked"},
                                {expired, "the session is expired"}}) {
    for (const auto& answer : {control_.renew(id, {}, now), control_.bind(id, address, now)}) {
      ASSERT_FALSE(answer) << why;
      EXPECT_EQ(answer.error().status, 409);
      EXPECT_EQ(answer.error().code, "session-not-live");
      EXPECT_EQ(answer.error().message, why);
    }
  }
  for (const auto& answer : {control_.renew("ses_none", {}, now), control_.bind("ses_none", address, now),
                             control_.end("ses_none", {}, "orchestrator", now)}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, 404);
    EXPECT_EQ(answer.error().code, "session-unknown");
  }
}

TEST_F(SessionControlTest, ChangesRolesAllOrNothingAndSaysSo) {
  const std::string id = make();
  std::vector<storage::Event> heard;
  sessions_->events().observe([&](const storage::Event& event) { heard.push_back(event); });
  const auto change = [&](const std::string& body) -> std::string {
    const auto answer = control_.change_roles(id, json(body), "orchestrator", kNow);
    if (!answer) return answer.error().code + ": " + answer.error().message;
    const JsonValue* roles = answer->find("roles");
    return roles == nullptr ? "all" : to_canonical_json(*roles);
  };
  const struct {
    const char* body;
    const char* result;
    std::size_t events;
  } steps[] = {
      {R"({"activate":["author"]})",
       "constraint-violated: constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, "
       "`author`",
       0},
      {R"({"drop":["approver"]})", R"(["author","reader"])", 1},
      {R"({"drop":["approver"]})", "role-not-active: role `approver` is not active", 1},
      {R"({"drop":["reader"]})", "role-inherited: role `reader` stays active: `author` inherits it; drop that as well",
       1},
      {R"({"activate":["auditor"],"drop":["author"]})",
       "role-not-authorised: the subject is not authorised for role `auditor` now", 1},
      {R"({"activate":["author"]})", R"(["author","reader"])", 1},
      {R"({"activate":["approver"],"drop":["author"]})", R"(["approver","reader"])", 2},
      {R"({"drop":["approver","reader"]})", "[]", 3},
      {R"({"drop":[]})", "bad-request: `drop` is a list of 1 to 256 roles", 3},
  };
  for (const auto& step : steps) {
    EXPECT_EQ(change(step.body), step.result) << step.body;
    EXPECT_EQ(heard.size(), step.events) << step.body;
  }
  EXPECT_EQ(heard.back(), (storage::Event{3, storage::EventKind::roles, id, {id}, "", "orchestrator", kNow}));
  EXPECT_EQ(sessions_->find(id).value()->roles, std::vector<std::string>()) << "none, which is not all";
  ASSERT_TRUE(control_.end(id, {}, "orchestrator", kNow));
  EXPECT_EQ(change(R"({"activate":["author"]})"), "session-not-live: the session is ended");
  EXPECT_EQ(control_.change_roles("ses_none", json(R"({"drop":["author"]})"), "x", kNow).error().code,
            "session-unknown");
  sessions_->events().observe({});
}

TEST_F(SessionControlTest, RefusesEveryOtherBody) {
  const std::string id = make();
  using Call = std::function<SessionResult<JsonValue>(const JsonValue&)>;
  const Call renew = [&](const JsonValue& body) { return control_.renew(id, body, kNow); };
  const Call bind = [&](const JsonValue& body) { return control_.bind(id, body, kNow); };
  const Call end = [&](const JsonValue& body) { return control_.end(id, body, "orchestrator", kNow); };
  std::string seventeen = R"({"addresses":["10.0.0.1")";
  for (int i = 2; i <= 17; ++i) seventeen += ",\"10.0.0." + std::to_string(i) + "\"";
  struct Row {
    const Call& call;
    std::string body, field;
  };
  const Row rows[] = {
      {renew, "[]", ""},
      {renew, "1", ""},
      {renew, R"({"audience":null})", "/audience"},
      {renew, R"({"audience":""})", "/audience"},
      {renew, R"({"audience":"Portreeve"})", "/audience"},
      {renew, R"({"audience":["portreeve"]})", "/audience"},
      {renew, R"({"audience":"portreeve","scope":"x"})", "/scope"},
      {renew, R"({"lifetime":100000})", "/lifetime"},
      {bind, "null", "/addresses"},
      {bind, "{}", "/addresses"},
      {bind, R"({"addresses":null})", "/addresses"},
      {bind, R"({"addresses":"10.1.2.3"})", "/addresses"},
      {bind, seventeen + "]}", "/addresses"},
      {bind, R"({"addresses":[1]})", "/addresses/0"},
      {bind, R"({"addresses":["10.1.2.3","10.1.2"]})", "/addresses/1"},
      {bind, R"({"addresses":["10.1.2.3","::ffff:10.1.2.3"]})", "/addresses/1"},
      {bind, R"({"addresses":["010.1.2.3"]})", "/addresses/0"},
      {bind, R"({"addresses":["10.1.2.3/32"]})", "/addresses/0"},
      {bind, R"({"addresses":["fe80::1%eth0"]})", "/addresses/0"},
      {bind, R"({"addresses":["[fd00::3]"]})", "/addresses/0"},
      {bind, R"({"addresses":[" 10.1.2.3"]})", "/addresses/0"},
      {bind, R"({"addresses":[""]})", "/addresses/0"},
      {bind, R"({"addresses":["::"]})", "/addresses/0"},
      {bind, R"({"addresses":["localhost"]})", "/addresses/0"},
      {bind, R"({"addresses":[],"more":1})", "/more"},
      {end, "[]", ""},
      {end, R"({"reason":1})", "/reason"},
      {end, R"({"reason":")" + std::string(513, 'x') + "\"}", "/reason"},
      {end, R"({"why":"x"})", "/why"},
  };
  for (const Row& row : rows) {
    const auto answer = row.call(json(row.body));
    ASSERT_FALSE(answer) << row.body;
    EXPECT_EQ(answer.error().status, 400) << row.body;
    EXPECT_EQ(answer.error().code, "bad-request") << row.body;
    EXPECT_EQ(answer.error().field, row.field) << row.body;
  }
  EXPECT_EQ(state(id), storage::SessionState::live);
  EXPECT_TRUE(sessions_->find(id).value()->addresses.empty());
}

TEST_F(SessionControlTest, BindsTheWholeSet) {
  const std::string id = make(), other = make();
  const auto bound = control_.bind(id, json(R"({"addresses":["fd00::3","10.1.2.3"]})"), kNow);
  ASSERT_TRUE(bound);
  EXPECT_EQ(to_canonical_json(*bound->find("addresses")), R"(["10.1.2.3","fd00::3"])");
  const auto taken = control_.bind(other, json(R"({"addresses":["fd00::3"]})"), kNow);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().status, 409);
  EXPECT_EQ(taken.error().code, "address-bound");
  EXPECT_EQ(taken.error().message, "`fd00::3` is bound to another live session");
  EXPECT_EQ(to_canonical_json(*control_.bind(id, json(R"({"addresses":[]})"), kNow)->find("addresses")), "[]");
  EXPECT_TRUE(control_.bind(other, json(R"({"addresses":["fd00::3"]})"), kNow));
}

TEST_F(SessionControlTest, EndsOnceAndSaysWhy) {
  const std::string id = make();
  const auto ended = control_.end(id, json(R"({"reason":"done"})"), "orchestrator", kNow);
  EXPECT_EQ(*ended->find("state")->as_string(), "ended");
  EXPECT_EQ(*control_.end(id, {}, "other", kNow.plus(Seconds{9}))->find("ended")->as_string(), "2026-11-18T11:06:40Z");
  const std::vector<storage::Event> events = sessions_->events().since(0).value().value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events.front().reason, "done");
  EXPECT_EQ(events.front().actor, "orchestrator");
}

TEST_F(SessionControlTest, ARevokedTokenRevokesItsSessionHoweverOld) {
  const Timestamp hours_later = kNow.plus(Seconds{3500});
  for (const TokenBearer bearer : {TokenBearer::workload, TokenBearer::supervisor}) {
    const std::string id = make();
    const std::string form = "token_type_hint=access_token&token=" + token(id, bearer);
    const auto answer = control_.revoke_token(form, "orchestrator", hours_later).answer;
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{\"event\":" + std::to_string(sessions_->events().last_number()) + "}");
    EXPECT_EQ(state(id), storage::SessionState::revoked);
    EXPECT_EQ(control_.revoke_token(form, "orchestrator", hours_later).answer.body, answer.body);
  }
}

TEST_F(SessionControlTest, ATokenOfNobodyRevokesNothing) {
  const std::string id = make();
  std::string forged = token(id);
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  for (const std::string& unknown :
       {std::string("x"), forged, std::string("pep_AAAA"), std::string(60'000, 'a'), token("ses_none")}) {
    const auto answer = control_.revoke_token("token=" + unknown, "orchestrator", kNow).answer;
    EXPECT_EQ(answer.status, 200) << unknown.substr(0, 99);  // RFC 7009 §2.2: that is no error
    EXPECT_EQ(answer.body, "{}");
  }
  EXPECT_EQ(sessions_->events().last_number(), 0);
}

TEST_F(SessionControlTest, RefusesFormsWithoutOneToken) {
  for (const std::string& form : {std::string(), std::string("token="), std::string("token"), std::string("tokens=x"),
                                  std::string("token=a&token=b"), std::string("token=%zz"), std::string("&"),
                                  "token=" + std::string(65'536, 'a')}) {
    for (const auto& answer :
         {control_.revoke_token(form, "orchestrator", kNow).answer, control_.introspect(form, kNow)}) {
      EXPECT_EQ(answer.status, 400) << form.substr(0, 99);
      EXPECT_THAT(answer.body, testing::StartsWith(R"({"error":"invalid_request")")) << form.substr(0, 99);
    }
  }
}

TEST_F(SessionControlTest, SaysWhetherATokenCouldBeUsed) {
  const std::string id = make();
  const std::string workload = token(id), supervisor = token(id, TokenBearer::supervisor);
  const auto ask = [&](const std::string& text, Timestamp now) {
    return control_.introspect("token=" + text, now).body;
  };
  EXPECT_EQ(ask(workload, kNow), R"({"active":true,"aud":"portreeve","exp":1795000900,"iat":1795000000,)"
                                 R"("iss":"https://pdp.example","sid":")" +
                                     id + R"(","sub":"idp/rita","tenant":"acme","token_type":"Bearer"})");
  EXPECT_THAT(ask(supervisor, kNow), testing::HasSubstr(R"("aud":"portreeve-supervisor")"));
  const std::string inactive = R"({"active":false})";
  EXPECT_EQ(ask(workload, kNow.plus(Seconds{900})), inactive);
  EXPECT_EQ(ask("x", kNow), inactive);
  EXPECT_EQ(ask(token("ses_none"), kNow), inactive);
  ASSERT_TRUE(control_.end(id, {}, "orchestrator", kNow));
  EXPECT_EQ(ask(workload, kNow), inactive);
  EXPECT_EQ(ask(supervisor, kNow), inactive);
}

}  // namespace
}  // namespace portreeve::pdp

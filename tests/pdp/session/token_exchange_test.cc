#include "pdp/session/token_exchange.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/session/form.h"
#include "storage/sqlite/state_store.h"
#include "tests/pdp/identity/verifier_fixture.h"
#include "tests/pdp/session/role_policies.h"

namespace portreeve::pdp {
namespace {

constexpr char kExchange[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr char kType[] = "urn:ietf:params:oauth:token-type:";

std::string encode(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    body += (body.empty() ? "" : "&") + name + '=';
    for (const char c : value) body += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return body;
}

class TokenExchangeTest : public VerifierFixture {
 protected:
  TokenExchangeTest() {
    issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
    start();
    sessions_ = std::move(*storage::open_session_store((folder_ / "state.sqlite").string()));
    tokens_ = std::make_unique<SessionTokens>(*SigningKeys::open(folder_ / "keys"), "https://pdp.example");
    make_exchange();
  }

  void make_exchange(ExchangeSettings settings = {}) {
    exchange_ = std::make_unique<TokenExchange>(
        *verifier_, *sessions_, *tokens_,
        [this](const VerifiedClaims& claims) -> Result<MappedSubject> {
          const JsonValue* sub = claims.claims().find("sub");
          if (sub == nullptr || sub->as_string() == nullptr || sub->as_string()->empty()) return fail("no `sub`");
          return MappedSubject{*sub->as_string(), tenants_, unusable_};
        },
        policies_.activator(), settings);
  }

  Form good() const {
    return {{"grant_type", kExchange},
            {"subject_token", token("k")},
            {"subject_token_type", std::string(kType) + "id_token"}};
  }
  ExchangeAnswer post(const std::string& body) {
    auto promise = std::make_shared<std::promise<ExchangeAnswer>>();
    auto answer = promise->get_future();
    exchange_->exchange(body, now(), [promise](ExchangeAnswer done) { promise->set_value(std::move(done)); });
    EXPECT_EQ(answer.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    return answer.get();
  }
  ExchangeAnswer post(const Form& form) { return post(encode(form)); }
  std::size_t session_count() { return sessions_->list({}, now())->size(); }

  const RolePolicies policies_;
  std::vector<std::string> tenants_{"acme"};
  std::optional<std::string> unusable_;
  std::unique_ptr<storage::SessionStore> sessions_;
  std::unique_ptr<SessionTokens> tokens_;
  std::unique_ptr<TokenExchange> exchange_;
};

TEST_F(TokenExchangeTest, TurnsAnIssuersTokenIntoASession) {
  Form form = good();
  form["session_labels"] = R"({"run":"42"})";
  form["requested_token_type"] = std::string(kType) + "jwt";
  form["audience"] = "portreeve";
  form["client_id"] = "ignored";
  const auto answer = post(form);
  ASSERT_EQ(answer.status, 200) << answer.body << answer.detail;
  EXPECT_EQ(answer.detail, "");
  const auto body = reader::parse_json(answer.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(*body->find("issued_token_type"), JsonValue("urn:ietf:params:oauth:token-type:jwt"));
  EXPECT_EQ(*body->find("token_type"), JsonValue("Bearer"));
  EXPECT_EQ(*body->find("expires_in"), JsonValue(900));
  EXPECT_EQ(*body->find("session_expires"), JsonValue(to_rfc3339(now().plus(Seconds{43'200}))));

  const auto session = *sessions_->find(*body->find("session_id")->as_string());
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->subject_id, "idp/rita");
  EXPECT_EQ(session->tenant, "acme");
  EXPECT_EQ(session->labels, (std::map<std::string, std::string>{{"run", "42"}}));
  EXPECT_EQ(*session->claims.find("iss"), JsonValue(issuer_.issuer())) << "claims stay with the session";
  EXPECT_TRUE(session->is_live(now()));

  const auto verdict = tokens_->verify(*body->find("access_token")->as_string(), TokenBearer::workload, now());
  ASSERT_TRUE(verdict) << verdict.refusal().detail;
  EXPECT_EQ(verdict.claims()->sid, session->id);
  EXPECT_EQ(verdict.claims()->sub, "idp/rita");
  EXPECT_EQ(verdict.claims()->tenant, "acme");
}

TEST_F(TokenExchangeTest, GivesNoTokenThatOutlivesTheSession) {
  make_exchange({.session_lifetime = Seconds{600}});
  const auto body = reader::parse_json(post(good()).body);
  EXPECT_EQ(*body->find("expires_in"), JsonValue(600));
  EXPECT_EQ(*body->find("session_expires"), JsonValue(to_rfc3339(now().plus(Seconds{600}))));
}

TEST_F(TokenExchangeTest, RefusesFormsThatAskForAnythingElse) {
  struct Row {
    const char* name;
    std::string body, error, description;
  };
  const auto with = [&](std::string name, std::string value) {
    Form form = good();
    form[std::move(name)] = std::move(value);
    return encode(form);
  };
  const auto without = [&](std::string_view name) {
    Form form = good();
    form.erase(form.find(name));
    return encode(form);
  };
  const std::string types =
      "`subject_token_type` must be `urn:ietf:params:oauth:token-type:` and `access_token`, `id_token` or `jwt`";
  const std::string labels = "`session_labels`: names have 1 to 64 bytes, values are strings of at most 256";
  const std::string invalid = "the subject_token is not valid";
  std::string many_labels = "{";
  for (int i = 0; i < 33; ++i) many_labels += fmt::format("{}\"l{}\":\"\"", i == 0 ? "" : ",", i);
  const std::string other_token =
      tokens_->mint({"ses_1", "idp/rita", {}, now().plus(Seconds{600})}, TokenBearer::workload, now()).token;
  const std::vector<Row> rows = {
      {"empty body", "", "invalid_request", "`grant_type` is missing"},
      {"JSON", R"({"grant_type":"x"})", "invalid_request", "the form has a field without name or `=`"},
      {"a field twice", encode(good()) + "&subject_token=x", "invalid_request", "field `subject_token` stands twice"},
      {"no grant type", without("grant_type"), "invalid_request", "`grant_type` is missing"},
      {"client credentials", with("grant_type", "client_credentials"), "unsupported_grant_type",
       fmt::format("`grant_type` must be `{}`", kExchange)},
      {"password", with("grant_type", "password"), "unsupported_grant_type",
       fmt::format("`grant_type` must be `{}`", kExchange)},
      {"no subject token", without("subject_token"), "invalid_request", "`subject_token` is missing"},
      {"empty subject token", with("subject_token", ""), "invalid_request", "`subject_token` is missing"},
      {"no type", without("subject_token_type"), "invalid_request", types},
      {"refresh token", with("subject_token_type", std::string(kType) + "refresh_token"), "invalid_request", types},
      {"SAML", with("subject_token_type", std::string(kType) + "saml2"), "invalid_request", types},
      {"short type", with("subject_token_type", "id_token"), "invalid_request", types},
      {"asks for a refresh token", with("requested_token_type", std::string(kType) + "refresh_token"),
       "invalid_request", "`requested_token_type` must be `urn:ietf:params:oauth:token-type:jwt`"},
      {"actor", with("actor_token", "x"), "invalid_request", "`actor_token` is not supported"},
      {"an empty scope", with("scope", ""), "invalid_scope",
       "`scope` names the roles to activate, parted by single spaces; without it all are"},
      {"a role of nobody", with("scope", "author auditor"), "invalid_scope",
       "the subject is not authorised for role `auditor` now"},
      {"a role that is none", with("scope", "openid"), "invalid_scope",
       "the subject is not authorised for role `openid` now"},
      {"roles that may not meet", with("scope", "author approver"), "invalid_scope",
       "constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, `author`"},
      {"another audience", with("audience", "portreeve-supervisor"), "invalid_target",
       "session tokens are for the audience `portreeve` alone"},
      {"resource", with("resource", "https://x"), "invalid_target",
       "session tokens are for the audience `portreeve` alone"},
      {"labels no JSON", with("session_labels", "x"), "invalid_request",
       "`session_labels` is not JSON: at byte 0: expected a value"},
      {"labels twice", with("session_labels", R"({"a":"1","a":"2"})"), "invalid_request",
       "`session_labels` is not JSON: at `/a`: a key that stands twice in its object"},
      {"labels an array", with("session_labels", "[]"), "invalid_request",
       "`session_labels` is no JSON object of at most 32 members"},
      {"33 labels", with("session_labels", many_labels + "}"), "invalid_request",
       "`session_labels` is no JSON object of at most 32 members"},
      {"a label that is a number", with("session_labels", R"({"a":1})"), "invalid_request", labels},
      {"a label without name", with("session_labels", R"({"":"x"})"), "invalid_request", labels},
      {"a long label", with("session_labels", R"({"a":")" + std::string(257, 'x') + "\"}"), "invalid_request", labels},
      {"another's tenant", with("tenant", "globex"), "invalid_request", "`tenant` is none of the subject's"},
      {"garbage", with("subject_token", "x.y.z"), "invalid_request", invalid},
      {"one of our own tokens", with("subject_token", other_token), "invalid_request", invalid},
      {"unknown issuer", with("subject_token", token_of("https://mallory.example", "k")), "invalid_request", invalid},
      {"17 KiB", with("subject_token", std::string(17u << 10, 'a')), "invalid_request", invalid},
      {"no subject in it", with("subject_token", token("k", "")), "invalid_request",
       "the subject_token names no subject that policies know"},
  };
  for (const Row& row : rows) {
    const auto answer = post(row.body);
    EXPECT_EQ(answer.status, 400) << row.name;
    EXPECT_EQ(answer.body,
              to_canonical_json(JsonValue::Object{{"error", row.error}, {"error_description", row.description}}))
        << row.name;
    EXPECT_NE(answer.detail, "") << row.name;
  }
  EXPECT_EQ(session_count(), 0u) << "nothing refused leaves a session behind";
}

TEST_F(TokenExchangeTest, ActivatesTheRolesOfTheScope) {
  const auto session_of = [&](const Form& form) {
    const auto answer = post(form);
    const auto body = reader::parse_json(answer.body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const JsonValue* scope = body->find("scope");
    return std::pair(*sessions_->find(*body->find("session_id")->as_string()),
                     scope == nullptr ? "" : *scope->as_string());
  };
  Form form = good();
  const auto [all, no_scope] = session_of(form);
  EXPECT_EQ(all->roles, std::nullopt);
  EXPECT_EQ(no_scope, "");
  form["scope"] = "reader author";
  const auto [some, scope] = session_of(form);
  EXPECT_EQ(some->roles, (std::vector<std::string>{"author", "reader"}));
  EXPECT_EQ(scope, "author reader");
}

TEST_F(TokenExchangeTest, SaysWhyAGenuineTokenIsUnusable) {
  unusable_ = "why it is";
  make_exchange();
  const auto answer = post(good());
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"error":"invalid_request","error_description":"why it is"})");
  EXPECT_EQ(session_count(), 0u);
}

TEST_F(TokenExchangeTest, SaysThatATokenHasExpired) {
  const auto late =
      make_token(key_, Algorithm::eddsa, R"({"alg":"EdDSA","kid":"k"})",
                 fmt::format(R"({{"iss":"{}","aud":"portreeve","sub":"rita","exp":1}})", issuer_.issuer()));
  Form form = good();
  form["subject_token"] = late;
  const auto answer = post(form);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"error":"invalid_request","error_description":"the subject_token has expired"})");
  EXPECT_EQ(answer.detail.find(late.substr(0, 20)), std::string::npos);
}

TEST_F(TokenExchangeTest, ChoosesATenantOnlyWhereThereIsAChoice) {
  struct Row {
    std::vector<std::string> tenants;
    std::string asked, given, error;
  };
  for (const Row& row : std::vector<Row>{
           {{}, "", "", ""},
           {{}, "acme", "", "`tenant` is none of the subject's"},
           {{"acme"}, "", "acme", ""},
           {{"acme"}, "acme", "acme", ""},
           {{"acme"}, "Acme", "", "`tenant` is none of the subject's"},
           {{"acme", "globex"}, "", "", "the subject has several tenants; choose one by `tenant`"},
           {{"acme", "globex"}, "globex", "globex", ""},
           {{"acme", "globex"}, "initech", "", "`tenant` is none of the subject's"},
       }) {
    tenants_ = row.tenants;
    Form form = good();
    if (!row.asked.empty()) form["tenant"] = row.asked;
    const auto answer = post(form);
    const auto body = reader::parse_json(answer.body);
    ASSERT_TRUE(body);
    if (!row.error.empty()) {
      EXPECT_EQ(*body->find("error_description"), JsonValue(row.error));
      continue;
    }
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto session = *sessions_->find(*body->find("session_id")->as_string());
    EXPECT_EQ(session->tenant.value_or(""), row.given);
  }
}

TEST_F(TokenExchangeTest, MakesNoSessionForWhoIsBarred) {
  using storage::EventKind;
  make_exchange();
  const storage::RevocationTarget targets[] = {
      {EventKind::subject, "idp/rita"}, {EventKind::tenant, "acme"}, {EventKind::all, ""}};
  for (const storage::RevocationTarget& target : targets) {
    const auto revoked = sessions_->revoke(target, {"idp/admin", ""}, now()).value().value();
    const auto answer = post(good());
    EXPECT_EQ(answer.status, 400) << to_text(target.kind);
    EXPECT_EQ(answer.body, R"({"error":"invalid_grant","error_description":"sessions of this subject are revoked"})");
    EXPECT_EQ(session_count(), 0u);
    ASSERT_TRUE(sessions_->lift(revoked.event, now()).value());
  }
  for (const storage::RevocationTarget& other :
       {storage::RevocationTarget{EventKind::subject, "idp/ada"}, {EventKind::tenant, "globex"}}) {
    ASSERT_TRUE(sessions_->revoke(other, {"idp/admin", ""}, now()).value());
  }
  EXPECT_EQ(post(good()).status, 200);
}

TEST_F(TokenExchangeTest, SaysTryAgainWhereKeysOrDiskAreAway) {
  issuer_.on_jwks([](const auto&, auto& response) { response.status = 500; });
  start();
  make_exchange();
  const auto without_keys = post(good());
  EXPECT_EQ(without_keys.status, 503);
  EXPECT_EQ(
      without_keys.body,
      R"({"error":"temporarily_unavailable","error_description":"the issuer's keys cannot be had now; try again"})");

  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  make_exchange({.session_lifetime = Seconds{0}});  // which the store refuses
  const auto without_session = post(good());
  EXPECT_EQ(without_session.status, 503);
  EXPECT_EQ(without_session.body,
            R"({"error":"temporarily_unavailable","error_description":"the session cannot be stored now; try again"})");
  EXPECT_EQ(session_count(), 0u);
}

}  // namespace
}  // namespace portreeve::pdp

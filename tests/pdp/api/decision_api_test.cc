#include "pdp/api/decision_api.h"

#include "tests/pdp/api/fixture.h"

namespace portreeve::pdp {
namespace {

TEST_F(PdpFixture, AnswersWithTheRecordThatIsAlreadyInTheLog) {
  const auto [id, token] = session();
  const Answer answer = post("/access/v1/evaluation", egress(id, token, "packages.example.org"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("decision"), "true") << answer.text;
  EXPECT_EQ(answer.context("reason"), R"("rule-allow")");
  EXPECT_EQ(answer.context("rules"), R"(["web/packages"])");
  EXPECT_EQ(answer.context("obligations"),
            R"({"connect":{"addresses":["23.0.0.10"],"protocol":"tls"},"limits":{"idle":300}})");
  const std::string stored = record(answer.context("id"));
  EXPECT_NE(stored.find(R"("reason":"rule-allow")"), std::string::npos) << stored;
  EXPECT_NE(stored.find(R"("session":")" + id), std::string::npos);
  EXPECT_NE(stored.find(R"("subject":{"id":"dev/rita","type":"user"})"), std::string::npos);
  EXPECT_NE(stored.find(R"("tenant":"acme")"), std::string::npos);
  EXPECT_NE(stored.find(R"("pep":"gate")"), std::string::npos);
  EXPECT_EQ(stored.find(token), std::string::npos) << "tokens never reach the log";
}

TEST_F(PdpFixture, DeniesByRuleByDefaultAndByGuard) {
  const auto [id, token] = session();
  const struct {
    const char* host;
    const char* addresses;
    const char* reason;
    const char* rules;
  } cases[] = {
      {"pastebin.com", R"(["23.0.0.10"])", R"("rule-deny")", R"(["web/paste"])"},
      {"elsewhere.example.com", R"(["23.0.0.10"])", R"("default-deny")", "[]"},
      {"packages.example.org", R"(["127.0.0.1"])", R"("guard:loopback-address")", "[]"},
      {"packages.example.org", R"(["23.0.0.10","10.0.0.1"])", R"("guard:private-address")", "[]"},
      {"packages.example.org", R"(["::ffff:169.254.169.254"])", R"("guard:metadata-address")", "[]"},
      {"packages.example.org", "[]", R"("default-deny")", "[]"},
  };
  for (const auto& c : cases) {
    const Answer answer = post("/access/v1/evaluation", egress(id, token, c.host, c.addresses));
    EXPECT_EQ(answer.at("decision"), "false") << c.host;
    EXPECT_EQ(answer.context("reason"), c.reason) << c.host << c.addresses;
    EXPECT_EQ(answer.context("rules"), c.rules) << c.host;
    EXPECT_EQ(answer.context("obligations"), "(absent)");
    EXPECT_FALSE(record(answer.context("id")).empty());
  }
  EXPECT_EQ(post("/access/v1/evaluation", egress(id, token, "pastebin.com")).context("ruleReason"),
            R"("exfiltration-risk")");
}

TEST_F(PdpFixture, ABadSubjectTokenIsAJudgedQuestion) {
  const auto [id, token] = session();
  const auto [other, other_token] = session("carl");
  std::string flipped = token;
  flipped[flipped.size() / 2] = flipped[flipped.size() / 2] == 'A' ? 'B' : 'A';
  const struct {
    const char* name;
    std::string body;
    const char* reason;
  } cases[] = {
      {"garbage", egress(id, "garbage", "packages.example.org"), R"("token-invalid")"},
      {"one byte off", egress(id, flipped, "packages.example.org"), R"("token-invalid")"},
      {"another session's", egress(id, other_token, "packages.example.org"), R"("token-invalid")"},
      {"an identity provider's", egress(id, id_token("rita"), "packages.example.org"), R"("token-invalid")"},
      {"none",
       R"({"subject":{"type":"session","id":"ses_x"},"action":{"name":"egress.resolve"},"resource":{"type":"endpoint","id":"a.example.com:443","properties":{"protocol":"tls"}}})",
       R"("token-missing")"},
      {"a subject merely named",
       R"({"subject":{"type":"user","id":"dev/rita"},"action":{"name":"egress.resolve"},"resource":{"type":"endpoint","id":"packages.example.org:443","properties":{"protocol":"tls"}}})",
       R"("token-missing")"},
      {"an address no session is bound to",
       R"({"subject":{"type":"address","id":"10.1.2.3"},"action":{"name":"egress.resolve"},"resource":{"type":"endpoint","id":"packages.example.org:443","properties":{"protocol":"tls"}}})",
       R"("session-unknown")"},
  };
  for (const auto& c : cases) {
    const Answer answer = post("/access/v1/evaluation", c.body);
    EXPECT_EQ(answer.status, 200) << c.name;
    EXPECT_EQ(answer.at("decision"), "false") << c.name;
    EXPECT_EQ(answer.context("reason"), c.reason) << c.name;
  }
}

TEST_F(PdpFixture, SessionsThatEndedOrWereRevokedAreDenied) {
  const auto [ended, ended_token] = session();
  const auto [revoked, revoked_token] = session();
  ASSERT_TRUE(sessions_->end(ended, {"pdp", ""}, clock_.now()));
  ASSERT_TRUE(sessions_->revoke({storage::EventKind::session, revoked}, {"pdp", ""}, clock_.now()));
  EXPECT_EQ(post("/access/v1/evaluation", egress(ended, ended_token, "packages.example.org")).context("reason"),
            R"("session-ended")");
  EXPECT_EQ(post("/access/v1/evaluation", egress(revoked, revoked_token, "packages.example.org")).context("reason"),
            R"("session-revoked")");
}

TEST_F(PdpFixture, APersonIsKnownByTheirToken) {
  const auto ask = [&](const std::string& id, const std::string& token) {
    return post("/access/v1/evaluation", R"({"subject":{"type":"user","id":")" + id + R"(","properties":{"token":")" +
                                             token +
                                             R"("}},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})");
  };
  EXPECT_EQ(ask("dev/rita", id_token("rita")).at("decision"), "true");
  EXPECT_EQ(ask("dev/carl", id_token("rita")).context("reason"), R"("token-invalid")");
  EXPECT_EQ(ask("rita", id_token("rita")).context("reason"), R"("token-invalid")");
}

TEST_F(PdpFixture, APersonsTokenIsNoSessions) {
  using storage::PepDomain;
  credential_ = peps_->add("all", {PepDomain::egress, PepDomain::secrets, PepDomain::execution}, clock_.now())->secret;
  const auto ask = [&](const std::string& action, const std::string& resource) {
    return post("/access/v1/evaluation", R"({"subject":{"type":"user","id":"dev/rita","properties":{"token":")" +
                                             id_token("rita") + R"("}},"action":{"name":")" + action +
                                             R"("},"resource":)" + resource + "}");
  };
  const char* endpoint = R"({"type":"endpoint","id":"packages.example.org:443","properties":{"protocol":"tls"}})";
  const char* secret = R"({"type":"secret","id":"llm","properties":{"use":"inject"}})";
  const char* program = R"({"type":"program","id":"/bin/true","properties":{"file":"/bin/true"}})";
  for (const Answer& answer : {ask("egress.resolve", endpoint), ask("egress.connect", endpoint),
                               ask("secret.use", secret), ask("process.exec", program)}) {
    EXPECT_EQ(answer.at("decision"), "false");
    EXPECT_EQ(answer.context("reason"), R"("token-missing")");
    EXPECT_EQ(answer.context("rules"), "[]");
  }
}

TEST_F(PdpFixture, RefusesCallersAndPaths) {
  const std::string question =
      R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})";
  const HttpHeaders json{{"Content-Type", "application/json"}};
  const struct {
    const char* name;
    HttpRequest request;
    int status;
    const char* code;
  } cases[] = {
      {"no credential", HttpRequest::make("POST", "/access/v1/evaluation", json, question), 401, "unauthenticated"},
      {"wrong credential",
       HttpRequest::make("POST", "/access/v1/evaluation", {{"Authorization", "Bearer pep_x"}}, question), 401,
       "unauthenticated"},
      {"another scheme",
       HttpRequest::make("POST", "/access/v1/evaluation", {{"Authorization", "Basic " + credential_}}, question), 401,
       "unauthenticated"},
      {"wrong method", HttpRequest::make("GET", "/access/v1/evaluation"), 405, "method-not-allowed"},
      {"no such path", HttpRequest::make("GET", "/access/v2/evaluation"), 404, "not-found"},
      {"another media type",
       HttpRequest::make("POST", "/access/v1/evaluation",
                         {{"Authorization", "Bearer " + credential_}, {"Content-Type", "text/plain"}}, question),
       415, "unsupported-media-type"},
      {"a content coding",
       HttpRequest::make("POST", "/access/v1/evaluation",
                         {{"Authorization", "Bearer " + credential_}, {"Content-Encoding", "gzip"}}, question),
       415, "unsupported-media-type"},
      {"another domain",
       HttpRequest::make(
           "POST", "/access/v1/evaluation", {{"Authorization", "Bearer " + credential_}},
           R"({"subject":{"type":"session","id":"x"},"action":{"name":"secret.use"},"resource":{"type":"secret","id":"s"}})"),
       403, "domain-not-allowed"},
      {"no JSON", HttpRequest::make("POST", "/access/v1/evaluation", {{"Authorization", "Bearer " + credential_}}, "{"),
       400, "bad-request"},
      {"nothing", HttpRequest::make("POST", "/access/v1/evaluation", {{"Authorization", "Bearer " + credential_}}, ""),
       400, "bad-request"},
      {"a form for a token", HttpRequest::make("POST", "/v1/token", json, "{}"), 415, "unsupported-media-type"},
  };
  for (const auto& c : cases) {
    const Answer answer = call(c.request);
    EXPECT_EQ(answer.status, c.status) << c.name << ": " << answer.text;
    EXPECT_EQ(answer.at("type"), std::string("\"urn:portreeve:problem:") + c.code + "\"") << c.name;
    EXPECT_EQ(answer.at("decision"), "(absent)") << c.name;
  }
}

TEST_F(PdpFixture, ARemovedGateIsNoGate) {
  ASSERT_TRUE(*peps_->remove("gate", clock_.now()));
  EXPECT_EQ(post("/access/v1/evaluation", "{}").status, 401);
}

class Batch : public PdpFixture {
 protected:
  // Doc 1 may be read, a thing may not.
  Answer batch(const std::string& resources, const std::string& semantic) {
    return post("/access/v1/evaluations",
                R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"evaluations":[)" + resources +
                    R"(],"options":{"evaluations_semantic":")" + semantic + R"("}})");
  }
  static std::string decisions(const Answer& answer) {
    std::string out;
    const JsonValue* list = answer.body.find("evaluations");
    if (list == nullptr) return "none";
    for (const JsonValue& one : *list->as_array()) out += *one.find("decision")->as_bool() ? 'y' : 'n';
    return out;
  }
  static constexpr char kYes[] = R"({"resource":{"type":"doc","id":"1"}})";
  static constexpr char kNo[] = R"({"resource":{"type":"thing","id":"1"}})";
};

TEST_F(Batch, EndsWhereItsSemanticSays) {
  const std::string yes = kYes, no = kNo;
  const struct {
    const char* semantic;
    std::string list;
    const char* expected;
  } cases[] = {
      {"execute_all", yes + "," + no + "," + yes, "yny"}, {"deny_on_first_deny", yes + "," + no + "," + yes, "yn"},
      {"deny_on_first_deny", yes + "," + yes, "yy"},      {"permit_on_first_permit", no + "," + yes + "," + no, "ny"},
      {"permit_on_first_permit", no + "," + no, "nn"},
  };
  for (const auto& c : cases) EXPECT_EQ(decisions(batch(c.list, c.semantic)), c.expected) << c.semantic;
}

TEST_F(Batch, AMalformedItemIsAnsweredInItsPlace) {
  const Answer answer = batch(std::string(kYes) + R"(,{"resource":{"type":"doc"}},)" + kYes, "execute_all");
  EXPECT_EQ(decisions(answer), "yny") << answer.text;
  EXPECT_NE(answer.text.find(R"("field":"/evaluations/1/resource/id")"), std::string::npos) << answer.text;
  EXPECT_EQ(batch(std::string(kYes) + R"(,{"resource":{"type":"doc"}})", "deny_on_first_deny").status, 400);
}

TEST_F(Batch, RefusesOtherSemanticsAndShapes) {
  EXPECT_EQ(batch(kYes, "whatever").status, 400);
  EXPECT_EQ(batch("1", "execute_all").status, 400);
  EXPECT_EQ(post("/access/v1/evaluations", R"({"evaluations":{}})").status, 400);
  std::string many = kYes;
  for (int i = 0; i < 256; ++i) many += std::string(",") + kYes;
  EXPECT_EQ(batch(many, "execute_all").status, 400);
}

TEST_F(Batch, WithoutEvaluationsIsASingleOne) {
  const Answer answer = post(
      "/access/v1/evaluations",
      R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"},"evaluations":[]})");
  EXPECT_EQ(answer.at("decision"), "true") << answer.text;
}

TEST_F(PdpFixture, TakesWhatAGateDidOnce) {
  const auto [id, token] = session();
  const std::string decision = post("/access/v1/evaluation", egress(id, token, "packages.example.org")).context("id");
  const std::string boot(32, 'b');
  const auto report = [&](const std::string& records) {
    return post("/v1/outcomes", R"({"boot":")" + boot + R"(","records":[)" + records + "]}");
  };
  const std::string outcome =
      R"({"seq":1,"kind":"outcome","decision":)" + decision +
      R"(,"time":"2026-11-24T12:00:00Z","result":"closed","bytesIn":5,"bytesOut":7,"address":"23.0.0.10"})";
  Answer answer = report(outcome);
  EXPECT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.at("acknowledged"), "1");
  EXPECT_EQ(report(outcome).at("acknowledged"), "1") << "again, and stored once";
  storage::RecordFilter outcomes;
  outcomes.kind = wire::RecordKind::outcome;
  EXPECT_EQ(log_->search(outcomes, {})->records.size(), 1u);

  answer = report(
      R"({"seq":2,"kind":"outcome","decision":"dec_01ARZ3NDEKTSV4RRFFQ69G5FAV","time":"2026-11-24T12:00:00Z","result":"closed"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.at("refused"), "(absent)") << "a decision that this gate was not given: " << answer.text;
  answer = report(
      R"({"seq":3,"kind":"refusal","time":"2026-11-24T12:00:00Z","reason":"bad-request","host":"a.example.com","port":443})");
  EXPECT_EQ(answer.at("acknowledged"), "3") << answer.text;
}

TEST_F(PdpFixture, RefusesMalformedReports) {
  const std::string boot = R"("boot":")" + std::string(32, 'b') + R"(")";
  const std::string good = R"("seq":1,"kind":"refusal","time":"2026-11-24T12:00:00Z","reason":"bad-request")";
  const struct {
    std::string body;
    const char* field;
  } cases[] = {
      {R"({"records":[{)" + good + "}]}", "\"/boot\""},
      {R"({"boot":"x","records":[{)" + good + "}]}", "\"/boot\""},
      {"{" + boot + "}", "\"/records\""},
      {"{" + boot + R"(,"records":[]})", "\"/records\""},
      {"{" + boot + R"(,"records":[1]})", "\"/records/0\""},
      {"{" + boot + R"(,"records":[{"seq":0,"kind":"refusal","time":"2026-11-24T12:00:00Z"}]})", "\"/records/0/seq\""},
      {"{" + boot + R"(,"records":[{"seq":1,"kind":"decision","time":"2026-11-24T12:00:00Z"}]})",
       "\"/records/0/kind\""},
      {"{" + boot + R"(,"records":[{"seq":1,"kind":"refusal","time":"yesterday"}]})", "\"/records/0/time\""},
      {"{" + boot + R"(,"records":[{"seq":1,"kind":"outcome","time":"2026-11-24T12:00:00Z"}]})",
       "\"/records/0/decision\""},
      {"{" + boot + R"(,"records":[{"seq":1,"kind":"refusal","time":"2026-11-24T12:00:00Z","reason":"because"}]})",
       "\"/records/0/reason\""},
      {"{" + boot + R"(,"records":[{"seq":1,"kind":"refusal","time":"2026-11-24T12:00:00Z","bytesIn":-1}]})",
       "\"/records/0/bytesIn\""},
      {"{" + boot + R"(,"records":[{)" + good + "},{" + good + "}]}", "\"/records/1/seq\""},
  };
  for (const auto& c : cases) {
    const Answer answer = post("/v1/outcomes", c.body);
    EXPECT_EQ(answer.status, 400) << c.body;
    EXPECT_EQ(answer.at("field"), c.field) << c.body;
  }
}

TEST_F(PdpFixture, SaysWhatItIs) {
  EXPECT_EQ(
      get("/.well-known/authzen-configuration").text,
      R"({"access_evaluation_endpoint":"http://pdp.example/access/v1/evaluation",)"
      R"("access_evaluations_endpoint":"http://pdp.example/access/v1/evaluations","policy_decision_point":"http://pdp.example"})");
  EXPECT_NE(get("/.well-known/jwks.json").text.find(R"("crv":"Ed25519")"), std::string::npos);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  readiness_.met("policies");
  EXPECT_EQ(get("/readyz").text, R"({"missing":[],"ready":true})");
  EXPECT_NE(get("/metrics").text.find("portreeve_http_requests_total"), std::string::npos);
}

TEST_F(PdpFixture, KeepsRequestAndTraceIds) {
  const Answer answer =
      post("/access/v1/evaluation",
           R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})",
           {{"Authorization", "Bearer " + credential_},
            {"X-Request-ID", "abc"},
            {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  EXPECT_EQ(answer.header("X-Request-ID"), "abc");
  EXPECT_NE(record(answer.context("id")).find("4bf92f3577b34da6a3ce929d0e0e4736"), std::string::npos);
}

TEST_F(PdpFixture, WithoutPoliciesThereIsNoAnswer) {
  snapshots_.publish(nullptr);
  const Answer answer =
      post("/access/v1/evaluation",
           R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.at("type"), R"("urn:portreeve:problem:not-ready")");
}

}  // namespace
}  // namespace portreeve::pdp

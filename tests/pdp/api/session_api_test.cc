// Sessions, sources, supervisors, events and secrets over DecisionApi.
#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "engine/base/mutex.h"
#include "engine/reader/request_reader.h"
#include "tests/pdp/api/fixture.h"

namespace portreeve::pdp {
namespace {

using storage::EventKind;
using storage::PepDomain;

class SessionApi : public PdpFixture {
 protected:
  SessionApi() {
    orchestrator_ = peps_->add("orchestrator", {PepDomain::sessions}, clock_.now())->secret;
    broker_ = peps_->add("broker", {PepDomain::secrets}, clock_.now())->secret;
    host_ = peps_->add("host", {PepDomain::execution, PepDomain::egress}, clock_.now())->secret;
  }
  static HttpHeaders as(const std::string& credential) {
    return {{"Authorization", "Bearer " + credential}, {"Content-Type", "application/json"}};
  }
  Answer act(const std::string& path, const std::string& body) { return post(path, body, as(orchestrator_)); }
  Answer read(const std::string& path) { return call(HttpRequest::make("GET", path, as(orchestrator_))); }
  Answer form(const std::string& path, const std::string& body, const std::string& credential) {
    return call(HttpRequest::make(
        "POST", path,
        {{"Authorization", "Bearer " + credential}, {"Content-Type", "application/x-www-form-urlencoded"}}, body));
  }
  std::string supervisor_token(const std::string& id) {
    const Answer answer = act("/v1/sessions/" + id + "/renew", R"({"audience":"portreeve-supervisor"})");
    EXPECT_EQ(answer.status, 200) << answer.text;
    return *answer.body.find("access_token")->as_string();
  }
  void bind(const std::string& id, const std::string& addresses) {
    const Answer answer = act("/v1/sessions/" + id + "/bind", R"({"addresses":)" + addresses + "}");
    ASSERT_EQ(answer.status, 200) << answer.text;
  }
  // A question about an allowed host; without `token`, `source` where they are empty.
  std::string question(const std::string& type, const std::string& id, const std::string& token,
                       const std::string& source) {
    return R"({"subject":{"type":")" + type + R"(","id":")" + id + "\"" +
           (token.empty() ? "" : R"(,"properties":{"token":")" + token + "\"}") +
           R"(},"action":{"name":"egress.connect"},"resource":{"type":"endpoint","id":"packages.example.org:443",)"
           R"("properties":{"protocol":"connect","addresses":["23.0.0.10"]}})" +
           (source.empty() ? "" : R"(,"context":{"source":")" + source + "\"}") + "}";
  }
  static std::string exec(const std::string& id, const std::string& token = {}) {
    return R"({"subject":{"type":"session","id":")" + id + "\"" +
           (token.empty() ? "" : R"(,"properties":{"token":")" + token + "\"}") +
           R"(},"action":{"name":"process.exec"},"resource":{"type":"program","id":"/bin/true"}})";
  }
  std::string reason(const std::string& body) {
    const Answer answer = post("/access/v1/evaluation", body);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.context("reason");
  }
  // A token of the session that is as old as `age`.
  std::string old_token(const std::string& id, Seconds age) {
    const auto session = *sessions_->find(id);
    return tokens_
        ->mint({id, session->subject_id, session->tenant, session->expires}, TokenBearer::workload,
               clock_.now().plus(-age))
        .token;
  }

  std::string orchestrator_, broker_, host_;
};

TEST_F(SessionApi, AnswersNameTheSessionAndTheEvent) {
  const auto [id, token] = session();
  const Answer allowed = post("/access/v1/evaluation", egress(id, token, "packages.example.org"));
  EXPECT_EQ(allowed.at("decision"), "true");
  EXPECT_EQ(allowed.context("session"), R"({"id":")" + id + R"(","subject":"dev/rita","tenant":"acme"})");
  EXPECT_EQ(allowed.context("event"), "0");
  ASSERT_EQ(act("/v1/sessions/" + id + "/end", "").status, 200);
  const Answer denied = post("/access/v1/evaluation", egress(id, token, "packages.example.org"));
  EXPECT_EQ(denied.context("reason"), R"("session-ended")");
  EXPECT_EQ(denied.context("session"), allowed.context("session"));
  EXPECT_EQ(denied.context("event"), "1");
  EXPECT_NE(record(denied.context("id")).find(R"("revocationEvent":1)"), std::string::npos)
      << record(denied.context("id"));
  const Answer nobody = post("/access/v1/evaluation", egress(id, "garbage", "packages.example.org"));
  EXPECT_EQ(nobody.context("session"), "(absent)");
  EXPECT_EQ(nobody.context("event"), "1");
}

TEST_F(SessionApi, ABoundSessionIsAskedForFromItsAddressesOnly) {
  const auto [id, token] = session();
  const auto [other, other_token] = session("ada");
  bind(id, R"(["10.1.2.3","fd00::3"])");
  const std::string old = old_token(id, Seconds{3000});
  const struct {
    const char* name;
    std::string body;
    const char* reason;
  } cases[] = {
      {"its address", question("session", id, token, "10.1.2.3"), R"("rule-allow")"},
      {"its other address", question("session", id, token, "fd00::3"), R"("rule-allow")"},
      {"mapped", question("session", id, token, "::ffff:10.1.2.3"), R"("rule-allow")"},
      {"another address", question("session", id, token, "10.1.2.4"), R"("source-mismatch")"},
      {"no address", question("session", id, token, ""), R"("source-mismatch")"},
      {"an old token at its address", question("session", id, old, "10.1.2.3"), R"("rule-allow")"},
      {"an old token elsewhere", question("session", id, old, "10.1.2.4"), R"("token-expired")"},
      {"an old token of nowhere", question("session", id, old, ""), R"("token-expired")"},
      {"an old token of an unbound session", question("session", other, old_token(other, Seconds{3000}), "10.1.2.4"),
       R"("token-expired")"},
      {"another session's token at its address", question("session", id, other_token, "10.1.2.3"),
       R"("token-invalid")"},
      {"no token at its address", question("session", id, "", "10.1.2.3"), R"("token-missing")"},
      {"an unbound session at that address", question("session", other, other_token, "10.1.2.3"), R"("token-invalid")"},
      {"an unbound session beside it", question("session", other, other_token, "10.1.2.4"), R"("rule-allow")"},
      {"the address itself", question("address", "10.1.2.3", "", ""), R"("rule-allow")"},
      {"the address, said twice", question("address", "10.1.2.3", "", "10.1.2.3"), R"("rule-allow")"},
      {"the address, in another spelling", question("address", "::ffff:10.1.2.3", "", "10.1.2.3"), R"("rule-allow")"},
      {"the address and its other", question("address", "10.1.2.3", "", "fd00::3"), R"("rule-allow")"},
      {"the address, said by another", question("address", "10.1.2.3", "", "10.1.2.4"), R"("source-mismatch")"},
      {"the address with its token", question("address", "10.1.2.3", token, "10.1.2.3"), R"("rule-allow")"},
      {"the address with its old token", question("address", "10.1.2.3", old, "10.1.2.3"), R"("rule-allow")"},
      {"the address with another's token", question("address", "10.1.2.3", other_token, "10.1.2.3"),
       R"("token-invalid")"},
      {"the address with garbage", question("address", "10.1.2.3", "garbage", "10.1.2.3"), R"("token-invalid")"},
      {"the neighbour", question("address", "10.1.2.4", "", ""), R"("session-unknown")"},
      {"no address at all", question("address", "sandbox", "", ""), R"("session-unknown")"},
      {"a supervisor's token", question("session", id, supervisor_token(id), "10.1.2.3"), R"("token-invalid")"},
  };
  for (const auto& c : cases) EXPECT_EQ(reason(c.body), c.reason) << c.name;
  EXPECT_EQ(post("/access/v1/evaluation", question("address", "10.1.2.3", "", "")).context("cacheFor"), "0");

  ASSERT_TRUE(sessions_->revoke({EventKind::session, id}, {"idp/admin", ""}, clock_.now()));
  EXPECT_EQ(reason(question("session", id, old, "10.1.2.3")), R"("session-revoked")");
  EXPECT_EQ(reason(question("session", id, token, "10.1.2.4")), R"("source-mismatch")") << "the first that holds";
  EXPECT_EQ(reason(question("address", "10.1.2.3", "", "")), R"("session-revoked")");
  bind(other, R"(["10.1.2.3"])");
  EXPECT_EQ(reason(question("address", "10.1.2.3", "", "")), R"("rule-allow")");
  EXPECT_EQ(post("/access/v1/evaluation", question("address", "10.1.2.3", "", "")).context("session"),
            R"({"id":")" + other + R"(","subject":"dev/ada","tenant":"acme"})");
  const auto [third, third_token] = session("bob");
  EXPECT_EQ(reason(question("session", third, third_token, "10.1.2.3")), R"("token-invalid")");
  ASSERT_EQ(act("/v1/sessions/" + other + "/end", "").status, 200);
  EXPECT_EQ(reason(question("session", third, third_token, "10.1.2.3")), R"("rule-allow")") << "the address is free";
}

TEST_F(SessionApi, ASupervisorIsAGateOfItsSession) {
  const auto [id, workload] = session();
  const auto [other, other_token] = session("ada");
  const std::string token = supervisor_token(id);
  const auto ask = [&](const std::string& body, const std::string& path = "/access/v1/evaluation") {
    return post(path, body, as(token));
  };
  const Answer own = ask(exec(id));
  EXPECT_EQ(own.status, 200) << own.text;
  EXPECT_EQ(own.context("reason"), R"("default-deny")");
  EXPECT_EQ(own.context("session"), R"({"id":")" + id + R"(","subject":"dev/rita","tenant":"acme"})");
  EXPECT_NE(record(own.context("id")).find(R"("pep":"supervisor:)" + id), std::string::npos);
  EXPECT_EQ(ask(exec(id, workload)).context("reason"), R"("default-deny")");
  EXPECT_EQ(ask(exec(id, other_token)).context("reason"), R"("token-invalid")");

  const struct {
    const char* name;
    Answer answer;
  } refused[] = {
      {"another session", ask(exec(other))},
      {"another session, with its token", ask(exec(other, other_token))},
      {"another domain", ask(question("session", id, "", ""))},
      {"a batch about another",
       ask(R"({"evaluations":[)" + exec(id) + "," + exec(other) + "]}", "/access/v1/evaluations")},
      {"generic access",
       ask(R"({"subject":{"type":"user","id":"dev/rita"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})")},
      {"its own renewal", ask("{}", "/v1/sessions/" + id + "/renew")},
      {"its own end", ask("{}", "/v1/sessions/" + id + "/end")},
      {"itself", call(HttpRequest::make("GET", "/v1/sessions/" + id, as(token)))},
      {"the list", call(HttpRequest::make("GET", "/v1/sessions", as(token)))},
      {"secrets", call(HttpRequest::make("GET", "/v1/secrets", as(token)))},
      {"introspection", form("/v1/introspect", "token=" + token, token)},
      {"revocation", form("/v1/revoke", "token=" + token, token)},
  };
  for (const auto& c : refused) EXPECT_EQ(c.answer.status, 403) << c.name << c.answer.text;
  EXPECT_EQ((*sessions_->find(id))->state(clock_.now()), storage::SessionState::live);

  // What it did it still reports when its session is over; what it asks then is judged.
  ASSERT_EQ(act("/v1/sessions/" + id + "/end", "{}").status, 200);
  EXPECT_EQ(ask(exec(id)).context("reason"), R"("session-ended")");
  EXPECT_EQ(ask(R"({"boot":")" + std::string(32, 'b') + R"(","records":[{"seq":1,"kind":"outcome","decision":)" +
                    own.context("id") + R"(,"time":"2026-11-24T12:00:00Z","result":"exited"}]})",
                "/v1/outcomes")
                .at("acknowledged"),
            "1");
}

TEST_F(SessionApi, AWorkloadsTokenIsNobodysCredential) {
  const auto [id, token] = session();
  for (const std::string& path :
       {std::string("/access/v1/evaluation"), std::string("/access/v1/evaluations"), std::string("/v1/outcomes"),
        "/v1/sessions/" + id + "/renew", "/v1/sessions/" + id + "/end"}) {
    EXPECT_EQ(post(path, "{}", as(token)).status, 401) << path;
  }
  for (const std::string path : {"/v1/events", "/v1/sessions", "/v1/secrets"}) {
    EXPECT_EQ(call(HttpRequest::make("GET", path, as(token))).status, 401) << path;
  }
  EXPECT_EQ(form("/v1/introspect", "token=" + token, token).status, 401);
  EXPECT_EQ(form("/v1/revoke", "token=" + token, token).status, 401);
  const std::string old = tokens_
                              ->mint({id, "dev/rita", "acme", clock_.now().plus(Seconds{60})}, TokenBearer::supervisor,
                                     clock_.now().plus(Seconds{-1000}))
                              .token;
  EXPECT_EQ(post("/access/v1/evaluation", exec(id), as(old)).status, 401) << "a supervisor's whose time is over";
}

TEST_F(SessionApi, EachPathIsForItsDomain) {
  const auto [id, token] = session();
  const auto status = [&](std::string_view method, const std::string& path, const std::string& credential) {
    return call(HttpRequest::make(method, path, as(credential))).status;
  };
  for (const std::string& gate : {credential_, broker_, host_}) {
    EXPECT_EQ(status("GET", "/v1/sessions", gate), 403);
    EXPECT_EQ(status("GET", "/v1/sessions/" + id, gate), 403);
    EXPECT_EQ(status("POST", "/v1/sessions/" + id + "/end", gate), 403);
    EXPECT_EQ(form("/v1/revoke", "token=" + token, gate).status, 403);
    EXPECT_EQ(form("/v1/introspect", "token=" + token, gate).status, 200);
    EXPECT_EQ(status("GET", "/v1/secrets", gate), gate == broker_ ? 200 : 403);
  }
  EXPECT_EQ(status("GET", "/v1/secrets", orchestrator_), 403);
  EXPECT_EQ(post("/access/v1/evaluation", egress(id, token, "packages.example.org"), as(orchestrator_)).status, 403);
  EXPECT_EQ((*sessions_->find(id))->state(clock_.now()), storage::SessionState::live);
}

TEST_F(SessionApi, ReadsListsAndEnds) {
  const auto [id, token] = session();
  const auto [other, other_token] = session("ada");
  const Answer one = read("/v1/sessions/" + id);
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.at("state"), R"("live")");
  EXPECT_EQ(read("/v1/sessions?state=live&subject=dev%2Frita").body.find("sessions")->as_array()->size(), 1u);
  const Answer page = read("/v1/sessions?limit=1");
  EXPECT_EQ(page.at("next"), "\"" + std::min(id, other) + "\"");
  EXPECT_EQ(act("/v1/sessions/" + id + "/end", R"({"reason":"done"})").at("state"), R"("ended")");
  EXPECT_EQ(act("/v1/sessions/" + id + "/renew", "{}").at("type"), R"("urn:portreeve:problem:session-not-live")");
  EXPECT_EQ(read("/v1/sessions?state=ended").body.find("sessions")->as_array()->size(), 1u);
  storage::RecordFilter admin;
  admin.kind = wire::RecordKind::admin;
  const auto notes = log_->follow(admin, 0, 10, Millis(10'000));
  ASSERT_TRUE(notes);
  ASSERT_EQ(notes->records.size(), 1u);
  EXPECT_NE(notes->records[0].bytes.find(R"("action":"session.end","actor":"orchestrator")"), std::string::npos)
      << notes->records[0].bytes;

  EXPECT_EQ(form("/v1/revoke", "token=" + other_token, orchestrator_).text, R"({"event":2})");
  EXPECT_EQ(reason(egress(other, other_token, "packages.example.org")), R"("session-revoked")");
}

TEST_F(SessionApi, RolesThatAreDroppedAreGoneAtTheNextDecision) {
  const auto [id, token] = session();
  const std::string question = egress(id, token, "packages.example.org");
  EXPECT_EQ(reason(question), R"("rule-allow")");
  const std::string path = "/v1/sessions/" + id + "/roles";
  EXPECT_EQ(read("/v1/sessions/" + id).at("roles"), "(absent)");
  EXPECT_EQ(act(path, R"({"drop":["agent"]})").at("roles"), "[]");
  const Answer denied = post("/access/v1/evaluation", question);
  EXPECT_EQ(denied.context("reason"), R"("default-deny")");
  EXPECT_EQ(denied.context("event"), "1") << "the change was taken into account";
  EXPECT_EQ(act(path, R"({"activate":["agent"]})").at("roles"), R"(["agent"])");
  EXPECT_EQ(reason(question), R"("rule-allow")");
  EXPECT_EQ(read("/v1/sessions/" + id).at("roles"), R"(["agent"])");

  const Answer unknown = act(path, R"({"activate":["admin"]})");
  EXPECT_EQ(unknown.status, 409);
  EXPECT_EQ(unknown.at("type"), R"("urn:portreeve:problem:role-not-authorised")");
  EXPECT_EQ(unknown.at("detail"), R"("the subject is not authorised for role `admin` now")");
  EXPECT_EQ(act(path, "").status, 400);
  for (const std::string& gate : {broker_, host_}) {
    EXPECT_EQ(post(path, R"({"drop":["agent"]})", as(gate)).status, 403) << "the workload's gates change nothing";
  }
}

TEST_F(SessionApi, RefusesMalformedRequests) {
  const auto [id, token] = session();
  const std::string path = "/v1/sessions/" + id;
  const struct {
    const char* name;
    Answer answer;
    int status;
  } cases[] = {
      {"no such action", act(path + "/revoke", "{}"), 404},
      {"an action below an action", act(path + "/end/now", "{}"), 404},
      {"an empty action", act(path + "/", "{}"), 404},
      {"an empty id", act("/v1/sessions//end", "{}"), 404},
      {"only the slash", read("/v1/sessions/"), 404},
      {"another's id", act("/v1/sessions/ses_01ARZ3NDEKTSV4RRFFQ69G5FAV/end", "{}"), 404},
      {"an id with dots", act("/v1/sessions/../end", "{}"), 404},
      {"an escaped id", act("/v1/sessions/%73" + id.substr(1) + "/end", "{}"), 404},
      {"a quote in the id", read("/v1/sessions/' OR 1=1 --"), 404},
      {"a long id", read("/v1/sessions/" + std::string(10'000, 'x')), 404},
      {"reading by POST", act(path, "{}"), 405},
      {"ending by GET", read(path + "/end"), 405},
      {"no JSON", act(path + "/end", "{"), 400},
      {"twice the same", act(path + "/end", R"({"reason":"a","reason":"b"})"), 400},
      {"a form", form(path + "/end", "reason=x", orchestrator_), 415},
      {"JSON to be revoked", act("/v1/revoke", R"({"token":"x"})"), 415},
      {"JSON to be introspected", act("/v1/introspect", R"({"token":"x"})"), 415},
      {"an unknown filter", read("/v1/sessions?who=me"), 400},
      {"no form in the query", read("/v1/sessions?a"), 400},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.answer.status, c.status) << c.name << c.answer.text;
    EXPECT_TRUE(c.answer.at("type").starts_with("\"urn:portreeve:problem:")) << c.name;
  }
  EXPECT_EQ((*sessions_->find(id))->state(clock_.now()), storage::SessionState::live);
}

TEST_F(SessionApi, SecretsAreTheActiveRevisionsAndHaveATag) {
  const auto loaded = load::load({{"policies.yaml", std::string(kPolicies) + R"(---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: llm/anthropic }
spec:
  route: /anthropic
  api: anthropic
  source: { file: anthropic-api-key }
  inject: { header: x-api-key }
  upstreams: ["https://api.anthropic.com"]
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: git }
spec: { route: /git, source: { file: git }, inject: { basic: { user: bot } }, upstreams: ["https://git.example.org"] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: bearer }
spec: { route: /b, source: { file: b }, inject: bearer, upstreams: ["https://b.example.org"] }
---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: query }
spec: { route: /q, source: { file: q }, inject: { query: key }, upstreams: ["https://q.example.org"] }
)"}});
  ASSERT_NE(loaded.set, nullptr) << to_text(loaded.diagnostics.front());
  snapshots_.publish(compile::compile(loaded.set));
  const std::string revision = snapshots_.load()->revision();
  const auto ask = [&](HttpHeaders more) {
    more.emplace_back("Authorization", "Bearer " + broker_);
    return call(HttpRequest::make("GET", "/v1/secrets", more));
  };
  const Answer answer = ask({});
  EXPECT_EQ(
      answer.text,
      R"({"revision":")" + revision +
          R"(","secrets":[)"
          R"({"api":"none","inject":{"bearer":{}},"name":"bearer","route":"/b","source":{"file":"b"},"upstreams":["https://b.example.org"]},)"
          R"({"api":"none","inject":{"basic":{"user":"bot"}},"name":"git","route":"/git","source":{"file":"git"},"upstreams":["https://git.example.org"]},)"
          R"({"api":"anthropic","inject":{"header":"x-api-key"},"name":"llm/anthropic","route":"/anthropic","source":{"file":"anthropic-api-key"},"upstreams":["https://api.anthropic.com"]},)"
          R"({"api":"none","inject":{"query":"key"},"name":"query","route":"/q","source":{"file":"q"},"upstreams":["https://q.example.org"]}]})");
  const std::string tag = "\"" + revision + "\"";
  EXPECT_EQ(answer.header("ETag"), tag);
  for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const Answer unchanged = ask({{"If-None-Match", known}});
    EXPECT_EQ(unchanged.status, 304) << known;
    EXPECT_EQ(unchanged.text, "");
    EXPECT_EQ(unchanged.header("ETag"), tag);
  }
  for (const std::string& other : {std::string(""), std::string("\"x\""), revision}) {
    EXPECT_EQ(ask({{"If-None-Match", other}}).status, 200) << other;
  }
}

// Revocations race questions: whoever's answer has the number of the cut, or a later one, was not allowed.
TEST_F(SessionApi, AnAnswerWithTheNumberOfACutHasSeenIt) {
  constexpr std::size_t kSessions = 12;
  std::vector<std::pair<std::string, std::string>> sessions;
  for (std::size_t i = 0; i < kSessions; ++i) sessions.push_back(session("user-" + std::to_string(i)));
  struct Seen {
    std::size_t session;
    std::int64_t event;
    bool allowed;
  };
  std::atomic<bool> done{false};
  std::vector<std::vector<Seen>> seen(2);
  std::vector<std::thread> askers;
  for (auto& mine : seen) {
    askers.emplace_back([&] {
      for (std::size_t i = 0; !done.load() || i % kSessions != 0; ++i) {
        const auto& [id, token] = sessions[i % kSessions];
        const Answer answer = post("/access/v1/evaluation", egress(id, token, "packages.example.org"));
        mine.push_back({i % kSessions, std::stoll(answer.context("event")), answer.at("decision") == "true"});
      }
    });
  }
  std::vector<std::int64_t> cut;
  for (const auto& [id, token] : sessions) {
    cut.push_back(sessions_->revoke({EventKind::session, id}, {"idp/admin", ""}, clock_.now()).value()->event);
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
  std::size_t denied = 0;
  for (const auto& mine : seen) {
    for (const Seen& one : mine) {
      EXPECT_FALSE(one.allowed && one.event >= cut[one.session]) << one.session << " at " << one.event;
      denied += one.allowed ? 0 : 1;
    }
  }
  EXPECT_GE(denied, kSessions);
}

TEST_F(SessionApi, AClockBehindTheLastRecordAnswersNothing) {
  const auto [id, token] = session();
  const std::string body = egress(id, token, "packages.example.org");
  ASSERT_EQ(post("/access/v1/evaluation", body).at("decision"), "true");
  const Timestamp recorded = *log_->last_time();
  daemon::ManualClock clock(recorded.plus(Seconds{-5}));
  const DecisionService service({snapshots_, *subjects_, *log_, clock}, {"pdp", std::string(32, 'c')});
  const auto ask = [&] {
    Evaluation evaluation;
    evaluation.questions.push_back(*reader::read_question(*reader::parse_json(body)));
    std::promise<std::optional<ServiceFailure>> told;
    service.evaluate(std::move(evaluation),
                     [&](auto answers) { told.set_value(answers ? std::nullopt : std::optional(answers.error())); });
    return told.get_future().get();
  };
  EXPECT_EQ(ask(), ServiceFailure::audit_unavailable);
  EXPECT_EQ(ask(), ServiceFailure::audit_unavailable);
  clock.set(recorded.plus(Seconds{1}));
  EXPECT_EQ(ask(), std::nullopt);
}

// What one connection was sent.
class RecordedStream final : public BodyStream {
 public:
  bool send(std::shared_ptr<const std::string> piece) override {
    const MutexLock lock(mutex_);
    text_ += *piece;
    changed_.notify_all();
    return true;
  }
  void finish() override {}
  std::string until(std::string_view part) {
    MutexLock lock(mutex_);
    while (text_.find(part) == std::string::npos) lock.wait(changed_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::string text_ GUARDED_BY(mutex_);
};

TEST_F(SessionApi, EventsGoToEveryGateAndResume) {
  const auto [id, token] = session();
  const auto listen = [&](const std::string& credential, HttpHeaders headers = {}) {
    struct Sink final : ResponseSink {
      std::promise<HttpResponse> response;
      void answer(HttpResponse given) override { response.set_value(std::move(given)); }
    };
    auto sink = std::make_shared<Sink>();
    headers.emplace_back("Authorization", "Bearer " + credential);
    api_->handle(HttpRequest::make("GET", "/v1/events", headers), Responder(sink));
    HttpResponse response = sink->response.get_future().get();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers[0].second, "text/event-stream");
    auto stream = std::make_shared<RecordedStream>();
    response.stream(stream);
    stream->until("event: hello\n");
    return stream;
  };
  const std::string own = supervisor_token(id);
  const auto gate = listen(credential_), supervisor = listen(own);
  const auto [other, other_token] = session("ada");
  ASSERT_EQ(act("/v1/sessions/" + other + "/end", "{}").status, 200);
  ASSERT_EQ(form("/v1/revoke", "token=" + token, orchestrator_).status, 200);
  EXPECT_THAT(gate->until("id: 2\n"), testing::HasSubstr("\"kind\":\"end\""));
  EXPECT_THAT(supervisor->until("id: 2\n"), testing::Not(testing::HasSubstr(other)));
  EXPECT_THAT(listen(credential_, {{"Last-Event-ID", "1"}})->until("id: 2\n"),
              testing::Not(testing::HasSubstr("id: 1\n")));
  for (const HttpHeaders& odd : {HttpHeaders{{"Last-Event-ID", "3"}},
                                 {{"Last-Event-ID", "x"}},
                                 {{"Last-Event-ID", ""}},
                                 {{"Last-Event-ID", "-1"}},
                                 {{"Last-Event-ID", "1"}, {"Last-Event-ID", "1"}}}) {
    const std::string told = listen(credential_, odd)->until("id: 2\n");
    EXPECT_THAT(told, testing::HasSubstr("event: reset\ndata: {\"event\":2}"));
    EXPECT_THAT(told, testing::HasSubstr(other));
    EXPECT_THAT(told, testing::HasSubstr(id));
  }
}

}  // namespace
}  // namespace portreeve::pdp

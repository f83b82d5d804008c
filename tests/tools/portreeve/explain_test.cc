// `portreeve explain` over the sample policies and over a log: why, and what would change a denial.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "engine/load/load.h"
#include "engine/reader/json_reader.h"
#include "engine/wire/record.h"
#include "storage/revisions/revision_store.h"
#include "storage/sqlite/decision_log.h"
#include "storage/sqlite/state_store.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

const std::string kPolicies = PORTREEVE_SOURCE_DIR "/policies";

Ended explain(std::vector<std::string> arguments, const Process::Settings& settings = {}) {
  const std::vector<std::string> whole{"explain", "--policies",       kPolicies,  "--as", "keycloak/rita",
                                       "--group", "/agents/research", "--tenant", "acme"};
  arguments.insert(arguments.begin(), whole.begin(), whole.end());
  return portreeve(arguments, settings);
}

// The tree up to the line that names the time and the revision, places without where the sources are.
std::string tree(const Ended& ended) {
  std::string out = ended.out.substr(0, ended.out.rfind("└─ at "));
  for (std::size_t at = out.find(kPolicies); at != std::string::npos; at = out.find(kPolicies)) {
    out.replace(at, kPolicies.size(), "POLICIES");
  }
  return out;
}

TEST(Explain, DrawsADenialAsATree) {
  const Ended ended = explain({"--egress", "https://packages.example.org:8443"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(tree(ended),
            R"(deny  egress.resolve packages.example.org:8443
├─ default-deny: no allow rule covers all that was asked for
├─ subject keycloak/rita
│  ├─ tenant acme
│  ├─ role agent
│  │  └─ inherited by research-agent
│  └─ role research-agent
│     └─ binding research-team by group /agents/research  POLICIES/sample/people.yaml:78:7
├─ Entities say of the subject: {"department":"research"}
│  └─ POLICIES/sample/console.yaml:7:7
├─ rules in force that the question touches
│  ├─ deny everyone/no-anonymisers: did not match: `cidrs` unknown (the rule says [185.220.100.0/22])
│  │  └─ POLICIES/sample/egress.yaml:13:14
│  ├─ deny everyone/no-cleartext: did not match: `protocols` fails (the rule says [http]; asked was tls), a dry run
│  │  └─ POLICIES/sample/egress.yaml:17:18
│  └─ allow research-web/packages: did not match: `ports` fails (asked was 8443)
│     └─ POLICIES/sample/egress.yaml:27:7
├─ to allow it, the nearest first
│  ├─ research-web/packages would allow it if its `ports` had 8443 (the rule leaves 443 for tls, 80 for http)
│  │  │   ports: [443, 8443]
│  │  └─ POLICIES/sample/egress.yaml:27:7
│  └─ coding-hosts/packages would allow it if its `ports` had 8443 (the rule leaves 443 for tls, 80 for http), and if keycloak/rita had the role `coding-agent` (binding coding-team gives it to group /agents/coding of keycloak, claim department = "engineering" of keycloak)
│     │   ports: [443, 8443]
│     └─ POLICIES/sample/egress.yaml:48:7
)");
}

TEST(Explain, DrawsAnAllowAsATree) {
  const Ended ended = explain({"--egress", "https://packages.example.org"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(tree(ended),
            R"(allow  egress.connect packages.example.org:443
├─ rule-allow: an allow rule matched and nothing denied
├─ subject keycloak/rita
│  ├─ tenant acme
│  ├─ role agent
│  │  └─ inherited by research-agent
│  └─ role research-agent
│     └─ binding research-team by group /agents/research  POLICIES/sample/people.yaml:78:7
├─ Entities say of the subject: {"department":"research"}
│  └─ POLICIES/sample/console.yaml:7:7
├─ rules in force that the question touches
│  ├─ deny everyone/no-cleartext: did not match: `protocols` fails (the rule says [http]; asked was tls), a dry run
│  │  └─ POLICIES/sample/egress.yaml:17:18
│  └─ allow research-web/packages: matched
│     └─ POLICIES/sample/egress.yaml:27:7
├─ obligations, merged to the strictest
│  ├─ limits.bytesOut 10485760
│  │  └─ research-web/packages 10MiB  POLICIES/sample/egress.yaml:30:27
│  ├─ limits.connections 64
│  │  └─ research-web/packages 64  POLICIES/sample/egress.yaml:30:68
│  ├─ limits.idle 300
│  │  └─ research-web/packages 5m  POLICIES/sample/egress.yaml:30:40
│  └─ limits.total 3600
│     └─ research-web/packages 1h  POLICIES/sample/egress.yaml:30:51
)");
}

TEST(Explain, DrawsWhatStandsInTheWayBeforeWhatWouldDo) {
  const Ended ended = explain({"--egress", "connect://pastebin.com:443"});
  const std::string drawn = tree(ended);
  EXPECT_EQ(drawn.substr(drawn.find("├─ what stands")),
            R"(├─ what stands in the way
│  └─ everyone/no-paste-sites denies it (exfiltration-risk); a deny overrides every allow: narrow the rule, or take it away
│     └─ POLICIES/sample/egress.yaml:7:7
├─ and then, to allow it, the nearest first
│  └─ no allow rule is near: one would have to be written, for the role `research-agent`
│       apiVersion: portreeve/v1
│       kind: EgressPolicy
│       metadata: { name: allow-pastebin-com-443 }
│       spec:
│         roles: [research-agent]
│         rules:
│           - { id: pastebin-com, effect: allow, hosts: [pastebin.com], ports: [443], protocols: [tls] }
)");
}

TEST(Explain, DrawsTheGuardAndSaysThatNothingOpensIt) {
  const Ended ended =
      explain({"--egress", "https://packages.example.org", "--address", "10.1.2.3", "--address", "127.0.0.1"});
  const std::string drawn = tree(ended);
  EXPECT_NE(drawn.find(R"(├─ guard:private-address: the address is private (RFC 1918) and no InternalService opens it
│  └─ had that not been, guard:loopback-address: the address is the machine itself
)"),
            std::string::npos)
      << drawn;
  EXPECT_NE(drawn.find(R"(├─ guard
│  ├─ address 10.1.2.3: guard:private-address, which an InternalService could open
│  └─ address 127.0.0.1: guard:loopback-address, which nothing opens
)"),
            std::string::npos)
      << drawn;
  EXPECT_EQ(drawn.find("to allow it"), std::string::npos) << drawn;
}

TEST(Explain, TellsWhatTheSecondQuestionWouldMeet) {
  const Ended ended = explain({"--egress", "https://elsewhere.example.com", "--address", "127.0.0.1"});
  EXPECT_TRUE(ended.out.starts_with("deny  egress.resolve ")) << ended.out;
  EXPECT_NE(ended.out.find("├─ egress.connect would then be denied too: guard:loopback-address\n"), std::string::npos)
      << ended.out;
}

TEST(Explain, FitsTheTerminal) {
  const Ended ended = explain({"--egress", "https://packages.example.org:8443"}, {"", 60});
  EXPECT_NE(ended.out.find("\x1b["), std::string::npos) << "colours";
  std::size_t widest = 0;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < ended.out.size(); ++i) {
    if (ended.out[i] == '\x1b') i = ended.out.find('m', i) + 1;
    if (ended.out[i] == '\n' || ended.out[i] == '\r') {
      columns = 0;
    } else if ((static_cast<unsigned char>(ended.out[i]) & 0xC0) != 0x80 && ended.out[i] != '\x1b') {
      widest = std::max(widest, ++columns);
    }
  }
  // One word, like a place, may be longer than a line.
  EXPECT_LE(widest, kPolicies.size() + 60) << ended.out;
  EXPECT_NE(ended.out.find("research-web/packages would allow it if"), std::string::npos);
}

TEST(Explain, SaysTheSameAsJson) {
  const auto said = reader::parse_json(explain({"--egress", "connect://pastebin.com:443", "--json"}).out);
  ASSERT_TRUE(said);
  EXPECT_EQ(*said->find("decision"), JsonValue(false));
  const JsonValue* const ways = said->find("explanation")->find("whyNot");
  ASSERT_TRUE(ways != nullptr && ways->as_array() != nullptr && !ways->as_array()->empty());
  const JsonValue& first = ways->as_array()->front();
  EXPECT_EQ(*first.find("remedy"), JsonValue("lift-deny"));
  EXPECT_EQ(*first.find("needed"), JsonValue(true));
  EXPECT_EQ(*first.find("rule"), JsonValue("everyone/no-paste-sites"));
  EXPECT_EQ(*first.find("file"), JsonValue(kPolicies + "/sample/egress.yaml"));
  EXPECT_EQ(*first.find("line"), JsonValue(7));
}

// A data folder with one decision of a session, made by the sample policies.
class ExplainRecorded : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto files = load::read_folder(kPolicies);
    ASSERT_TRUE(files);
    revision_ = load::load(*files).revision;
    const auto revisions = storage::RevisionStore::open(folder_.file("revisions"));
    ASSERT_TRUE(revisions);
    ASSERT_TRUE((*revisions)->put(revision_, *files));
    auto sessions = storage::open_session_store(folder_.file("state.sqlite"));
    ASSERT_TRUE(sessions) << sessions.error().message;
    storage::NewSession session;
    session.provider = "keycloak";
    session.sub = "rita";
    session.tenant = "acme";
    session.claims = *reader::parse_json(R"({"sub": "rita", "groups": ["/agents/research"], "org_id": "acme"})");
    const auto made = (*sessions)->create(session, Timestamp::from_unix(1'795'000'000));
    ASSERT_TRUE(made) << made.error().message;
    session_ = (*made)->id;
  }

  wire::DecisionRecord record(const std::string& host, bool allowed) const {
    wire::DecisionRecord out;
    out.id = "dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY";
    out.time = Timestamp::from_unix(1'795'000'010);
    out.source = {"pdp", "boot"};
    out.seq = 1;
    out.revision = revision_;
    out.subject = {"user", "keycloak/rita"};
    out.session = session_;
    out.tenant = "acme";
    out.action = "egress.connect";
    out.resource = {"endpoint", host + ":443",
                    *reader::parse_json(R"({"protocol": "tls", "addresses": ["93.184.215.14"]})")};
    out.decision = allowed;
    out.reason = allowed ? "rule-allow" : "default-deny";
    if (allowed) out.rules = {"research-web/packages"};
    out.pep = "egress-1";
    return out;
  }

  Ended explain_one(const wire::DecisionRecord& decided, std::vector<std::string> more = {}) {
    auto log = storage::open_decision_log(*journal_, folder_.path());
    EXPECT_TRUE(log) << log.error().message;
    std::promise<bool> durable;
    (*log)->commit({decided}, [&](auto done) { durable.set_value(done.has_value()); });
    EXPECT_TRUE(durable.get_future().get());
    std::vector<std::string> arguments{"explain", decided.id, "--data", folder_.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return portreeve(arguments);
  }

  Folder folder_;
  const std::unique_ptr<storage::FileSystem> journal_ = storage::make_posix_file_system();
  std::string revision_;
  std::string session_;
};

TEST_F(ExplainRecorded, ByTheRevisionThatDecidedIt) {
  const Ended ended = explain_one(record("packages.example.org", true));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("allow  egress.connect packages.example.org:443\n")) << ended.out;
  EXPECT_NE(ended.out.find("binding research-team by group /agents/research  " + folder_.path() + "/revisions/"),
            std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("├─ judged again with the claims that its session was made with\n"), std::string::npos);
  EXPECT_NE(ended.out.find("└─ dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY at 2026-11-18T11:06:50.000Z by " + revision_),
            std::string::npos)
      << ended.out;
}

TEST_F(ExplainRecorded, SaysSoWhereTheRecordDoesNotHoldAll) {
  const Ended ended = explain_one(record("packages.example.org", false), {"--json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto said = reader::parse_json(ended.out);
  ASSERT_TRUE(said);
  EXPECT_EQ(*said->find("explanation")->find("basis"), JsonValue("differs"));
  EXPECT_EQ(*said->find("context")->find("id"), JsonValue("dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY"));
}

TEST_F(ExplainRecorded, WithoutItsSessionItIsJudgedWithoutItsClaims) {
  wire::DecisionRecord decided = record("packages.example.org", true);
  decided.session = "ses_01JDF3ZJ9GQ5C6B2M8N4T7V0XY";
  const Ended ended = explain_one(decided);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_NE(ended.out.find("its session is no longer stored"), std::string::npos) << ended.out;
}

TEST_F(ExplainRecorded, FailsWhereTheDecisionOrItsRevisionIsGone) {
  wire::DecisionRecord decided = record("packages.example.org", true);
  decided.revision = "sha256:" + std::string(64, 'a');
  const Ended gone = explain_one(decided);
  EXPECT_EQ(gone.code, 1);
  EXPECT_EQ(gone.out, "");
  const Ended unknown = portreeve({"explain", "dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XX", "--data", folder_.path()});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err, "portreeve: no decision has the id `dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XX`\n");
}

}  // namespace
}  // namespace portreeve::test

// What would have to change for a denial to become an allow: the whole list, in its order.
#include "engine/analyze/why_not.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/rbac/claim_mapping.h"
#include "tests/engine/analyze/world.h"

namespace portreeve::analyze {
namespace {

using Ways = std::vector<std::string>;
using What = World::What;

// Each suggestion in a line, `!` before what is needed whatever else changes; what to write is beside the point here.
Ways ways(const What& what, const Asker& asker = {}) {
  static const World world;
  Ways out;
  for (const Suggestion& way : world.explain(what, asker).why_not) {
    out.push_back(fmt::format("{}{}: {}", way.needed ? "!" : "", to_text(way.remedy), way.text));
  }
  return out;
}

What spend(const std::string& more) {
  return {"secret.use", "secret", "llm/one", R"({"use": "inject", "upstream": "https://llm.example.org")" + more + "}"};
}
What start(const std::string& program, const std::string& more = "") {
  return {"process.exec", "program", program, fmt::format(R"({{"file": "{}"{}}})", program, more)};
}

const char* const kWriteForAgents =
    "write-rule: no allow rule is near: one would have to be written, for the role `agent`";

TEST(WhyNot, IsEmptyForAnAllow) { EXPECT_EQ(ways(connect("api.example.com")), Ways{}); }

TEST(WhyNot, NamesTheClauseThatLacks) {
  EXPECT_EQ(ways(connect("files.example.net")),
            Ways{"change-clause: web/files would allow it if its condition held: `subject.claims.floor == 3`"});
  EXPECT_EQ(ways(connect("both.example.net", 8443)),
            (Ways{"!lift-deny: web/paste denies it (exfiltration); a deny overrides every allow: narrow the rule, or "
                  "take it away",
                  "change-clause: web/both would allow it if its `ports` had 8443 (the rule leaves 443 for tls, 80 for "
                  "http)"}));
  EXPECT_EQ(ways(connect("half.example.net", 443, R"("23.0.1.10")")),
            Ways{"change-clause: web/half would allow it if its `cidrs` had 23.0.1.10 (the rule says [23.0.0.0/24])"});
}

TEST(WhyNot, TellsWhatAConditionLacks) {
  const Ways lost = ways(connect("lost.example.net"));
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_TRUE(
      lost[0].starts_with("change-clause: web/lost would allow it if its condition held: "
                          "`subject.claims.wing == 3` ("))
      << lost[0];
}

TEST(WhyNot, RanksByHowMuchIsLacking) {
  const What plain{"egress.connect", "endpoint", "old.example.net:80",
                   R"({"protocol": "http", "addresses": ["23.0.0.10"], "method": "POST", "path": "/other"})"};
  EXPECT_EQ(ways(plain),
            (Ways{"change-clause: web/old would allow it if its `methods` had POST (the rule says [GET]), and if its "
                  "`paths` had /other (the rule says [\"/data/**\"])",
                  kWriteForAgents}));
  EXPECT_EQ(ways(connect("api.example.com", 8443)),
            (Ways{"change-clause: web/api would allow it if its `ports` had 8443 (the rule leaves 443 for tls, 80 for "
                  "http)",
                  "change-clause: web/api-too would allow it if its `ports` had 8443 (the rule leaves 443 for tls, 80 "
                  "for http)"}));
}

TEST(WhyNot, NamesANeighbourOfTheTarget) {
  EXPECT_EQ(ways(connect("www.console.example.net")), Ways{kWriteForAgents});
  EXPECT_EQ(ways({"read", "record", "s1", R"({"status": "open"})"}),
            (Ways{"change-clause: records/approve would allow it if its `actions` had read (the rule says [approve])",
                  "change-clause: records/read would allow it if its `resources` had record:s1 (the rule says [{ type: "
                  "record, id: \"r*\" }])"}));
  EXPECT_EQ(
      ways(start("/usr/local/bin/make", R"(, "cwd": "/workspace", "user": "sandbox")")),
      Ways{"change-clause: programs/tools would allow it if its `programs` had /usr/local/bin/make (the rule says "
           "[/usr/bin/make])"});
}

TEST(WhyNot, NamesTheRoleThatWouldDo) {
  EXPECT_EQ(ways(connect("console.example.net")).front(),
            "give-role: admins-web/console would allow it if idp/rita had the role `admin` (binding admins gives it to "
            "group /admins, user ada)");
  EXPECT_EQ(ways(connect("theirs.example.net")).front(),
            "give-tenant: others/theirs would allow it if the policy were for the subject's tenant, acme (it is for "
            "[globex])");
  EXPECT_EQ(ways(connect("theirs.example.net"), {"rita", R"({"groups": ["/agents"]})"}).front(),
            "give-tenant: others/theirs would allow it if the policy were for the subject's tenant, which it has none "
            "of (it is for [globex])");
}

TEST(WhyNot, SaysWhereARoleWouldNotHelp) {
  EXPECT_EQ(ways(connect("legacy.example.dev")).front(),
            "give-role: admins-web/legacy would allow it if idp/rita had the role `admin` (binding admins gives it to "
            "group /admins, user ada); but that role brings admins-web/no-legacy with it, which denies");
  EXPECT_EQ(
      ways({"sign", "record", "r1", ""}, {"rita", R"({"groups": ["/authors"]})"}).back(),
      "give-role: approving/sign would allow it if idp/rita had the role `approver` (binding approvers gives it to "
      "group /approvers); but constraint author-approver would take that role, beside those it has");
}

TEST(WhyNot, NamesTheBindingThatIsNotInForce) {
  EXPECT_EQ(ways(connect("console.example.net"), {"nora", "{}"}),
            Ways{"extend-binding: admins-web/console would allow it if binding night-shift were in force: it starts at "
                 "2027-01-01T00:00:00Z"});
  EXPECT_EQ(ways(connect("console.example.net"), {"zoe", R"({"floor": 7, "org": "acme"})"}),
            Ways{"extend-binding: admins-web/console would allow it if binding far-admins were for the subject's "
                 "tenant: it is for globex"});
}

TEST(WhyNot, NamesTheRoleThatTheSessionHasNotActivated) {
  Asker asker{"rita", R"({"groups": ["/authors", "/approvers"]})"};
  asker.roles = {"author"};
  EXPECT_EQ(ways({"sign", "record", "r1", ""}, asker),
            Ways{"activate-role: approving/sign would allow it if the session had role `approver` active, which its "
                 "subject is authorised for"});
}

TEST(WhyNot, SaysThatTheTokenRefersToItsGroups) {
  const Asker asker{"rita", R"({"_claim_names": {"groups": "src1"}})"};
  const Explanation explanation = World().explain(connect("api.example.com"), asker);
  EXPECT_EQ(explanation.decision.reason, wire::Reason::token_invalid);
  EXPECT_EQ(explanation.token_note, rbac::meaning_of_referred_claim("groups"));
}

TEST(WhyNot, NamesTheConstraintThatTookTheRole) {
  EXPECT_EQ(
      ways({"sign", "record", "r1", ""}, {"rita", R"({"groups": ["/authors", "/approvers"]})"}),
      Ways{"settle-constraint: approving/sign would allow it if constraint author-approver had not taken the role: "
           "at most 1 of author, approver go together"});
}

TEST(WhyNot, NamesTheDenyThatStandsInTheWay) {
  EXPECT_EQ(
      ways(connect("both.example.net")),
      Ways{"!lift-deny: web/paste denies it (exfiltration); a deny overrides every allow: narrow the rule, or take "
           "it away"});
  const Ways unsaid = ways(connect("unsaid.example.net"));
  ASSERT_FALSE(unsaid.empty());
  EXPECT_TRUE(unsaid[0].starts_with("!lift-deny: web/unsaid denies it, as its `when` cannot be told: ")) << unsaid[0];
}

TEST(WhyNot, TellsDryRunsAndWhatNoRuleNames) {
  EXPECT_EQ(ways(connect("trial.example.net")).front(),
            "enforce-rule: web/trial would allow it if it were enforced: it is a dry run");
  EXPECT_EQ(ways(connect("nowhere.example.dev")), Ways{kWriteForAgents});
  EXPECT_EQ(ways(connect("nowhere.example.dev"), {"zoe", "{}"}),
            Ways{"write-rule: no allow rule is near: one would have to be written, for everyone, as the subject has no "
                 "role of its own"});
  EXPECT_EQ(
      ways(connect("llm.example.org")),
      Ways{"ask-differently: `llm.example.org` is a Secret's upstream: the way there is `secret.use`, through the "
           "broker"});
}

TEST(WhyNot, IsHonestWhereNothingHelps) {
  EXPECT_EQ(
      ways(connect("api.example.com", 443, R"("127.0.0.1")")),
      Ways{"!none: address 127.0.0.1: the address is the machine itself (guard:loopback-address); no policy opens "
           "that"});
  EXPECT_EQ(ways(connect("api.example.com", 6443)),
            Ways{"!none: port 6443: the port is a control plane's (guard:forbidden-port); no policy opens that"});
  EXPECT_EQ(
      ways(connect("both.example.net", 443, R"("127.0.0.1")")),
      (Ways{"!none: address 127.0.0.1: the address is the machine itself (guard:loopback-address); no policy opens "
            "that",
            "!lift-deny: web/paste denies it (exfiltration); a deny overrides every allow: narrow the rule, or "
            "take it away"}));
  EXPECT_EQ(ways(start("/lib64/ld-linux-x86-64.so.2")),
            Ways{"!none: program /lib64/ld-linux-x86-64.so.2: the dynamic loader would run any file "
                 "(guard:dynamic-loader); no policy opens that"});
}

TEST(WhyNot, NamesTheInternalServiceNeeded) {
  EXPECT_EQ(ways(connect("db.example.dev", 5432, R"("10.5.0.1")")),
            Ways{"!declare-service: address 10.5.0.1 (guard:private-address) is inside: an InternalService that lists "
                 "`db.example.dev`, port 5432 and the address, and a rule with `services`, would open it"});
  EXPECT_EQ(
      ways(connect("wiki.example.org", 8443, R"("10.9.9.9")")),
      (Ways{"!declare-service: address 10.9.9.9 (guard:private-address) is inside: InternalService `wiki` names the "
            "host but not port 8443 and 10.9.9.9: add that, and a rule with `services: [wiki]`"}));
  EXPECT_EQ(
      ways(connect("wiki.example.org", 443, R"("10.1.2.3")"), {"zoe", "{}"}),
      (Ways{"!declare-service: address 10.1.2.3 (guard:private-address) is inside: InternalService `wiki` declares "
            "it, and a rule with `services: [wiki]` would open it",
            "give-role: web/inner would allow it if idp/zoe had the role `agent` (binding agents gives it to group "
            "/agents)"}));
  EXPECT_EQ(ways({"egress.connect", "endpoint", "10.5.0.1:443", R"({"protocol": "tls"})"}),
            Ways{"!none: address 10.5.0.1 (guard:private-address) is inside: it is reached by a name that an "
                 "InternalService lists, never by address"});
}

TEST(WhyNot, NamesTheAddressesThatNothingCovers) {
  EXPECT_EQ(
      ways(connect("half.example.net", 443, R"("23.0.0.10", "23.0.1.10")")),
      Ways{"!cover-addresses: web/half allows some addresses, but not 23.0.1.10: every address has to be allowed, "
           "by one rule or another"});
  EXPECT_EQ(ways(connect("api.example.com", 443, "")),
            Ways{"!ask-differently: the question names no address: a connection is judged by the addresses it would go "
                 "to"});
}

TEST(WhyNot, OfSecretsNamesWhatIsAskedWrongly) {
  EXPECT_EQ(ways({"secret.use", "secret", "llm/ome", R"({"use": "inject", "upstream": "https://llm.example.org"})"}),
            Ways{"!ask-differently: no Secret is named `llm/ome`; did you mean `llm/one`?"});
  EXPECT_EQ(ways({"secret.use", "secret", "llm/one",
                  R"({"use": "inject", "upstream": "https://elsewhere.example.org", "method": "POST", "path": "/v1/x",
                      "model": "m-1"})"}),
            Ways{"!ask-differently: `https://elsewhere.example.org` is not one of the upstreams of `llm/one`: it is "
                 "spent at https://llm.example.org alone"});
  EXPECT_EQ(ways(spend(R"(, "method": "POST", "path": "/v1/x", "model": "other")")),
            Ways{"change-clause: models/messages would allow it if its `models` had other (the rule says [\"m-*\"])"});
  EXPECT_EQ(ways(spend(R"(, "method": "POST", "path": "/v1/x")")),
            Ways{"change-clause: models/messages would allow it if the question stated what `models` reads (the rule "
                 "says [\"m-*\"])"});
}

TEST(WhyNot, OfProgramsNamesWhatIsAskedWrongly) {
  EXPECT_EQ(
      ways(start("/usr/bin/make", R"(, "cwd": "/", "user": "sandbox")")),
      Ways{"change-clause: programs/tools would allow it if its `cwd` had / (the rule says [\"/workspace/**\"])"});
  EXPECT_EQ(ways(start("/opt/run", R"(, "terminal": true)")),
            Ways{"change-clause: programs/script would allow it if it granted a terminal"});
  EXPECT_EQ(
      ways(start("/opt/run", R"(, "interpreter": {"path": "/bin/sh", "file": "/bin/sh"})")),
      Ways{"!ask-differently: the sandbox can change `/opt/run` between judgement and start: put the script where "
           "its user cannot write"});
  EXPECT_EQ(
      ways(start("/opt/run", R"(, "stable": true, "interpreter": {"path": "/usr/bin/make", "file": "/usr/bin/make"},
                                      "cwd": "/workspace")")),
      Ways{"change-clause: programs/tools would allow the interpreter if the question stated what `users` reads "
           "(the rule says [sandbox])"});
  EXPECT_EQ(ways({"process.exec", "program", "/usr/bin/other", ""}),
            Ways{"!ask-differently: the question does not say which file `/usr/bin/other` opened, and no rule allows "
                 "it without"});
}

TEST(WhyNot, OfGenericAccess) {
  EXPECT_EQ(ways({"read", "record", "r2", R"({"status": "closed"})"}),
            Ways{"change-clause: records/read would allow it if its condition held: `resource.properties.status == "
                 "\"open\"`"});
  EXPECT_EQ(ways({"purge", "record", "r1", ""}).front(),
            "change-clause: records/approve would allow it if its `actions` had purge (the rule says [approve])");
}

TEST(WhyNot, TellsWhoHasToBeKnownFirst) {
  EXPECT_EQ(ways(connect("api.example.com"), {.failure = wire::Reason::token_expired}),
            Ways{"!identify: no policy is consulted before the subject is known: exchange a new token"});
  EXPECT_EQ(
      ways(connect("api.example.com"), {.asserted = true}),
      Ways{"!identify: no policy is consulted before the subject is known: ask with a session's token, or from an "
           "address that is bound to a session"});
}

TEST(WhyNot, SaysWhatToWrite) {
  const World world;
  const auto yaml = [&](const What& what, const Asker& asker = {}) {
    return world.explain(what, asker).why_not.front().yaml;
  };
  EXPECT_EQ(yaml(connect("api.example.com", 8443)), "ports: [443, 8443]");
  EXPECT_EQ(yaml(start("/usr/bin/make", R"(, "cwd": "/", "user": "sandbox")")), R"(cwd: ["/workspace/**", /])");
  EXPECT_EQ(yaml(connect("files.example.net")), "") << "a condition is for people to change";
  EXPECT_EQ(yaml(connect("console.example.net")),
            "apiVersion: portreeve/v1\nkind: RoleBinding\nmetadata: { name: admin-rita }\nspec:\n  roles: [admin]\n  "
            "subjects: [{ issuer: idp, user: rita }]\n");
  EXPECT_EQ(
      yaml(connect("nowhere.example.dev", 8443)),
      "apiVersion: portreeve/v1\nkind: EgressPolicy\nmetadata: { name: allow-nowhere-example-dev-8443 }\nspec:\n  "
      "roles: [agent]\n  rules:\n    - { id: nowhere-example-dev, effect: allow, hosts: [nowhere.example.dev], "
      "ports: [8443], protocols: [tls] }\n");
  EXPECT_EQ(yaml(connect("db.example.dev", 5432, R"("10.5.0.1")")),
            "apiVersion: portreeve/v1\nkind: InternalService\nmetadata: { name: db-example-dev }\nspec:\n  hosts: "
            "[db.example.dev]\n  addresses: [\"10.5.0.1/32\"]\n  ports: [5432]\n  protocols: [tls]\n---\napiVersion: "
            "portreeve/v1\nkind: EgressPolicy\nmetadata: { name: allow-db-example-dev-5432 }\nspec:\n  roles: "
            "[agent]\n  rules:\n    - { id: db-example-dev, effect: allow, services: [db-example-dev] }\n");
}

}  // namespace
}  // namespace portreeve::analyze

// Why a question is answered as it is: a row for each reason, and each part of an explanation.
#include "engine/analyze/explanation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/analyze/replay.h"
#include "tests/engine/analyze/world.h"

namespace portreeve::analyze {
namespace {

using Texts = std::vector<std::string>;
using What = World::What;
using wire::Reason;

Texts codes(const Explanation& explanation) {
  Texts out;
  for (const Reason reason : explanation.reasons) out.emplace_back(wire::code(reason));
  return out;
}

struct Row {
  const char* name;
  What what;
  Asker asker;
  Texts reasons;  // each that holds, the answer's first
};

TEST(Explanation, NamesEachReasonThatHoldsTheAnswersFirst) {
  const World world;
  const auto failing = [](Reason reason) { return Asker{.failure = reason}; };
  const auto to = [](const std::string& host, const std::string& address) {
    return connect(host, 443, '"' + address + '"');
  };
  const What spend{"secret.use", "secret", "llm/one",
                   R"({"use": "inject", "upstream": "https://llm.example.org", "method": "POST", "path": "/v1/x",
                       "model": "m-1"})"};
  What unknown = spend;
  unknown.id = "llm/two";
  What foreign = spend;
  foreign.properties = R"({"use": "inject", "upstream": "https://elsewhere.example.org"})";
  const What loader{"process.exec", "program", "/lib64/ld-linux-x86-64.so.2", R"({"file": "/lib/ld-linux.so.2"})"};
  const std::vector<Row> rows{
      {"allowed", connect("api.example.com"), {}, {"rule-allow"}},
      {"a secret", spend, {}, {"rule-allow"}},
      {"no rule", connect("nowhere.example.net"), {}, {"default-deny"}},
      {"a deny over an allow", connect("both.example.net"), {}, {"rule-deny"}},
      {"a deny and no allow", connect("paste.example.net"), {}, {"rule-deny", "default-deny"}},
      {"token-missing", connect("api.example.com"), failing(Reason::token_missing), {"token-missing"}},
      {"token-invalid", connect("api.example.com"), failing(Reason::token_invalid), {"token-invalid"}},
      {"token-expired", connect("api.example.com"), failing(Reason::token_expired), {"token-expired"}},
      {"source-mismatch", connect("api.example.com"), failing(Reason::source_mismatch), {"source-mismatch"}},
      {"session-unknown", connect("api.example.com"), failing(Reason::session_unknown), {"session-unknown"}},
      {"session-ended", connect("api.example.com"), failing(Reason::session_ended), {"session-ended"}},
      {"session-revoked", connect("api.example.com"), failing(Reason::session_revoked), {"session-revoked"}},
      {"tenant-mismatch", connect("api.example.com"), failing(Reason::tenant_mismatch), {"tenant-mismatch"}},
      {"on a gate's word", connect("api.example.com"), {.asserted = true}, {"token-missing"}},
      {"the guard, for nobody",
       to("api.example.com", "127.0.0.1"),
       failing(Reason::token_expired),
       {"token-expired", "guard:loopback-address"}},
      {"unknown-secret", unknown, {}, {"unknown-secret", "default-deny"}},
      {"foreign-upstream", foreign, {}, {"foreign-upstream", "default-deny"}},
      {"loopback", to("api.example.com", "127.0.0.1"), {}, {"guard:loopback-address"}},
      {"unspecified", to("api.example.com", "0.0.0.0"), {}, {"guard:unspecified-address"}},
      {"link-local", to("api.example.com", "169.254.1.1"), {}, {"guard:link-local-address"}},
      {"metadata", to("api.example.com", "169.254.169.254"), {}, {"guard:metadata-address"}},
      {"private", to("api.example.com", "10.1.2.3"), {}, {"guard:private-address"}},
      {"shared", to("api.example.com", "100.64.0.1"), {}, {"guard:shared-address"}},
      {"unique-local", to("api.example.com", "fd00:1::1"), {}, {"guard:unique-local-address"}},
      {"multicast", to("api.example.com", "224.0.0.1"), {}, {"guard:multicast-address"}},
      {"broadcast", to("api.example.com", "255.255.255.255"), {}, {"guard:broadcast-address"}},
      {"reserved", to("api.example.com", "240.0.0.1"), {}, {"guard:reserved-address"}},
      {"documentation", to("api.example.com", "192.0.2.1"), {}, {"guard:documentation-address"}},
      {"benchmarking", to("api.example.com", "198.18.0.1"), {}, {"guard:benchmarking-address"}},
      {"protocol", to("api.example.com", "192.0.0.1"), {}, {"guard:protocol-address"}},
      {"translated", to("api.example.com", "64:ff9b::1"), {}, {"guard:translated-address"}},
      {"not global", to("api.example.com", "5f00::1"), {}, {"guard:not-global-address"}},
      {"overlay", to("api.example.com", "100.100.100.100"), {}, {"guard:overlay-address"}},
      {"special-use", connect("printer.local"), {}, {"guard:special-use-name", "default-deny"}},
      {"metadata name", connect("metadata.google.internal"), {}, {"guard:metadata-name", "default-deny"}},
      {"single label", connect("printer"), {}, {"guard:single-label-name", "default-deny"}},
      {"forbidden port", connect("api.example.com", 6443), {}, {"guard:forbidden-port", "default-deny"}},
      {"dynamic loader", loader, {}, {"guard:dynamic-loader", "default-deny"}},
      {"every bad address",
       connect("api.example.com", 443, R"("127.0.0.1", "10.1.2.3", "23.0.0.10")"),
       {},
       {"guard:private-address", "guard:loopback-address"}},
      {"guard and deny", to("both.example.net", "127.0.0.1"), {}, {"guard:loopback-address", "rule-deny"}},
      {"sni-mismatch",
       connect("api.example.com", 443, R"("23.0.0.10")", R"(, "sni": "b.example.com")"),
       {},
       {"sni-mismatch"}},
      {"sni-missing", connect("api.example.com", 443, R"("23.0.0.10")", R"(, "sni": "")"), {}, {"sni-missing"}},
      {"an address not covered", connect("half.example.net", 443, R"("23.0.0.10", "23.0.1.10")"), {}, {"default-deny"}},
      {"opened by a service", to("wiki.example.org", "10.1.2.3"), {}, {"rule-allow"}},
      {"a special name of a service", to("wiki.internal", "10.1.2.3"), {}, {"rule-allow"}},
      {"beside the service", to("wiki.example.org", "10.9.9.9"), {}, {"guard:private-address", "default-deny"}},
  };
  for (const Row& row : rows) {
    const Explanation explanation = world.explain(row.what, row.asker);
    EXPECT_EQ(codes(explanation), row.reasons) << row.name;
    ASSERT_FALSE(explanation.reasons.empty()) << row.name;
    EXPECT_EQ(explanation.reasons.front(), explanation.decision.reason) << row.name;
    EXPECT_EQ(explanation.why_not.empty(), explanation.decision.allowed) << row.name;
  }
}

std::string shown(const SourcePlace& place) { return fmt::format("{}:{}", place.line, place.column); }

// Each rule considered, in a line.
Texts rules_of(const Explanation& explanation) {
  Texts out;
  for (const ConsideredRule& rule : explanation.rules) {
    std::string line =
        fmt::format("{} {}{}{}", rule.rule, rule.matched ? "matched" : "did not match",
                    rule.of_interpreter ? " for the interpreter" : "", rule.enforced ? "" : " (dry run)");
    if (rule.gap) {
      line += fmt::format(": {} {} wanted {} asked {} at {}{}", rule.gap->clause, to_text(rule.gap->state),
                          rule.gap->wanted, rule.gap->asked, shown(rule.gap->place),
                          rule.gap->detail.empty() ? "" : " " + rule.gap->detail);
    }
    out.push_back(std::move(line));
  }
  return out;
}

TEST(Explanation, TellsTheFirstClauseThatFailedAsItIsWritten) {
  const World world;
  EXPECT_EQ(rules_of(world.explain(connect("api.example.com"))), (Texts{"web/api matched", "web/api-too matched"}));
  EXPECT_EQ(rules_of(world.explain(connect("files.example.net"))),
            Texts{"web/files did not match: when fails wanted subject.claims.floor == 3 asked  at 92:69"});
  EXPECT_EQ(rules_of(world.explain(connect("old.example.net"))),
            Texts{"web/old did not match: protocols fails wanted [http] asked tls at 97:70"});
  EXPECT_EQ(rules_of(world.explain(connect("trial.example.net"))), Texts{"web/trial matched (dry run)"});
  EXPECT_EQ(rules_of(world.explain(connect("half.example.net", 443, R"("23.0.1.10")"))),
            Texts{"web/half did not match: cidrs fails wanted [23.0.0.0/24] asked 23.0.1.10 at 96:68"});
  EXPECT_EQ(rules_of(world.explain(connect("api.example.com", 8443))).front(),
            "web/api did not match: ports fails wanted  asked 8443 at 0:0");
}

TEST(Explanation, WithoutTheFilesItLeavesOutWhatClausesSay) {
  const World world;
  const wire::Request request = world.request(connect("old.example.net"));
  EXPECT_EQ(rules_of(explain(world.snapshot(), request)),
            Texts{"web/old did not match: protocols fails wanted  asked tls at 0:0"});
}

TEST(Explanation, ADenyMayMatchByWhatCannotBeTold) {
  const Texts rules = rules_of(World().explain(connect("unsaid.example.net")));
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_TRUE(rules[0].starts_with("web/unsaid matched: when error wanted subject.claims.wing == 3 asked  at "))
      << rules[0];
}

TEST(Explanation, JudgesScriptAndInterpreterApart) {
  const Explanation explanation = World().explain(
      {"process.exec", "program", "/opt/run",
       R"({"file": "/opt/run", "stable": true, "interpreter": {"path": "/bin/sh", "file": "/bin/sh", "stable": true}})"});
  EXPECT_EQ(rules_of(explanation), (Texts{"programs/script matched", "programs/shell matched for the interpreter"}));
}

Texts roles_of(const Explanation& explanation) {
  Texts out;
  for (const HeldRole& role : explanation.roles) {
    for (const RoleOrigin& origin : role.origins) {
      out.push_back(fmt::format("{}: {} at {}", role.role, to_text(origin), shown(origin.place)));
    }
  }
  return out;
}

TEST(Explanation, TellsHowEachRoleIsComeBy) {
  const World world;
  const What what = connect("api.example.com");
  EXPECT_EQ(roles_of(world.explain(what)),
            (Texts{"agent: binding agents by group /agents at 44:36", "base: inherited by agent at 0:0"}));
  EXPECT_EQ(roles_of(world.explain(what, {"ada", R"({"realm": {"roles": ["auditor", "admin"]}})"})),
            (Texts{"admin: binding admins by user ada at 49:56", "auditor: claim realm.roles at 0:0"}));
  EXPECT_EQ(roles_of(world.explain(what, {"zoe", R"({"floor": 7, "org": "globex"})"})),
            Texts{"admin: binding far-admins by claim floor = 7 at 59:36"});
  const Explanation both = world.explain(what, {"rita", R"({"groups": ["/admins", "/agents"]})"});
  EXPECT_EQ(both.bindings, (Texts{"admins", "agents"}));
  EXPECT_EQ(both.roles.back().bindings, Texts{"agents"}) << both.roles.back().role;
}

TEST(Explanation, TellsBindingsThatGiveNothingNow) {
  const World world;
  const auto idle = [&](const Asker& asker, const char* at = nullptr) {
    wire::Request request = world.request(connect("api.example.com"), asker);
    if (at != nullptr) request.time = *Timestamp::parse(at);
    Texts out;
    for (const IdleBinding& binding : explain(world.snapshot(), request, &world.files()).idle_bindings) {
      out.push_back(fmt::format("{} {} {}", binding.binding, static_cast<int>(binding.why),
                                binding.at ? to_rfc3339(*binding.at) : ""));
    }
    return out;
  };
  EXPECT_EQ(idle({"nora", "{}"}), Texts{"night-shift 0 2027-01-01T00:00:00Z"});
  EXPECT_EQ(idle({"nora", "{}"}, "2027-01-01T00:00:00Z"), Texts{});
  EXPECT_EQ(idle({"nora", "{}"}, "2027-01-10T00:00:00Z"), Texts{"night-shift 1 2027-01-10T00:00:00Z"});
  EXPECT_EQ(idle({"zoe", R"({"floor": 7, "org": "acme"})"}), Texts{"far-admins 2 "});
}

TEST(Explanation, TellsTheConstraintThatTookRoles) {
  const Explanation explanation =
      World().explain({"sign", "record", "r1", ""}, {"rita", R"({"groups": ["/authors", "/approvers", "/agents"]})"});
  ASSERT_EQ(explanation.constraints.size(), 1u);
  EXPECT_EQ(explanation.constraints[0].constraint, "author-approver");
  EXPECT_EQ(explanation.constraints[0].kind, model::ConstraintKind::dynamic_separation);
  EXPECT_EQ(explanation.constraints[0].roles, (Texts{"author", "approver"}));
  EXPECT_EQ(explanation.inactive, Texts{});
  EXPECT_EQ(explanation.decision.roles, (Texts{"agent", "base"}));
}

Texts guard_of(const Explanation& explanation) {
  Texts out;
  for (const GuardFinding& finding : explanation.guard) {
    out.push_back(fmt::format("{} {} {}{}", finding.value, wire::code(finding.reason), finding.hard ? "hard" : "soft",
                              finding.opened ? fmt::format(" opened by {}", finding.services.front()) : ""));
  }
  return out;
}

TEST(Explanation, TellsWhatTheGuardKnowsOpenedOrNot) {
  const World world;
  EXPECT_EQ(guard_of(world.explain(connect("api.example.com"))), Texts{});
  EXPECT_EQ(guard_of(world.explain(connect("wiki.internal", 443, R"("10.1.2.3")"))),
            (Texts{"wiki.internal guard:special-use-name soft opened by wiki",
                   "10.1.2.3 guard:private-address soft opened by wiki"}));
  EXPECT_EQ(guard_of(world.explain(connect("printer.local", 6443, R"("10.1.2.3", "127.0.0.1", "23.0.0.10")"))),
            (Texts{"printer.local guard:special-use-name soft", "6443 guard:forbidden-port hard",
                   "10.1.2.3 guard:private-address soft", "127.0.0.1 guard:loopback-address hard"}));
}

TEST(Explanation, NamesTheAddressesThatNoRuleCovers) {
  const World world;
  EXPECT_EQ(world.explain(connect("half.example.net", 443, R"("23.0.0.10", "23.0.1.10")")).uncovered,
            Texts{"23.0.1.10"});
  EXPECT_EQ(world.explain(connect("half.example.net")).uncovered, Texts{});
}

TEST(Explanation, TellsWhichRuleGaveEachObligation) {
  const World world;
  const auto origins = [](const Explanation& explanation) {
    Texts out;
    for (const ObligationOrigin& origin : explanation.obligations) {
      std::string line = fmt::format("{} {}:", origin.name, to_canonical_json(origin.value));
      for (const auto& source : origin.sources) {
        line += fmt::format(" {} {}{}", source.rule, source.states, source.decides ? "" : " (more)");
      }
      out.push_back(std::move(line));
    }
    return out;
  };
  EXPECT_EQ(origins(world.explain(connect("api.example.com"))),
            (Texts{"limits.bytesOut 1048576: web/api 1MiB", "limits.idle 60: web/api 5m (more) web/api-too 1m"}));
  EXPECT_EQ(origins(world.explain({"process.exec", "program", "/usr/bin/make",
                                   R"({"file": "/usr/bin/make", "cwd": "/workspace", "user": "sandbox",
                                       "env": ["PATH", "SHELL"]})"})),
            (Texts{R"(limits.wall 600: programs/tools 10m)", R"(env.pass ["PATH"]: programs/tools [PATH, HOME])",
                   R"(write ["/workspace/**"]: programs/tools ["/workspace/**"])"}));
}

TEST(Explanation, TellsWhichDeclaredPropertiesApply) {
  const World world;
  const Explanation plain = world.explain({"read", "record", "r1", ""});
  ASSERT_EQ(plain.declared.size(), 2u);
  EXPECT_EQ(to_canonical_json(plain.declared[0].applied), R"({"department":"research"})");
  EXPECT_EQ(to_canonical_json(plain.declared[1].applied), R"({"owner":"rita","status":"open"})");
  const Explanation stated = world.explain({"read", "record", "r1", R"({"status": null})"});
  EXPECT_EQ(to_canonical_json(stated.declared[1].applied), R"({"owner":"rita"})");
  EXPECT_EQ(stated.declared[1].overruled, Texts{"status"});
}

TEST(Explanation, SaysTheSameAsJson) {
  const Explanation explanation = World().explain(connect("files.example.net"));
  const JsonValue json = to_json(&explanation, Basis::differs, "why", "policies/");
  EXPECT_EQ(*json.find("basis"), JsonValue("differs"));
  EXPECT_EQ(*json.find("note"), JsonValue("why"));
  EXPECT_EQ(to_canonical_json(json.find("rules")->as_array()->front()),
            R"({"clause":"when","clauseColumn":69,"clauseLine":92,"column":9,"effect":"allow","enforced":true,)"
            R"("file":"policies/world.yaml","line":92,"matched":false,"rule":"web/files","state":"fails",)"
            R"("wanted":"subject.claims.floor == 3"})");
  EXPECT_EQ(to_canonical_json(to_json(explanation.roles).as_array()->front()),
            R"({"bindings":["agents"],"role":"agent","sources":[{"binding":"agents","column":36,"file":"world.yaml",)"
            R"("line":44,"text":"binding agents by group /agents","through":"group /agents"}]})");
  const JsonValue nothing = to_json(nullptr, Basis::unavailable, "gone");
  EXPECT_EQ(to_canonical_json(nothing), R"({"basis":"unavailable","note":"gone","rules":[]})");
}

TEST(Replay, AsksWhatTheRecordHolds) {
  const World world;
  wire::DecisionRecord record;
  record.time = *Timestamp::parse("2026-11-25T12:00:00Z");
  record.subject = {"user", "idp/rita"};
  record.action = "read";
  record.resource = {"record", "r1", {}};
  record.decision = true;
  record.reason = "rule-allow";
  record.rules = {"records/read"};
  const auto request = recorded_question(record, recorded_principal(record, std::nullopt));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(same_answer(record, explain(world.snapshot(), *request).decision));
  record.reason = "token-expired";
  record.action = "egress.connect";
  record.resource = {"endpoint", "api.example.com:443", JsonValue(JsonValue::Object{{"protocol", "tls"}})};
  const auto refused = recorded_question(record, recorded_principal(record, std::nullopt));
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->identity_failure, Reason::token_expired);
  record.resource.id = "2130706433:443";
  EXPECT_FALSE(recorded_question(record, recorded_principal(record, std::nullopt)));
}

// The session may have other roles by now.
TEST(Replay, AsksWithTheRolesThatTheSessionHadThen) {
  wire::DecisionRecord record;
  record.reason = "rule-allow";
  record.subject = {"user", "idp/rita"};
  record.roles = {"author"};
  wire::Principal now;
  now.assurance = wire::Assurance::verified;
  now.session.emplace();
  const auto roles_then = [&] { return recorded_principal(record, now).session->roles; };
  EXPECT_EQ(roles_then(), std::nullopt) << "one that never named its roles has all of them";
  now.session->roles = {"approver"};
  EXPECT_EQ(roles_then(), std::vector<std::string>{"author"});
  record.reason = "session-revoked";
  EXPECT_EQ(recorded_principal(record, now).assurance, wire::Assurance::asserted);
}

}  // namespace
}  // namespace portreeve::analyze

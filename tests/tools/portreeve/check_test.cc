// `portreeve check` and `portreeve test`, over folders as an admin has them.
#include <gtest/gtest.h>

#include <string>

#include "engine/reader/json_reader.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

constexpr char kGood[] = R"(apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec: { issuer: "https://idp.example.com", audiences: [portreeve], algorithms: [EdDSA], jwks: discovery }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  rules:
    - { id: packages, effect: allow, hosts: [packages.example.org] }
    - { id: no-paste, effect: deny, hosts: [paste.example.net], reason: exfiltration-risk }
)";

constexpr char kTable[] = R"(apiVersion: portreeve/v1
kind: PolicyTest
metadata: { name: web-table }
spec:
  subjects: { ada: { issuer: idp, claims: { sub: ada } } }
  cases:
    - { as: ada, egress: "https://packages.example.org", expect: allow, by: web/packages }
)";

// An unknown key and an unknown list, in one file.
constexpr char kBad[] = R"(apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  rules:
    - { id: packages, efect: allow, hosts: [packages.example.org] }
    - { id: others, effect: allow, hosts: [list:nothing] }
)";

// A rule of the internet kind, of which the checker warns.
constexpr char kWarned[] = R"(apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec: { rules: [{ id: the-web, effect: allow, internet: true }] }
)";

JsonValue parsed(const std::string& text) {
  const auto value = reader::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : JsonValue();
}

TEST(Check, SumsUpWhatItAccepts) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  const Ended ended = portreeve({"check", folder.path()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(ended.out.substr(0, 36), "2 documents, 2 rules, revision sha25") << ended.out;
}

TEST(Check, TellsAllErrorsOnStandardErrorEachAtItsPlace) {
  const Folder folder;
  folder.write("deep/web.yaml", kBad);
  const Ended ended = portreeve({"check", folder.path()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find(folder.path() + "/deep/web.yaml:6:23: error: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("did you mean `effect`?"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(folder.path() + "/deep/web.yaml:7:"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(" in 1 file\n"), std::string::npos) << ended.err;
}

TEST(Check, ShowsTheLineAndACaretOnATerminalOnly) {
  const Folder folder;
  folder.write("web.yaml", kBad);
  const Process::Settings terminal{"", 120};
  const std::string line = "    - { id: packages, efect: allow, hosts: [packages.example.org] }";
  const std::string shown = portreeve({"check", folder.path()}, terminal).out;
  EXPECT_NE(shown.find("  " + line + "\r\n  " + std::string(line.find("efect"), ' ') + "\x1b[32m^"), std::string::npos)
      << shown;
  EXPECT_EQ(portreeve({"check", folder.path()}).err.find(line), std::string::npos);
}

TEST(Check, WarningsFailWhereStrict) {
  const Folder folder;
  folder.write("web.yaml", kWarned);
  EXPECT_EQ(portreeve({"check", folder.path()}).code, 0);
  EXPECT_EQ(portreeve({"check", "--strict", folder.path()}).code, 1);
  EXPECT_NE(portreeve({"check", folder.path()}).err.find("warning: "), std::string::npos);
}

TEST(Check, JsonHasWhatTheTextHas) {
  const Folder folder;
  folder.write("web.yaml", kBad);
  const Ended bad = portreeve({"check", "--json", folder.path()});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.err, "");
  const JsonValue report = parsed(bad.out);
  EXPECT_EQ(*report.find("ok"), JsonValue(false));
  const JsonValue::Array& found = *report.find("diagnostics")->as_array();
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(*found[0].find("severity"), JsonValue("error"));
  EXPECT_EQ(*found[0].find("line"), JsonValue(6));
  EXPECT_EQ(*found[0].find("file"), JsonValue(folder.path() + "/web.yaml"));
  folder.write("web.yaml", kGood);
  const JsonValue good = parsed(portreeve({"check", "--json", folder.path()}).out);
  EXPECT_EQ(*good.find("ok"), JsonValue(true));
  EXPECT_EQ(*good.find("rules"), JsonValue(2));
  EXPECT_EQ(*good.find("documents"), JsonValue(2));
}

TEST(Check, TakesFilesAndFoldersAsOneSet) {
  const Folder folder;
  const std::string file = folder.write("one.yaml", kGood);
  folder.write("more/tests.yml", kTable);
  const Ended ended = portreeve({"check", file, folder.file("more")});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out.substr(0, 11), "3 documents") << ended.out;
  EXPECT_EQ(portreeve({"check", file, file}).out.substr(0, 11), "2 documents");
}

TEST(Check, WhatCannotBeReadIsAnErrorNotASuccess) {
  const Folder folder;
  for (const std::string& path : {folder.file("missing"), folder.path()}) {
    const Ended ended = portreeve({"check", path});
    EXPECT_EQ(ended.code, 1) << path;
    EXPECT_EQ(ended.err.substr(0, 11), "portreeve: ") << ended.err;
    EXPECT_EQ(ended.out, "");
  }
}

TEST(Check, HostileTextInAPolicyNeverReachesTheTerminal) {
  const Folder folder;
  folder.write("web.yaml", std::string(kGood) + "---\nkind: \"\x1b]0;owned\x07\"\n\xe2\x80\xae: 1\n");
  const Ended ended = portreeve({"check", folder.path()}, {"", 100});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out.find("\x1b]"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.out.find('\x07'), std::string::npos);
  EXPECT_EQ(ended.out.find("\xe2\x80\xae"), std::string::npos);
}

TEST(Test, PassesAndCountsCasesAndRules) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  folder.write("tests.yaml", kTable);
  const Ended ended = portreeve({"test", folder.path()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "1 case passed, 0 failed; 1 of 2 rules decided a case\n");
  EXPECT_EQ(ended.err, "");
}

TEST(Test, CoverageNamesRulesThatDecidedNothing) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  folder.write("tests.yaml", kTable);
  const std::string named = folder.path() + "/web.yaml:12:9: rule `web/no-paste` decided no case\n";
  const Ended told = portreeve({"test", folder.path(), "--coverage"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, named);
  const Ended required = portreeve({"test", folder.path(), "--require-coverage"});
  EXPECT_EQ(required.code, 1);
  EXPECT_EQ(required.err, named);
}

TEST(Test, AFailureHasItsPlaceAndBothRows) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  folder.write("tests.yaml",
               std::string(kTable) + "    - { as: ada, egress: \"https://paste.example.net\", expect: allow }\n");
  const Ended ended = portreeve({"test", folder.path()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "1 case passed, 1 failed; 2 of 2 rules decided a case\n");
  EXPECT_EQ(ended.err, folder.path() +
                           "/tests.yaml:8:7: failed of table `web-table`\n"
                           "expected: { as: \"ada\", egress: \"https://paste.example.net\", expect: allow }\n"
                           "  actual: { as: \"ada\", egress: \"https://paste.example.net\", expect: deny, reason: "
                           "\"rule-deny\", ruleReason: "
                           "\"exfiltration-risk\", by: [\"web/no-paste\"] }\n");
  EXPECT_EQ(portreeve({"test", folder.path(), "--filter", "packages"}).code, 0);
  EXPECT_EQ(portreeve({"test", folder.path(), "--filter", "no such thing"}).code, 1);
}

TEST(Test, JsonHasFailuresAndCoverage) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  folder.write("tests.yaml",
               std::string(kTable) + "    - { as: ada, egress: \"https://elsewhere.example.net\", expect: allow }\n");
  const Ended ended = portreeve({"test", folder.path(), "--json"});
  EXPECT_EQ(ended.code, 1);
  const JsonValue report = parsed(ended.out);
  EXPECT_EQ(*report.find("ok"), JsonValue(false));
  EXPECT_EQ(*report.find("cases"), JsonValue(2));
  EXPECT_EQ(report.find("failures")->as_array()->size(), 1u);
  EXPECT_EQ(*(*report.find("undecided")->as_array())[0].find("rule"), JsonValue("web/no-paste"));
}

TEST(Test, NothingTestedIsNoSuccess) {
  const Folder folder;
  folder.write("web.yaml", kGood);
  EXPECT_EQ(portreeve({"test", folder.path()}).code, 1);
  folder.write("web.yaml", kBad);
  EXPECT_EQ(portreeve({"test", folder.path()}).code, 1);
}

}  // namespace
}  // namespace portreeve::test

// `portreeve eval` over the sample policies: the questions of each domain, asked by flags, files and standard input.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/reader/json_reader.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

const std::string kPolicies = PORTREEVE_SOURCE_DIR "/policies";

Ended eval(std::vector<std::string> arguments, const Process::Settings& settings = {}) {
  arguments.insert(arguments.begin(), {"eval", "--policies", kPolicies});
  return portreeve(arguments, settings);
}

JsonValue parsed(const std::string& text) {
  const auto value = reader::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : JsonValue();
}

std::string reason_of(const Ended& ended) {
  const JsonValue answer = parsed(ended.out);
  const JsonValue* const context = answer.find("context");
  const JsonValue* const reason = context == nullptr ? nullptr : context->find("reason");
  return reason == nullptr || reason->as_string() == nullptr ? "none: " + ended.err : *reason->as_string();
}

struct Question {
  const char* name;
  std::vector<std::string> arguments;
  int code;
  const char* reason;
};

TEST(Eval, JudgesTheQuestionsOfEveryDomain) {
  const std::vector<std::string> rita{"--as", "keycloak/rita", "--group", "/agents/research", "--tenant", "acme"};
  const std::vector<std::string> carl{"--as", "keycloak/carl", "--group", "/agents/coding", "--tenant", "acme"};
  const auto asked = [](std::vector<std::string> who, std::vector<std::string> what) {
    who.insert(who.end(), what.begin(), what.end());
    return who;
  };
  const std::vector<Question> questions{
      {"egress allowed", asked(rita, {"--egress", "https://packages.example.org"}), 0, "rule-allow"},
      {"egress by no rule", asked(rita, {"--egress", "https://elsewhere.example.com"}), 3, "default-deny"},
      {"egress denied by rule", asked(rita, {"--egress", "connect://pastebin.com:443"}), 3, "rule-deny"},
      {"egress to an address inside",
       asked(rita, {"--egress", "https://packages.example.org", "--address", "10.1.2.3"}), 3, "guard:private-address"},
      {"one bad address of two",
       asked(rita,
             {"--egress", "https://packages.example.org", "--address", "93.184.215.14", "--address", "127.0.0.1"}),
       3, "guard:loopback-address"},
      {"http by method and path", asked(rita, {"--egress", "http://archive.example.org/data/a", "--method", "GET"}), 0,
       "rule-allow"},
      {"a model",
       asked(rita, {"--secret", "llm/anthropic", "--method", "POST", "--path", "/v1/messages", "--model", "claude-x"}),
       0, "rule-allow"},
      {"a program with arguments",
       asked(carl, {"--exec", "/usr/bin/make", "--cwd", "/workspace", "--user", "sandbox", "--", "-j", "--keep-going"}),
       0, "rule-allow"},
      {"a program as root", asked(carl, {"--exec", "/usr/bin/make", "--cwd", "/workspace", "--user", "root"}), 3,
       "rule-deny"},
      {"a tool", asked(rita, {"--action", "call", "--resource", "tool:search/web"}), 0, "rule-allow"},
      {"another tenant",
       {"--as", "keycloak/rita", "--group", "/agents/research", "--tenant", "globex", "--egress",
        "https://packages.example.org"},
       3,
       "default-deny"},
      {"by claims alone",
       {"--as", "keycloak/carol", "--claims", R"({"department": "engineering", "org_id": "globex"})", "--egress",
        "https://git.example.org"},
       0,
       "rule-allow"},
      {"at a time",
       {"--as", "keycloak/dora", "--group", "/agents/data", "--tenant", "acme", "--egress",
        "https://files.partner.example.net", "--at", "2026-11-24T03:00:00Z"},
       3,
       "rule-deny"},
      {"of less trust",
       {"--as", "keycloak/dora", "--group", "/agents/data", "--tenant", "acme", "--egress",
        "https://files.partner.example.net", "--at", "2026-11-24T12:00:00Z", "--trust", "partner"},
       3,
       "rule-deny"},
  };
  for (const Question& question : questions) {
    std::vector<std::string> arguments = question.arguments;
    arguments.insert(arguments.begin(), "--json");
    const Ended ended = eval(arguments);
    EXPECT_EQ(ended.code, question.code) << question.name << "\n" << ended.out << ended.err;
    EXPECT_EQ(reason_of(ended), question.reason) << question.name;
  }
}

TEST(Eval, SaysWhyForPeople) {
  const Ended ended = eval({"--as", "keycloak/rita", "--group", "/agents/research", "--tenant", "acme", "--egress",
                            "https://packages.example.org", "--at", "2026-11-24T12:00:00Z"});
  EXPECT_EQ(ended.code, 0);
  for (const char* const line :
       {"decision     allow\n", "question     egress.connect endpoint packages.example.org:443 for keycloak/rita\n",
        "reason       rule-allow: an allow rule matched and nothing denied\n",
        "roles        agent  (inherited by research-agent)\n",
        "             research-agent  (binding research-team by group /agents/research)\n", "tenant       acme\n",
        "time         2026-11-24T12:00:00Z\n", "revision     sha256:"}) {
    EXPECT_NE(ended.out.find(line), std::string::npos) << line << "\n" << ended.out;
  }
  EXPECT_NE(ended.out.find("rules        research-web/packages  " + kPolicies + "/sample/egress.yaml:"),
            std::string::npos)
      << ended.out;
}

TEST(Eval, ExplainsEveryRuleConsidered) {
  const Ended ended = eval({"--as", "keycloak/conny", "--group", "/contractors", "--tenant", "globex", "--egress",
                            "https://wiki.internal.example.org", "--address", "100.64.10.7", "--explain"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_NE(ended.out.find("allow coding-hosts/wiki  did not match: `when` fails (the rule says "), std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("(binding contractors by group /contractors)"), std::string::npos) << ended.out;
}

TEST(Eval, ExplainsAConstraintThatTookTheRoles) {
  const Ended ended =
      eval({"--as", "keycloak/both", "--claims", R"({"groups": ["/people/platform", "/people/security"]})", "--action",
            "propose", "--resource", "policy-set:next"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_NE(ended.out.find("constraint   author-approver: the subject is over it and has none of its roles\n"),
            std::string::npos)
      << ended.out;
}

constexpr char kBody[] = R"({"subject": {"type": "user", "id": "keycloak/rita"}, "action": {"name": "egress.connect"},
  "resource": {"type": "endpoint", "id": "packages.example.org:443", "properties":
    {"host": "packages.example.org", "port": 443, "protocol": "connect", "addresses": ["93.184.215.14"]}}})";

TEST(Eval, TakesAnAuthzenBodyFromAFileOrStandardInput) {
  const Folder folder;
  const std::string file = folder.write("question.json", kBody);
  const std::vector<std::string> who{"--as",     "keycloak/rita", "--group", "/agents/research",
                                     "--tenant", "acme",          "--json"};
  for (const std::string& place : {file, std::string("-")}) {
    std::vector<std::string> arguments = who;
    arguments.push_back(place);
    const Ended ended = eval(arguments, {place == "-" ? kBody : "", 0});
    EXPECT_EQ(ended.code, 0) << place << ended.err;
    EXPECT_EQ(*parsed(ended.out).find("decision"), JsonValue(true));
  }
}

TEST(Eval, ABodyAloneProvesNobody) {
  const Ended ended = eval({"-", "--json"}, {kBody, 0});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(reason_of(ended), "token-missing");
  EXPECT_EQ(ended.err, "No token is verified here; `--as ISSUER/SUB` with --claims says whose it would be.\n");
}

TEST(Eval, WhatTheWireRefusesIsAnErrorAndNoDecision) {
  const Folder folder;
  struct Refused {
    const char* name;
    std::vector<std::string> arguments;
    const char* error;
  };
  const std::vector<Refused> cases{
      {"an address in another spelling",
       {"--as", "keycloak/rita", "--egress", "https://2130706433"},
       "the question at "},
      {"no JSON", {folder.write("a.json", "{")}, "a.json: "},
      {"a key twice", {folder.write("b.json", R"({"subject": 1, "subject": 2})")}, "b.json: "},
      {"no question", {folder.write("c.json", "{}")}, "c.json at "},
      {"no such file", {folder.file("missing.json")}, "missing.json: No such file or directory"},
      {"no such issuer",
       {"--as", "okta/rita", "--egress", "https://a.example.org"},
       "portreeve: --as: no IdentityProvider is named `okta`; there is dev, keycloak\n"},
  };
  for (const Refused& refused : cases) {
    const Ended ended = eval(refused.arguments);
    EXPECT_EQ(ended.code, 1) << refused.name << ended.out;
    EXPECT_NE(ended.err.find(refused.error), std::string::npos) << refused.name << "\n" << ended.err;
    EXPECT_EQ(ended.out, "") << refused.name;
  }
}

}  // namespace
}  // namespace portreeve::test

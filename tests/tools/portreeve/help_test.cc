// What every subcommand owes who types it: help that begins with an example, usage errors that say where help is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

TEST(Help, OfEachSubcommandBeginsWithAnExampleOfIt) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"check"},
                                                       {"test"},
                                                       {"eval"},
                                                       {"pep"},
                                                       {"pep", "add"},
                                                       {"pep", "list"},
                                                       {"pep", "remove"},
                                                       {"token"},
                                                       {"decisions"},
                                                       {"decisions", "show"}};
  for (std::vector<std::string> words : commands) {
    std::string name = "portreeve";
    for (const std::string& word : words) name += " " + word;
    // The example of `decisions show` has its options between the words.
    const std::string begins =
        words.size() == 2 && words[0] == "decisions" ? "Example:\n  portreeve decisions " : "Example:\n  " + name + " ";
    words.emplace_back("--help");
    const Ended ended = portreeve(words);
    EXPECT_EQ(ended.code, 0) << name;
    EXPECT_EQ(ended.out.substr(0, begins.size()), begins) << name << "\n" << ended.out;
    EXPECT_NE(ended.out.find("Usage: " + name), std::string::npos) << name << "\n" << ended.out;
    EXPECT_EQ(ended.err, "") << name;
  }
}

TEST(Help, NamesTheExitCodes) {
  EXPECT_NE(portreeve({"--help"}).out.find("0 done, or allowed; 1 it failed; 2 wrong usage; 3 denied (eval)"),
            std::string::npos);
}

TEST(Version, IsOneLine) {
  const Ended ended = portreeve({"--version"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, std::string("portreeve ") + PORTREEVE_VERSION + "\n");
}

struct Misuse {
  const char* name;
  std::vector<std::string> arguments;
  const char* error;  // the whole of it
};

TEST(Usage, WrongUsageEndsWithTwoAndSaysWhatIsRightOnStandardError) {
  const std::vector<Misuse> cases{
      {"no subcommand", {}, "portreeve: A subcommand is required; see `portreeve --help`\n"},
      {"unknown subcommand",
       {"chekc"},
       "portreeve: unknown subcommand `chekc` (did you mean `check`?); see `portreeve --help`\n"},
      {"unknown option",
       {"check", "--stict"},
       "portreeve: The following argument was not expected: --stict; see `portreeve check --help`\n"},
      {"nested subcommand", {"pep"}, "portreeve: A subcommand is required; see `portreeve pep --help`\n"},
      {"missing option", {"pep", "add", "x"}, "portreeve: --domain is required; see `portreeve pep add --help`\n"},
      {"unknown domain",
       {"pep", "add", "x", "--domain", "web"},
       "portreeve: unknown domain `web`; it is one of egress, secrets, execution, access, sessions\n"},
      {"no question", {"eval"}, "portreeve: ask something: --egress, --secret, --exec, --action, a FILE, or `-`\n"},
      {"nobody asks",
       {"eval", "--egress", "https://a.example.org"},
       "portreeve: --as says who asks: `ISSUER/SUB`, like `keycloak/rita`\n"},
      {"a malformed subject",
       {"eval", "--egress", "https://a.example.org", "--as", "rita"},
       "portreeve: --as: a subject is `ISSUER/SUB`, like `keycloak/rita`; see `portreeve eval --help`\n"},
      {"an action on nothing", {"eval", "--action", "read", "--as", "a/b"}, "portreeve: --action needs --resource\n"},
      {"flags and a file",
       {"eval", "--egress", "https://a.example.org", "--as", "a/b", "q.json"},
       "portreeve: a question is asked by flags or by a FILE, not by both\n"},
      {"no moment",
       {"decisions", "--since", "yesterday"},
       "portreeve: --since: a time is RFC 3339 with a zone, `2026-11-24T05:00:00Z`, or how long ago it was, `15m`; see "
       "`portreeve "
       "decisions --help`\n"},
  };
  for (const Misuse& misuse : cases) {
    const Ended ended = portreeve(misuse.arguments);
    EXPECT_EQ(ended.code, 2) << misuse.name;
    EXPECT_EQ(ended.err, misuse.error) << misuse.name;
    EXPECT_EQ(ended.out, "") << misuse.name;
  }
}

TEST(Usage, HostileTextInArgumentsNeverReachesTheTerminal) {
  const Ended ended = portreeve({"check", "\x1b[2Jgone"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err.find('\x1b'), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace portreeve::test

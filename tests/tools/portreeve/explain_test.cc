// `portreeve explain` over the sample policies: why, and what would change a denial.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/reader/json_reader.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

Ended explain(std::vector<std::string> arguments) {
  const std::vector<std::string> whole{"explain",
                                       "--policies",
                                       PORTREEVE_SOURCE_DIR "/policies",
                                       "--as",
                                       "keycloak/rita",
                                       "--group",
                                       "/agents/research",
                                       "--tenant",
                                       "acme"};
  arguments.insert(arguments.begin(), whole.begin(), whole.end());
  return portreeve(arguments);
}

// The tree up to the line that names the time and the revision.
std::string tree(const Ended& ended) { return ended.out.substr(0, ended.out.rfind("└─ at ")); }

TEST(Explain, DrawsWhyAsATree) {
  const Ended ended = explain({"--egress", "https://packages.example.org:8443"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_TRUE(tree(ended).starts_with("deny  egress.resolve packages.example.org:8443\n├─ default-deny: "))
      << ended.out;
  EXPECT_NE(tree(ended).find("│  ├─ role agent (inherited by research-agent)\n"), std::string::npos) << ended.out;
  EXPECT_NE(tree(ended).find("allow research-web/packages: did not match: `ports` fails\n"), std::string::npos)
      << ended.out;
  EXPECT_NE(tree(ended).find("─ research-web/packages lacks `ports`\n"), std::string::npos) << ended.out;
}

TEST(Explain, OffersNothingWhereItIsAllowed) {
  const Ended ended = explain({"--egress", "https://packages.example.org"});
  EXPECT_TRUE(ended.out.starts_with("allow  egress.connect packages.example.org:443\n")) << ended.out;
  EXPECT_EQ(ended.out.find("to allow it"), std::string::npos) << ended.out;
}

TEST(Explain, SaysTheSameAsJson) {
  const auto said = reader::parse_json(explain({"--egress", "connect://pastebin.com:443", "--json"}).out);
  ASSERT_TRUE(said);
  EXPECT_EQ(*said->find("decision"), JsonValue(false));
  const JsonValue* const ways = said->find("whyNot");
  ASSERT_TRUE(ways != nullptr && ways->as_array() != nullptr && !ways->as_array()->empty());
  const JsonValue& first = ways->as_array()->front();
  EXPECT_EQ(*first.find("remedy"), JsonValue("lift-deny"));
  EXPECT_EQ(*first.find("rule"), JsonValue("everyone/no-paste-sites"));
  EXPECT_TRUE(first.find("place")->as_string()->ends_with(":7")) << to_canonical_json(first);
}

}  // namespace
}  // namespace portreeve::test

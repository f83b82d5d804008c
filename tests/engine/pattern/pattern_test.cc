#include "engine/pattern/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/pattern/glob.h"
#include "tests/engine/pattern/slow_glob.h"

namespace portreeve::pattern {
namespace {

struct GlobCase {
  const char* glob;
  const char* text;
  bool expected;
};

TEST(Glob, CoversTheWholeText) {
  const GlobCase cases[] = {
      {"/a/b", "/a/b", true},
      {"/a/b", "/a/b/", false},
      {"/a/b", "/a/B", false},
      {"/a/*", "/a/b", true},
      {"/a/*", "/a/", false},
      {"/a/*", "/a", false},
      {"/a/*", "/a/b/c", false},
      {"/a/*/c", "/a//c", false},
      {"/a/*/c", "/a/b/c", true},
      {"/a/x*", "/a/x", true},
      {"/a/x*", "/a/xyz", true},
      {"/a/x*", "/a/x/y", false},
      {"/a/*x*y", "/a/bxcxdy", true},
      {"/a/*x*y", "/a/y", false},
      {"*", "claude", true},
      {"*", "", false},
      {"*", "a/b", false},
      {"claude-*", "claude-", true},
      {"claude-*", "Claude-x", false},
      {"LC_*", "LC_ALL", true},
      {"LC_*", "LC", false},
      {"/a/**", "/a", true},
      {"/a/**", "/a/", true},
      {"/a/**", "/a/b/c", true},
      {"/a/**", "/ab", false},
      {"/a/**", "/", false},
      {"/**", "/", true},
      {"/**", "/x/y", true},
      {"/**", "", true},
      {"/a/**/b", "/a/b", true},
      {"/a/**/b", "/a/x/b", true},
      {"/a/**/b", "/a/x/y/b", true},
      {"/a/**/b", "/a/xb", false},
      {"/a/**/b", "/ab", false},
      {"/a/**/*.c", "/a/x/y.c", true},
      {"/a/**/*.c", "/a/y.c", true},
      {"/a/**/*.c", "/a/x/.c", true},
      {"**", "", true},
      {"**", "a/b", true},
      {"**.log", "a/b.log", true},
      {"a**b", "a/x/b", true},
      {"a**b", "ab", true},
      {"**/x", "x", true},
      {"**/x", "a/b/x", true},
      {"**/x", "ax", false},
      {"/a/**/b/**/c", "/a/b/c", true},
      {"/a/**/b/**/c", "/a/1/b/2/3/c", true},
      {"/a/**/b/**/c", "/a/1/c", false},
      {"/a/**/b/*", "/a/b/c/b/d", true},
      {"/a/*b/**", "/a/xb", true},
      {"/a/*b/**", "/a/xb/c", true},
  };
  for (const GlobCase& c : cases) EXPECT_EQ(glob_matches(c.glob, c.text), c.expected) << c.glob << " ~ " << c.text;
}

TEST(Glob, AgreesWithItsSlowTwin) {
  const unsigned seed = 20261124;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts{"a", "b", "/", "*", "**", "/**/", "/**", "/*"};
  for (int round = 0; round < 200'000; ++round) {
    std::string glob, text;
    for (auto n = random() % 6; n > 0; --n) glob += parts[random() % parts.size()];
    if (glob.find("***") != std::string::npos) continue;  // refused by no one, meaningless to everyone
    for (auto n = random() % 7; n > 0; --n) text += "ab/"[random() % 3];
    ASSERT_EQ(glob_matches(glob, text), slow_matches(glob, text, true)) << "{\"" << glob << "\", \"" << text << "\"}";
  }
}

TEST(Pattern, ReadsLiteralsGlobsAndExpressions) {
  EXPECT_EQ(Pattern::parse("/usr/bin/git")->kind(), PatternKind::literal);
  EXPECT_EQ(Pattern::parse("/opt/**")->kind(), PatternKind::glob);
  const auto regex = Pattern::parse("/re:/v[12]/.*/");
  ASSERT_TRUE(regex);
  EXPECT_EQ(regex->kind(), PatternKind::regex);
  EXPECT_TRUE(regex->matches("/v1/x"));
  EXPECT_FALSE(regex->matches("x/v1/x")) << "an expression covers the whole text";
}

TEST(Pattern, RefusesWhatDoesNotCompile) {
  EXPECT_EQ(Pattern::parse("/re:(/").error().message, "`/re:(/` is not an RE2 expression: missing ): (");
  EXPECT_EQ(Pattern::parse("/re:a").error().message,
            "`/re:a` begins like an expression but does not end with `/`; write `/re:…/`");
  EXPECT_FALSE(Pattern::parse(""));
  EXPECT_FALSE(Pattern::parse("/re:(a{1000}){1000}/"));
}

TEST(Pattern, KnowsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(Pattern::parse("/opt/**")->literal_prefix(), "/opt");
  EXPECT_EQ(Pattern::parse("/opt/x*")->literal_prefix(), "/opt/x");
  EXPECT_EQ(Pattern::parse("/re:/opt/g[0-9]+/.*/")->literal_prefix(), "/opt/g");
  EXPECT_EQ(Pattern::parse("/re:.*x/")->literal_prefix(), "");
  EXPECT_EQ(Pattern::parse("/re:(?i)/a/")->literal_prefix(), "/");
}

TEST(Pattern, EveryMatchOfAnExpressionBeginsWithItsPrefix) {
  const unsigned seed = 20261124;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts{"a",  "b",     "/", ".*",     "[ab]", "(a|b)", "a?",
                                       "b*", "(/a)+", "|", "(?i:a)", "^",    "$"};
  int matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "/re:";
    for (auto n = 1 + random() % 5; n > 0; --n) text += parts[random() % parts.size()];
    const auto pattern = Pattern::parse(text + "/");
    if (!pattern) continue;
    for (int probe = 0; probe < 10; ++probe) {
      std::string path;
      for (auto n = random() % 5; n > 0; --n) path += "ab/A"[random() % 4];
      if (!pattern->matches(path)) continue;
      ++matched;
      ASSERT_TRUE(path.starts_with(pattern->literal_prefix()))
          << text << "/ ~ " << path << ": " << pattern->literal_prefix();
    }
  }
  EXPECT_GT(matched, 1000);
}

}  // namespace
}  // namespace portreeve::pattern

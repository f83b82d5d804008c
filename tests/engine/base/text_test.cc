#include "engine/base/text.h"

#include <gtest/gtest.h>

namespace portreeve {
namespace {

TEST(Utf8, TellsWellFormedFromIllFormed) {
  for (const std::string_view good : {"", "a", "é", "\U0010FFFF", "\uD7FF", "\uE000"}) EXPECT_TRUE(is_valid_utf8(good));
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80", "\xE2\x82", "a\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << printable(bad);
  }
}

// RFC 4648 §10.
TEST(Base64, MatchesTheVectorsOfTheRfc) {
  const struct {
    const char* plain;
    const char* encoded;
  } cases[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};
  for (const auto& c : cases) {
    EXPECT_EQ(base64_encode(c.plain), c.encoded);
    EXPECT_EQ(base64_decode(c.encoded), c.plain);
  }
  EXPECT_EQ(base64url_encode("\xFB\xFF"), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xFB\xFF");
}

TEST(Base64, RefusesEveryOtherSpelling) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zg==\n", "Z g=", "====", "Zg=a", "-_8="})
    EXPECT_FALSE(base64_decode(text)) << text;
  for (const char* text : {"Zg==", "Zh", "A", "Zg\n", "+/8"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[31mé\n"), "a\\x1b[31mé\\x0a");
  EXPECT_EQ(printable("\u202egnp"), "\\xe2\\x80\\xaegnp");
  EXPECT_EQ(printable("\xFF"), "\\xff");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

}  // namespace
}  // namespace portreeve

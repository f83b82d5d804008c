#include "engine/base/json_value.h"

#include <gtest/gtest.h>

namespace portreeve {
namespace {

struct NumberCase {
  double value;
  const char* expected;
};

// RFC 8785 appendix B, and the boundaries between the notations.
TEST(CanonicalJson, WritesNumbersAsEcmaScriptDoes) {
  const NumberCase cases[] = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.5, "1.5"},
      {-1.5, "-1.5"},
      {1e21, "1e+21"},
      {1e20, "100000000000000000000"},
      {0.000001, "0.000001"},
      {0.0000001, "1e-7"},
      {123456.789, "123456.789"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740992.0, "9007199254740992"},
      {295147905179352830000.0, "295147905179352830000"},
      {333333333.3333332, "333333333.3333332"},
      {1e23, "1e+23"},
  };
  for (const NumberCase& c : cases) EXPECT_EQ(to_canonical_json(JsonValue(c.value)), c.expected);
}

TEST(CanonicalJson, SortsMembersByUtf16CodeUnits) {
  // RFC 8785 §3.2.3's own example keys.
  const JsonValue value(JsonValue::Object{
      {"\u20ac", 1}, {"\r", 2}, {"\ufb33", 3}, {"1", 4}, {"\U0001f600", 5}, {"\u0080", 6}, {"\u00f6", 7}});
  EXPECT_EQ(to_canonical_json(value),
            "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}");
}

TEST(CanonicalJson, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(to_canonical_json(JsonValue("a\"\\\b\f\n\r\t\x01\x7f/é")), "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/é\"");
}

TEST(JsonValue, FindsMembersAndSetsThem) {
  JsonValue value;
  value.set("b", 1);
  value.set("a", "x");
  value.set("b", 2);
  ASSERT_NE(value.find("b"), nullptr);
  EXPECT_EQ(*value.find("b"), JsonValue(2));
  EXPECT_EQ(value.find("c"), nullptr);
  EXPECT_EQ(JsonValue(3).find("a"), nullptr);
}

TEST(JsonValue, ComparesNumbersAcrossTheirForms) {
  EXPECT_EQ(JsonValue(1), JsonValue(1.0));
  EXPECT_FALSE(JsonValue(1) == JsonValue(1.5));
  EXPECT_FALSE(JsonValue(1) == JsonValue(true));
  EXPECT_FALSE(JsonValue(1) == JsonValue("1"));
}

}  // namespace
}  // namespace portreeve

#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace portreeve {
namespace {

TEST(Timestamp, ReadsRfc3339AndWritesItInUtc) {
  const struct {
    const char* text;
    const char* written;
  } cases[] = {
      {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
      {"2026-11-24T05:00:00+01:30", "2026-11-24T03:30:00Z"},
      {"2026-02-28T23:59:59.5-00:01", "2026-03-01T00:00:59.500Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
      {"2024-02-29T00:00:00.000001Z", "2024-02-29T00:00:00.000001Z"},
  };
  for (const auto& c : cases) {
    const auto time = Timestamp::parse(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(to_rfc3339(*time), c.written);
  }
}

TEST(Timestamp, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "2026-11-24", "2026-11-24T05:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z",
        "2026-11-24T05:00:60Z", "2026-11-24T05:00:00.Z", "2026-11-24T05:00:00.1234567890Z", "2026-11-24T05:00:00+24:00",
        "2026-11-24T05:00:00Zx", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "2026-11-24 05:00:00Z",
        "+026-11-24T05:00:00Z"}) {
    EXPECT_FALSE(Timestamp::parse(text)) << text;
  }
  EXPECT_EQ(Timestamp::parse("2026-11-24T05:00:00").error().message,
            "`2026-11-24T05:00:00` is not an RFC 3339 time with a zone, like `2026-11-01T00:00:00Z`");
}

TEST(Timestamp, CutsToMillisecondsOnBothSidesOfTheEpoch) {
  EXPECT_EQ(to_rfc3339_millis(Timestamp::from_unix(0, 999'999'999)), "1970-01-01T00:00:00.999Z");
  EXPECT_EQ(Timestamp::from_unix_millis(-1), Timestamp::from_unix(-1, 999'000'000));
  EXPECT_EQ(Timestamp::from_unix_millis(-1).unix_millis(), -1);
}

TEST(Timestamp, SaturatesAtTheEndsOfItsRange) {
  const Timestamp last = Timestamp::from_unix(kMaxUnixSeconds);
  EXPECT_EQ(last.plus(Seconds{1}).unix_seconds(), kMaxUnixSeconds);
  EXPECT_EQ(Timestamp().plus(Seconds::max()).unix_seconds(), kMaxUnixSeconds);
  EXPECT_EQ(Timestamp().plus(Seconds::min()).unix_seconds(), kMinUnixSeconds);
}

TEST(Duration, IsANumberWithAUnit) {
  EXPECT_EQ(parse_duration("30s")->count(), 30);
  EXPECT_EQ(parse_duration("1h30m")->count(), 5400);
  EXPECT_EQ(parse_duration("7d")->count(), 604'800);
  for (const char* text :
       {"", "30", "0s", "-1s", "1m1h", "1s1s", "1.5h", "1 h", "5x", "99999999999999999999s", "3651d", "h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ByteSize, IsANumberWithAUnit) {
  EXPECT_EQ(*parse_byte_size("10MiB"), 10 << 20);
  EXPECT_EQ(*parse_byte_size("1kB"), 1000);
  EXPECT_EQ(*parse_byte_size("8192TiB"), 1LL << 53);
  for (const char* text : {"", "10", "0B", "-1B", "8193TiB", "1mb", "1 MiB", "1.5GiB", "9223372036854775808B"}) {
    EXPECT_FALSE(parse_byte_size(text)) << text;
  }
}

}  // namespace
}  // namespace portreeve

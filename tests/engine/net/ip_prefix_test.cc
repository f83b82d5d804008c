#include "engine/net/ip_prefix.h"

#include <gtest/gtest.h>

#include "tests/engine/net/seeded_random.h"
#include "tests/engine/net/slow_bits.h"

namespace portreeve::net {
namespace {

IpPrefix prefix(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpPrefix());
}
IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpPrefix, ReadsAndWritesNetworkAndLength) {
  const struct {
    std::string_view input, canonical;
  } cases[] = {
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"192.0.2.7/32", "192.0.2.7/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"2001:DB8::/32", "2001:db8::/32"},
      {"::/0", "::/0"},
      {"::1/128", "::1/128"},
      {"128.0.0.0/1", "128.0.0.0/1"},
      {"2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65"},
  };
  for (const auto& c : cases) EXPECT_EQ(prefix(c.input).to_string(), c.canonical);
}

TEST(IpPrefix, SaysWhatIsWrong) {
  const struct {
    std::string_view input, message;
  } cases[] = {
      {"10.0.0.0", "`10.0.0.0` lacks a prefix length; one address alone is `10.0.0.0/32`"},
      {"2001:db8::1", "`2001:db8::1` lacks a prefix length; one address alone is `2001:db8::1/128`"},
      {"wiki", "`wiki` is not a prefix; write it like `192.0.2.0/24` or `2001:db8::/32`"},
      {"8.8.8.8/24",
       "`8.8.8.8/24` has bits set beyond its length; the prefix is `8.8.8.0/24`, the one address `8.8.8.8/32`"},
      {"10.0.0.0/33", "prefix length `33` is not a number from 0 to 32"},
      {"::/129", "prefix length `129` is not a number from 0 to 128"},
      {"10.0.0.0/08", "prefix length `08` is not a number from 0 to 32"},
      {"10.0.0.0/00", "prefix length `00` is not a number from 0 to 32"},
      {"10.0.0.0/", "prefix length `` is not a number from 0 to 32"},
      {"10.0.0.0/+8", "prefix length `+8` is not a number from 0 to 32"},
      {"10.0.0.0/8 ", "prefix length `8 ` is not a number from 0 to 32"},
      {"10.0.0.0/8/8", "prefix length `8/8` is not a number from 0 to 32"},
      {"10.0.0.0/255.0.0.0", "prefix length `255.0.0.0` is not a number from 0 to 32"},
      {"10.0.0.0/4294967304", "prefix length `4294967304` is not a number from 0 to 32"},
      {"10/8", "`10` is not an address; write it like `192.0.2.1` or `2001:db8::1`"},
      {"[::]/0", "`[::]` is not an address; write it like `192.0.2.1` or `2001:db8::1`"},
      {"::ffff:10.20.0.0/120",
       "`::ffff:10.20.0.0/120` is IPv4 inside IPv6, which is judged as IPv4; write the IPv4 prefix, of `10.20.0.0`"},
      {"::ffff:0:0/96",
       "`::ffff:0:0/96` is IPv4 inside IPv6, which is judged as IPv4; write the IPv4 prefix, of `0.0.0.0`"},
  };
  for (const auto& c : cases) {
    const auto parsed = IpPrefix::parse(c.input);
    ASSERT_FALSE(parsed) << c.input;
    EXPECT_EQ(parsed.error().message, c.message);
  }
}

TEST(IpPrefix, ContainsItsBlockAndNotTheNeighbours) {
  const struct {
    std::string_view prefix, before, first, last, after;
  } cases[] = {
      {"192.0.2.0/24", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
      {"172.16.0.0/12", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"8.8.8.8/32", "8.8.8.7", "8.8.8.8", "8.8.8.8", "8.8.8.9"},
      {"2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
      {"2001:db8:0:1::/64", "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:1::", "2001:db8:0:1:ffff:ffff:ffff:ffff",
       "2001:db8:0:2::"},
      {"2001:db8::8:0/109", "2001:db8::7:ffff", "2001:db8::8:0", "2001:db8::f:ffff", "2001:db8::10:0"},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(prefix(c.prefix).contains(address(c.before))) << c.prefix;
    EXPECT_TRUE(prefix(c.prefix).contains(address(c.first))) << c.prefix;
    EXPECT_TRUE(prefix(c.prefix).contains(address(c.last))) << c.prefix;
    EXPECT_FALSE(prefix(c.prefix).contains(address(c.after))) << c.prefix;
    EXPECT_EQ(prefix(c.prefix).last(), address(c.last)) << c.prefix;
  }
}

TEST(IpPrefix, KeepsTheFamiliesApart) {
  EXPECT_EQ(prefix("::/80").last(), address("::fffe:ffff:ffff"));
  EXPECT_FALSE(prefix("::/0").contains(address("10.0.0.1")));
  EXPECT_FALSE(prefix("::/0").contains(address("::ffff:10.0.0.1")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  EXPECT_FALSE(prefix("::/0").overlaps(prefix("0.0.0.0/0")));
  EXPECT_FALSE(prefix("::/80").overlaps(prefix("10.0.0.0/8")));
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(address("::ffff:10.0.0.1")));
}

TEST(IpPrefix, AgreesWithTheBitStrings) {
  auto random = seeded_random("prefixes against bit strings");
  const auto draw = [&random] {
    // Few distinct bits, so that prefixes meet.
    const bool v4 = below(random, 2) == 0;
    const std::uint64_t low = (random() & 0x8000'0001) | (random() & 0x4000'0000'0000'0002);
    return v4 ? IpAddress::from_words(0, std::uint64_t{0xffff} << 32 | (low & 0xffff'ffff))
              : IpAddress::from_words(random() & 0x8000'0000'0000'0001, low);
  };
  for (int i = 0; i < 50'000; ++i) {
    const IpAddress one = draw();
    const IpAddress other = draw();
    const auto length = [&random](IpAddress a) {
      return static_cast<int>(below(random, static_cast<std::size_t>(a.bits()) + 1));
    };
    const IpPrefix a = IpPrefix::masked(one, length(one));
    const IpPrefix b = IpPrefix::masked(other, length(other));
    const std::string context = a.to_string() + " " + b.to_string();
    ASSERT_TRUE(a.contains(one)) << context;
    ASSERT_TRUE(slow_contains(a, a.last())) << context;
    ASSERT_EQ(a.contains(other), slow_contains(a, other)) << context;
    ASSERT_EQ(a.overlaps(b), slow_overlaps(a, b)) << context;
    ASSERT_EQ(a.contains(b), slow_overlaps(a, b) && a.length() <= b.length()) << context;
    ASSERT_EQ(IpPrefix::parse(a.to_string()), a) << context;
  }
}

}  // namespace
}  // namespace portreeve::net

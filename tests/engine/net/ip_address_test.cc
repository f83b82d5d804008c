#include "engine/net/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "engine/base/text.h"
#include "tests/engine/net/seeded_random.h"

namespace portreeve::net {
namespace {

static_assert(std::is_trivially_copyable_v<IpAddress>);

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress());
}

TEST(IpAddress, ReadsOneFamilyOfSpellingsAndWritesOne) {
  const struct {
    std::string_view input, canonical;
  } cases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"192.0.2.1", "192.0.2.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"2001:DB8::A", "2001:db8::a"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // RFC 5952 §4.2.2: one group is written out
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},   // as it is when read compressed
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // §4.2.3: the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equals
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"::1.2.3.4", "::102:304"},
      {"::ffff:0:1.2.3.4", "::ffff:0:102:304"},
  };
  for (const auto& c : cases) {
    const auto parsed = IpAddress::parse(c.input);
    ASSERT_TRUE(parsed) << c.input;
    EXPECT_EQ(parsed->to_string(), c.canonical) << c.input;
  }
}

TEST(IpAddress, IsNeverAMappedOneHoweverItWasMade) {
  const IpAddress v4 = address("169.254.169.254");
  for (const std::string_view text : {"::ffff:169.254.169.254", "::FFFF:a9fe:a9fe", "0:0:0:0:0:ffff:a9fe:a9fe"}) {
    EXPECT_EQ(address(text), v4) << text;
    EXPECT_TRUE(address(text).is_v4()) << text;
    EXPECT_EQ(address(text).to_string(), "169.254.169.254");
  }
  const std::array<std::uint8_t, 16> bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254, 169, 254};
  EXPECT_EQ(IpAddress::from_v6_bytes(bytes), v4);
  EXPECT_EQ(IpAddress::from_v4_bytes(std::span(bytes).last<4>()), v4);
  EXPECT_EQ(v4.v6_bytes(), bytes);
  EXPECT_EQ(v4.v4_bytes(), (std::array<std::uint8_t, 4>{169, 254, 169, 254}));
  // The neighbours of the mapped block are IPv6.
  for (const std::string_view text : {"::fffe:1.2.3.4", "::1:0:0", "::ffff:0:1.2.3.4", "1::ffff:1.2.3.4"}) {
    EXPECT_TRUE(address(text).is_v6()) << text;
  }
}

// Every text here is an address to some resolver, library or browser.
constexpr std::string_view kHostileSpellings[] = {
    "127.1",                  // short
    "127.0.1",                // short
    "10.0x1",                 // short, hexadecimal
    "169.254.43518",          // short, 16 bits at the end
    "169.16689662",           // short, 24 bits at the end
    "2130706433",             // decimal
    "0",                      // decimal
    "4294967295",             // decimal
    "4294967296",             // overflow
    "99999999999999999999",   // overflow
    "0x7f000001",             // hexadecimal
    "0XA9FEA9FE",             // hexadecimal
    "0x7f.0.0.1",             // hexadecimal
    "0x7F.0x0.0x0.0x1",       // hexadecimal
    "0x",                     // WHATWG: zero
    "1.0x",                   // WHATWG: zero
    "0177.0.0.1",             // octal
    "017700000001",           // octal
    "0251.0376.0251.0376",    // octal
    "08.8.8.8",               // no octal, nor decimal
    "127.0.0.01",             // padded
    "127.000.000.001",        // padded
    "1.2.3.256",              // too large
    "1.2.3.4.5",              // too many
    "1.2.3.4..",              // dots
    ".1.2.3.4",               // dots
    "1..2",                   // dots
    "127.0.0.1.",             // trailing dot
    "2130706433.",            // trailing dot
    "api.example.com.0x7f",   // ends in a number
    "foo.123",                // ends in a number
    "foo.09",                 // ends in a number
    "127.0.0.1:80",           // port
    " 127.0.0.1",             // blanks
    "127.0.0.1\t",            // blanks
    "127.0.0.1\r\n",          // blanks
    "127%2e0%2E0.1",          // percent
    "%31%32%37.0.0.1",        // percent
    "foo.%30x7f",             // percent
    "[::1]",                  // brackets
    "[127.0.0.1]",            // brackets
    "::1%lo",                 // zone
    "fe80::1%eth0",           // zone
    "fe80::1%25eth0",         // zone, escaped
    ":::",                    // colons
    "1:2:3:4:5:6:7:8:9",      // colons
    "1:2:3:4:5:6:7",          // colons
    "1:2:3:4:5:6:7:8::",      // colons: nothing left to compress
    "::1:2:3:4:5:6:7:8",      // colons
    "1::2::3",                // colons
    ":1:2:3:4:5:6:7:8",       // colons
    "1:2:3:4:5:6:7:8:",       // colons
    "::12345",                // group too long
    "::00001",                // group too long
    "::g",                    // no hexadecimal
    "::1.2.3",                // short tail
    "::1.2.3.04",             // padded tail
    "::1.2.3.4:5",            // tail not last
    "1.2.3.4::",              // tail not last
    "1:2:3:4:5:6:7:1.2.3.4",  // tail too late
    "::ffff:0x7f.0.0.1",      // hexadecimal tail
};

TEST(IpAddress, RefusesEveryOtherSpelling) {
  for (const std::string_view text : kHostileSpellings) EXPECT_FALSE(IpAddress::parse(text)) << printable(text);
  for (const std::string_view text : {"", ".", "..", "a", "1.2.3.a", "1.2.3.", "1.2.3.-4", "1.2.3.+4", "1.2.3. 4"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << printable(text);
  }
  EXPECT_EQ(IpAddress::parse("127.1").error().message,
            "`127.1` is not an address; write it like `192.0.2.1` or `2001:db8::1`");
}

TEST(AddressSpelling, CallsHostileWhatSomebodyWouldReadAsAnAddress) {
  for (const std::string_view text : kHostileSpellings) {
    EXPECT_EQ(address_spelling(text), AddressSpelling::hostile) << printable(text);
    EXPECT_TRUE(looks_like_address(text)) << printable(text);
  }
  EXPECT_EQ(address_spelling(std::string(5000, '0') + "1"), AddressSpelling::hostile);
  EXPECT_EQ(address_spelling("%31" + std::string(5000, 'a')), AddressSpelling::hostile);
  for (const std::string_view text : {"127.0.0.1", "::", "::ffff:8.8.8.8", "2001:DB8::1"}) {
    EXPECT_EQ(address_spelling(text), AddressSpelling::canonical) << text;
  }
}

TEST(AddressSpelling, LeavesNamesAlone) {
  for (const std::string_view text : {"",
                                      ".",
                                      "a",
                                      "api.example.com",
                                      "1.example.com",
                                      "127.0.0.1.nip.io",
                                      "127-0-0-1.sslip.io",
                                      "a9fea9fe",
                                      "0xyz",
                                      "x0x7f",
                                      "0x7g",
                                      "0.0xg",
                                      "1e3",
                                      "123a",
                                      "foo.1a",
                                      "3com",
                                      "4chan.org",
                                      "_443._tcp.example.com",
                                      "api.example.com:443",
                                      "foo:bar",
                                      "in-addr.arpa",
                                      "%zz",
                                      "a%",
                                      "100%.example.com"}) {
    EXPECT_EQ(address_spelling(text), AddressSpelling::none) << text;
  }
}

IpAddress random_address(std::mt19937_64& random) {
  if (below(random, 3) == 0) return IpAddress::from_words(0, std::uint64_t{0xffff} << 32 | (random() >> 32));
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t group = 0; group < 8; ++group) {
    const auto kind = below(random, 4);  // zero groups often, so that runs of them meet the compression
    if (kind >= 2) bytes[2 * group + 1] = static_cast<std::uint8_t>(random());
    if (kind == 3) bytes[2 * group] = static_cast<std::uint8_t>(random());
  }
  return IpAddress::from_v6_bytes(bytes);
}

TEST(IpAddress, WrittenAndReadIsTheSame) {
  auto random = seeded_random("round trip");
  for (int i = 0; i < 100'000; ++i) {
    const IpAddress original = random_address(random);
    const auto again = IpAddress::parse(original.to_string());
    ASSERT_TRUE(again) << original.to_string();
    ASSERT_EQ(*again, original) << original.to_string();
    ASSERT_EQ(IpAddress::from_v6_bytes(original.v6_bytes()), original);
    ASSERT_EQ(std::hash<IpAddress>{}(*again), std::hash<IpAddress>{}(original));
  }
}

// What inet_pton reads; nullopt where it refuses.
std::optional<IpAddress> read_by_libc(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return IpAddress::from_v6_bytes(bytes);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return IpAddress::from_v4_bytes(std::span(bytes).first<4>());
  return std::nullopt;
}

TEST(IpAddress, ReadsWhatTheCLibraryReadsThroughMutations) {
  auto random = seeded_random("mutations against inet_pton");
  constexpr std::string_view kAlphabet = "0123456789abcdefABCDEFgx.:%[]/ -\xff";
  int read = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text = random_address(random).to_string();
    for (auto edits = below(random, 4); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(random, text.size());
      const char c = kAlphabet[below(random, kAlphabet.size())];
      switch (below(random, 3)) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1);
      }
    }
    const auto ours = IpAddress::parse(text);
    const auto theirs = read_by_libc(text);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << printable(text);
    if (ours) {
      ASSERT_EQ(*ours, *theirs) << text;
    }
    ASSERT_EQ(address_spelling(text) == AddressSpelling::canonical, ours.has_value()) << printable(text);
    read += ours ? 1 : 0;
  }
  EXPECT_GT(read, 50'000);
}

TEST(IpAddress, IsOrderedByItsBits) {
  const std::string_view ascending[] = {"::",        "::1",        "0.0.0.0",     "10.0.0.1", "255.255.255.255",
                                        "::1:0:0:0", "2001:db8::", "2001:db8::1", "ffff::"};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_LT(address(ascending[i - 1]), address(ascending[i])) << ascending[i];
  }
}

}  // namespace
}  // namespace portreeve::net

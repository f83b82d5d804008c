#include "engine/net/endpoint.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "tests/engine/net/seeded_random.h"

namespace portreeve::net {
namespace {

TEST(Endpoint, ReadsAndNormalises) {
  const struct {
    std::string_view input, canonical;
  } cases[] = {
      {"api.example.com:443", "api.example.com:443"},
      {"API.Example.COM.:443", "api.example.com:443"},
      {"intranet:1", "intranet:1"},
      {"192.0.2.1:65535", "192.0.2.1:65535"},
      {"192.0.2.1.:80", "192.0.2.1:80"},
      {"[2001:DB8:0:0::1]:443", "[2001:db8::1]:443"},
      {"[::]:80", "[::]:80"},
      {"[::ffff:127.0.0.1]:443", "127.0.0.1:443"},
      {"[::ffff:a9fe:a9fe]:80", "169.254.169.254:80"},
  };
  for (const auto& c : cases) {
    const auto endpoint = Endpoint::parse(c.input);
    ASSERT_TRUE(endpoint) << c.input << ": " << endpoint.error().message;
    EXPECT_EQ(endpoint->to_string(), c.canonical);
    EXPECT_EQ(Endpoint::parse(c.canonical), *endpoint);
  }
}

TEST(Endpoint, SaysWhatIsWrong) {
  const struct {
    std::string_view input, message;
  } cases[] = {
      {"api.example.com", "`api.example.com` lacks a port; write it like `example.com:443`"},
      {"[2001:db8::1]", "`[2001:db8::1]` lacks a port; write it like `example.com:443`"},
      {"", "`` lacks a port; write it like `example.com:443`"},
      {"api.example.com:", "port `` is not a number from 1 to 65535"},
      {"api.example.com:0", "port `0` is not a number from 1 to 65535"},
      {"api.example.com:65536", "port `65536` is not a number from 1 to 65535"},
      {"api.example.com:0443", "port `0443` is not a number from 1 to 65535"},
      {"api.example.com:443a", "port `443a` is not a number from 1 to 65535"},
      {"api.example.com:443.0", "port `443.0` is not a number from 1 to 65535"},
      {"api.example.com:+443", "port `+443` is not a number from 1 to 65535"},
      {"api.example.com: 443", "port ` 443` is not a number from 1 to 65535"},
      {"api.example.com:443 ", "port `443 ` is not a number from 1 to 65535"},
      {"api.example.com:443?x", "port `443?x` is not a number from 1 to 65535"},
      {"api.example.com:99999999999", "port `99999999999` is not a number from 1 to 65535"},
      {":443", "the host name is empty"},
      {".:443", "host name `.` has an empty label"},
      {"::", "`::` is not `host:port`; IPv6 addresses need brackets, like `[2001:db8::1]:443`"},
      {"::1:443", "`::1:443` is not `host:port`; IPv6 addresses need brackets, like `[2001:db8::1]:443`"},
      {"a.example:80:80",
       "`a.example:80:80` is not `host:port`; IPv6 addresses need brackets, like `[2001:db8::1]:443`"},
      {"[api.example.com]:443", "`[api.example.com]` is not an IPv6 address; only those have brackets"},
      {"[127.0.0.1]:443", "`[127.0.0.1]` is not an IPv6 address; only those have brackets"},
      {"[]:443", "`[]` is not an IPv6 address; only those have brackets"},
      {"[", "`[` lacks its `]`"},
      {"[::1:443", "`[::1:443` lacks its `]`"},
      {"[[::1]]:443", "`[[::1]]:443` has something other than `:` and a port after its address"},
      {"[::1]443", "`[::1]443` has something other than `:` and a port after its address"},
      {"[fe80::1%25eth0]:443", "`fe80::1%25eth0` has a zone, which means nothing beyond its own host"},
      {"user:pw@example.com:443", "`user:pw@example.com:443` has user info; write the host and port alone"},
      {"example.com:443@evil.com:443", "`example.com:443@evil.com:443` has user info; write the host and port alone"},
      {"2130706433:443", "`2130706433` is neither a host name nor the plain spelling of an address"},
      {"127.1:443", "`127.1` is neither a host name nor the plain spelling of an address"},
  };
  for (const auto& c : cases) {
    const auto endpoint = Endpoint::parse(c.input);
    ASSERT_FALSE(endpoint) << c.input << " read as " << endpoint->to_string();
    EXPECT_EQ(endpoint.error().message, c.message);
  }
}

TEST(Endpoint, TakesTheDefaultPortOnlyWhereNoneIsWritten) {
  EXPECT_EQ(Endpoint::parse("example.com", 80).value().to_string(), "example.com:80");
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]", 80).value().to_string(), "[2001:db8::1]:80");
  EXPECT_EQ(Endpoint::parse("example.com:8080", 80).value().to_string(), "example.com:8080");
  for (const std::string_view text : {"", "example.com:", "example.com:0", "[::1", "[::1]x", "::1"}) {
    EXPECT_FALSE(Endpoint::parse(text, 80)) << text;
  }
}

TEST(Host, IsReadWithOrWithoutBrackets) {
  const struct {
    std::string_view input, canonical;
  } cases[] = {
      {"Example.com.", "example.com"},    {"192.0.2.1", "192.0.2.1"},        {"2001:db8::1", "[2001:db8::1]"},
      {"[2001:DB8::1]", "[2001:db8::1]"}, {"::ffff:192.0.2.1", "192.0.2.1"},
  };
  for (const auto& c : cases) EXPECT_EQ(to_string(parse_host(c.input).value()), c.canonical) << c.input;
  for (const std::string_view text : {"", "[]", "[", "]", "[192.0.2.1]", "[example.com]", "example.com:443",
                                      "fe80::1%lo", "127.1", "192.0.2.1..", "0x7f000001", "a b"}) {
    EXPECT_FALSE(parse_host(text)) << text;
  }
}

TEST(Endpoint, GivesBackItsNormalFormForWhateverComes) {
  auto random = seeded_random("endpoints");
  constexpr std::string_view kPieces[] = {"[",       "]",         ":", "::", ".", "1",   "443", "ffff", "a",
                                          "Example", "127.0.0.1", "@", "%",  "0", "com", "-",   " ",    "xn--"};
  int read = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text = below(random, 4) == 0 ? "[" : "";
    for (auto pieces = 1 + below(random, 6); pieces > 0; --pieces) text += kPieces[below(random, std::size(kPieces))];
    if (below(random, 2) == 0) text += ":443";
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint) continue;
    ++read;
    const std::string canonical = endpoint->to_string();
    const auto again = Endpoint::parse(canonical);
    ASSERT_TRUE(again) << printable(text) << " read as " << canonical;
    ASSERT_EQ(*again, *endpoint);
    ASSERT_EQ(again->to_string(), canonical);
    ASSERT_NE(endpoint->port, 0);
  }
  EXPECT_GT(read, 1'000);
}

}  // namespace
}  // namespace portreeve::net

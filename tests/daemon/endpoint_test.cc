#include "daemon/endpoint.h"

#include <gtest/gtest.h>

namespace portreeve::daemon {
namespace {

TEST(Endpoint, ReadsItsThreeFormsAndWritesThemBack) {
  const std::string longest = "unix:/" + std::string(106, 'p');
  for (const std::string& text : {std::string("127.0.0.1:8180"), std::string("localhost:0"), std::string("[::1]:65535"),
                                  std::string("pdp.example.org:1"), std::string("unix:/run/p.sock"), longest}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text << ": " << endpoint.error().message;
    EXPECT_EQ(to_text(*endpoint), text);
  }
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const std::string& text : {std::string(),
                                  std::string(":"),
                                  std::string(":80"),
                                  std::string("host"),
                                  std::string("host:"),
                                  std::string("host:65536"),
                                  std::string("host:-1"),
                                  std::string("host:+1"),
                                  std::string("host:8o"),
                                  std::string("host: 80"),
                                  std::string("::1:80"),
                                  std::string("[::1]"),
                                  std::string("[::1:80"),
                                  std::string("[127.0.0.1]:80"),
                                  std::string("[]:80"),
                                  std::string("ho st:80"),
                                  std::string("http://host:80"),
                                  std::string("unix:"),
                                  std::string("unix:run/p.sock"),
                                  "unix:/" + std::string(107, 'p'),
                                  std::string("unix:/a\0b", 9),
                                  std::string("host\0:80", 8)}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
  EXPECT_EQ(parse_endpoint("host").error().message,
            "`host` has no port; write `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`");
}

TEST(Endpoint, KnowsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:1", "127.255.255.255:1", "[::1]:1", "localhost:1", "unix:/p"}) {
    EXPECT_TRUE(is_loopback(*parse_endpoint(text))) << text;
  }
  for (const char* text : {"0.0.0.0:1", "126.255.255.255:1", "128.0.0.1:1", "[::]:1", "[::2]:1", "[::ffff:127.0.0.1]:1",
                           "localhost.example.org:1", "10.0.0.1:1"}) {
    EXPECT_FALSE(is_loopback(*parse_endpoint(text))) << text;
  }
}

}  // namespace
}  // namespace portreeve::daemon

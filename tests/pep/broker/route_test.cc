#include "pep/broker/route.h"

#include <gtest/gtest.h>

#include <string>

namespace portreeve::pep {
namespace {

std::string secret(const std::string& name, const std::string& route, const std::string& inject,
                   const std::string& more = "") {
  return R"({"name":")" + name + R"(","route":")" + route + R"(","api":"none","source":{"file":"key"},"inject":)" +
         inject + R"(,"upstreams":["https://api.example.com"])" + more + "}";
}

Result<RouteTable> table(const std::string& secrets) {
  return RouteTable::read(R"({"revision":"sha256:00","secrets":[)" + secrets + "]}");
}

TEST(RouteTable, ReadsWhatThePdpServes) {
  const auto routes = table(
      R"({"name":"llm/anthropic","route":"/anthropic","api":"anthropic","source":{"file":"anthropic-api-key"},)"
      R"("inject":{"header":"X-Api-Key"},"upstreams":["https://api.anthropic.com","https://eu.example.com:8443/base"]},)" +
      secret("git", "/git", R"({"basic":{"user":"x-access-token"}})") + "," +
      secret("open", "/openai", R"({"bearer":{}})") + "," + secret("maps", "/maps", R"({"query":"key"})") +
      R"(,{"name":"leased","api":"none","source":{"file":"x"},"inject":{"bearer":{}},"upstreams":["https://a.example"]})");
  ASSERT_TRUE(routes) << routes.error().message;
  EXPECT_TRUE(routes->refused().empty()) << routes->refused().front();
  EXPECT_EQ(routes->revision(), "sha256:00");
  ASSERT_EQ(routes->routes().size(), 4u);
  const Route* anthropic = routes->find("/anthropic/v1/messages");
  ASSERT_NE(anthropic, nullptr);
  EXPECT_EQ(anthropic->secret, "llm/anthropic");
  EXPECT_EQ(anthropic->api, ModelApi::anthropic);
  EXPECT_EQ(anthropic->file, "anthropic-api-key");
  EXPECT_EQ(anthropic->inject, Inject(InjectHeader{"x-api-key"}));
  EXPECT_EQ(anthropic->upstreams.at(1).to_string(), "https://eu.example.com:8443/base");
  EXPECT_EQ(routes->find("/git")->inject, Inject(InjectBasic{"x-access-token"}));
  EXPECT_EQ(routes->find("/openai/")->inject, Inject(InjectBearer{}));
  EXPECT_EQ(routes->find("/maps/x/y")->inject, Inject(InjectQuery{"key"}));
  for (const char* path : {"/", "/anthropicx", "/anthropi", "/git-hub/x", "/gi", "/openai.evil", "/ANTHROPIC"}) {
    EXPECT_EQ(routes->find(path), nullptr) << path;
  }
}

TEST(RouteTable, RootTakesAll) {
  const auto routes = table(secret("all", "/", R"({"bearer":{}})"));
  ASSERT_TRUE(routes);
  for (const char* path : {"/", "/x", "/x/y"}) EXPECT_NE(routes->find(path), nullptr) << path;
}

TEST(RouteTable, ASecretNotUnderstoodStaysClosed) {
  const std::string good = secret("good", "/good", R"({"bearer":{}})");
  const std::string rows[] = {
      secret("s", "/s", R"({"sigv4":{"region":"x"}})"),
      secret("s", "/s", R"({"header":"Host"})"),
      secret("s", "/s", R"({"header":"transfer-encoding"})"),
      secret("s", "/s", R"({"header":"x y"})"),
      secret("s", "/s", R"({"header":""})"),
      secret("s", "/s", R"({"basic":{}})"),
      secret("s", "/s", R"({"basic":{"user":"a:b"}})"),
      secret("s", "/s", R"({"oauth":{}})"),
      secret("s", "/s", R"({})"),
      secret("s", "/s", R"({"bearer":{},"header":"x"})"),
      secret("s", "/s", R"("bearer")"),
      secret("s", "s", R"({"bearer":{}})"),
      secret("s", "/s/", R"({"bearer":{}})"),
      secret("s", "/s//t", R"({"bearer":{}})"),
      secret("s", "/s/../t", R"({"bearer":{}})"),
      R"({"name":"s","route":"/s","api":"other","source":{"file":"k"},"inject":{"bearer":{}},"upstreams":["https://a.example"]})",
      R"({"name":"s","route":"/s","source":{"file":"../k"},"inject":{"bearer":{}},"upstreams":["https://a.example"]})",
      R"({"name":"s","route":"/s","source":{"file":".k"},"inject":{"bearer":{}},"upstreams":["https://a.example"]})",
      R"({"name":"s","route":"/s","source":{},"inject":{"bearer":{}},"upstreams":["https://a.example"]})",
      R"({"name":"s","route":"/s","source":{"file":"k"},"inject":{"bearer":{}},"upstreams":["http://a.example"]})",
      R"({"name":"s","route":"/s","source":{"file":"k"},"inject":{"bearer":{}},"upstreams":[]})",
      R"({"name":"s","route":"/s","source":{"file":"k"},"inject":{"bearer":{}},"upstreams":["https://u@a.example"]})",
  };
  for (const std::string& row : rows) {
    const auto routes = table(good + "," + row);
    ASSERT_TRUE(routes) << row;
    EXPECT_EQ(routes->find("/s"), nullptr) << row;
    EXPECT_NE(routes->find("/good"), nullptr) << row;
    ASSERT_EQ(routes->refused().size(), 1u) << row;
    EXPECT_TRUE(routes->refused().front().starts_with("the secret `s`: ")) << routes->refused().front();
  }
  EXPECT_EQ(table(rows[0])->refused().front(),
            "the secret `s`: `inject: sigv4` is not served by this broker; its route stays closed");
}

TEST(RouteTable, RefusesAsAWholeWhatIsNoListOfSecrets) {
  for (const char* body : {"", "[]", "{}", R"({"secrets":{}})", R"({"secrets":[7]})", R"({"secrets":[{}]})",
                           R"({"secrets":[],"secrets":[]})"}) {
    EXPECT_FALSE(RouteTable::read(body)) << body;
  }
  EXPECT_FALSE(table(secret("a", "/x", R"({"bearer":{}})") + "," + secret("b", "/x", R"({"bearer":{}})")));
  EXPECT_FALSE(table(secret("a", "/x", R"({"bearer":{}})") + "," + secret("b", "/x/y", R"({"bearer":{}})")));
  EXPECT_FALSE(table(secret("a", "/", R"({"bearer":{}})") + "," + secret("b", "/y", R"({"bearer":{}})")));
  EXPECT_TRUE(table(secret("a", "/x", R"({"bearer":{}})") + "," + secret("b", "/xy", R"({"bearer":{}})")));
}

}  // namespace
}  // namespace portreeve::pep

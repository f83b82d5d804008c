// What the broker reads of a request and decides by itself: target, token, headers, rate, denial.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/base/text.h"
#include "pep/broker/denial.h"
#include "pep/broker/header_lists.h"
#include "pep/broker/rate.h"
#include "pep/broker/request_body.h"
#include "pep/broker/request_target.h"
#include "pep/broker/session_token.h"

namespace portreeve::pep {
namespace {

TEST(RequestTarget, IsSentAsItIsJudged) {
  struct Row {
    const char* sent;
    const char* path;
    const char* query;
  };
  const Row rows[] = {
      {"/anthropic/v1/messages", "/anthropic/v1/messages", ""},
      {"/a/%76%31/m%65ssages", "/a/v1/messages", ""},
      {"/a/caf%c3%a9", "/a/caf%C3%A9", ""},
      {"/a?beta=true&x=1", "/a", "beta=true&x=1"},
      {"/a?key=s&x=1", "/a", "x=1"},
      {"/a?x=1&API_KEY=s", "/a", "x=1"},
      {"/a?access%5Ftoken=s&y", "/a", "y"},
      {"/a?x=to.k.en&y=2", "/a", "y=2"},
      {"/a?x=%74o.k.en&y=2", "/a", "y=2"},
      {"/a?", "/a", ""},
      {"/a?keys=1&monkey=2", "/a", "keys=1&monkey=2"},
      {"/", "/", ""},
  };
  for (const Row& row : rows) {
    const auto target = read_target(row.sent, "to.k.en");
    ASSERT_TRUE(target) << row.sent << target.error().message;
    EXPECT_EQ(target->path, row.path) << row.sent;
    EXPECT_EQ(target->query, row.query) << row.sent;
  }
}

TEST(RequestTarget, RefusesWhatTwoServersCouldReadAsTwo) {
  for (const char* sent : {"http://api.example.com/a",
                           "*",
                           "",
                           "a/b",
                           "api.example.com:443",
                           "//a",
                           "/a//b",
                           "/a;b",
                           "/a%3bb",
                           "/a%3Bb",
                           "/a%25b",
                           "/a%252e",
                           "/a/../b",
                           "/a/%2e%2e/b",
                           "/a/.",
                           "/a%2fb",
                           "/a%5cb",
                           "/a\\b",
                           "/a%00",
                           "/a%",
                           "/a%4",
                           "/a%zz",
                           "/a#b",
                           "/a%ff",
                           "/a%c3",
                           "/a?x=%",
                           "/a?x=%zz",
                           "/a?x=%0d%0a",
                           "/a/to.k.en",
                           "/a/%74o.k.en"}) {
    EXPECT_FALSE(read_target(sent, "to.k.en")) << sent;
  }
}

TEST(RequestTarget, TheRoutesPrefixIsNotJudged) {
  EXPECT_EQ(path_below("/anthropic/v1/messages", "/anthropic"), "/v1/messages");
  EXPECT_EQ(path_below("/anthropic", "/anthropic"), "/");
  EXPECT_EQ(path_below("/x/y", "/"), "/x/y");
  EXPECT_EQ(without_parameter("a=1&k%65y2=2&key2=3&b", "key2"), "a=1&b");
}

// The token, `none`, or the error's message.
std::string token_in(std::vector<Field> fields) {
  RequestHead head;
  head.fields = std::move(fields);
  const auto token = read_session_token(head);
  if (const auto* text = std::get_if<std::string>(&token)) return *text;
  if (const auto* error = std::get_if<HeadError>(&token)) return error->message;
  return "none";
}

TEST(SessionToken, StandsWhereAnApiKeyWould) {
  EXPECT_EQ(token_in({{"x-api-key", "a.b.c"}}), "a.b.c");
  EXPECT_EQ(token_in({{"authorization", "Bearer a.b.c"}}), "a.b.c");
  EXPECT_EQ(token_in({{"authorization", "bearer  a.b.c"}}), "a.b.c");
  EXPECT_EQ(token_in({{"authorization", "Basic " + base64_encode("git:a.b.c")}}), "a.b.c");
  EXPECT_EQ(token_in({{"authorization", "Basic " + base64_encode("a.b.c:")}}), "a.b.c");
  EXPECT_EQ(token_in({{"x-api-key", "a.b.c"}, {"authorization", "Bearer a.b.c"}}), "a.b.c");
}

TEST(SessionToken, IsMissingOrUnreadable) {
  for (const char* header : {"", "Bearer", "Bearer ", "Digest abc", "a.b.c", "Basic Og=="}) {
    EXPECT_EQ(token_in({{"authorization", header}}), "none") << header;
  }
  EXPECT_EQ(token_in({}), "none");
  EXPECT_EQ(token_in({{"proxy-authorization", "Bearer a.b.c"}, {"cookie", "token=a.b.c"}}), "none");
  EXPECT_EQ(token_in({{"authorization", "Basic !"}}), "Authorization is no Basic credential");
  EXPECT_EQ(token_in({{"authorization", "Basic " + base64_encode("nocolon")}}), "Authorization is no Basic credential");
  EXPECT_EQ(token_in({{"x-api-key", "a"}, {"x-api-key", "b"}}), "the header `x-api-key` comes more than once");
  EXPECT_EQ(token_in({{"x-api-key", "a"}, {"authorization", "Bearer b"}}),
            "x-api-key and Authorization hold two different tokens");
  EXPECT_EQ(token_in({{"x-api-key", "a b"}}), "the session token cannot be read");
}

std::string names(const std::vector<Field>& fields) {
  std::string all;
  for (const Field& field : fields) all += field.name + "=" + field.value + ";";
  return all;
}

TEST(PassedToUpstream, IsAList) {
  RequestHead head;
  head.fields = {{"host", "broker"},
                 {"x-api-key", "tok"},
                 {"authorization", "Bearer tok"},
                 {"cookie", "a=b"},
                 {"range", "bytes=0-1"},
                 {"accept-encoding", "gzip"},
                 {"content-length", "3"},
                 {"transfer-encoding", "x"},
                 {"te", "trailers"},
                 {"connection", "x-app, te"},
                 {"x-app", "cli"},
                 {"x-forwarded-for", "1.2.3.4"},
                 {"forwarded", "for=x"},
                 {"proxy-authorization", "p"},
                 {"openai-organization", "org"},
                 {"x-evil", "1"},
                 {"content-type", "a/b"},
                 {"anthropic-version", "2023-06-01"},
                 {"x-stainless-lang", "js"},
                 {"user-agent", "tok-client"},
                 {"git-protocol", "version=2"},
                 {"accept", "*/*"}};
  EXPECT_EQ(names(passed_to_upstream(head, "tok", "accept")),
            "content-type=a/b;anthropic-version=2023-06-01;x-stainless-lang=js;git-protocol=version=2;");
}

TEST(PassedToWorkload, IsAListAndIsScrubbed) {
  auto built = Needles::build("real-credential", "");
  ASSERT_TRUE(built);
  const auto needles = std::make_shared<const Needles>(std::move(*built));
  ResponseHead head;
  head.fields = {{"content-type", "a/b"},
                 {"set-cookie", "a=b"},
                 {"x-deny-reason", "rule-deny"},
                 {"x-decision-id", "dec_forged"},
                 {"x-portreeve-upstream", "200"},
                 {"www-authenticate", "Basic"},
                 {"server", "x"},
                 {"connection", "close, etag"},
                 {"etag", "1"},
                 {"location", "https://x/?k=real-credential"},
                 {"request-id", "real%2Dcredential"},
                 {"anthropic-ratelimit-requests-limit", "5"},
                 {"x-request-id", "caf\xc3\xa9"},
                 {"x-api-key", "real-credential"}};
  EXPECT_EQ(names(passed_to_workload(head, needles)),
            "content-type=a/b;location=https://x/?k=***************;request-id=*****************;"
            "anthropic-ratelimit-requests-limit=5;");
}

TEST(RequestRate, NeverAdmitsMoreInAnyMinute) {
  RequestRate rate;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.admit("s", "x", 3, 10'500).admitted);
  const auto refused = rate.admit("s", "x", 3, 10'900);
  EXPECT_FALSE(refused.admitted);
  EXPECT_GE(refused.retry_after, 60);
  EXPECT_TRUE(rate.admit("t", "x", 3, 10'900).admitted) << "another session";
  EXPECT_TRUE(rate.admit("s", "y", 3, 10'900).admitted) << "another secret";
  EXPECT_FALSE(rate.admit("s", "x", 3, 70'499).admitted);
  EXPECT_TRUE(rate.admit("s", "x", 3, 71'500).admitted);
  EXPECT_FALSE(rate.admit("s", "x", 1, 71'600).admitted) << "a stricter answer counts what was";
  EXPECT_TRUE(rate.admit("s", "x", 1, 10'000'000).admitted);
}

TEST(RequestRate, ComesBackWhenItSays) {
  RequestRate rate;
  std::int64_t now = 5'000;
  for (int i = 0; i < 4; ++i, now += 10'000) EXPECT_TRUE(rate.admit("s", "x", 4, now).admitted);
  const auto refused = rate.admit("s", "x", 4, now);
  ASSERT_FALSE(refused.admitted);
  EXPECT_FALSE(rate.admit("s", "x", 4, now + (refused.retry_after - 2) * 1000).admitted);
  EXPECT_TRUE(rate.admit("s", "x", 4, now + refused.retry_after * 1000).admitted);
}

TEST(BodyRoom, IsOneForAllRequests) {
  std::atomic<std::int64_t> taken{0};
  BodyRoom first(taken, 100);
  EXPECT_TRUE(first.grow(60));
  {
    BodyRoom second(taken, 100);
    EXPECT_TRUE(second.grow(30));
    EXPECT_FALSE(second.grow(11));
    EXPECT_TRUE(second.grow(10));
    EXPECT_FALSE(first.grow(1));
  }
  EXPECT_TRUE(first.grow(40)) << "given back";
  EXPECT_EQ(taken.load(), 100);
}

TEST(BrokerDenial, TellsPeopleAndClients) {
  BrokerDenial denial = broker_denial(wire::Reason::token_missing, 401);
  const std::string text = response_of(denial, AfterDenial::keep);
  EXPECT_NE(text.find("HTTP/1.1 401 Unauthorized\r\n"), std::string::npos);
  EXPECT_NE(text.find("x-deny-reason: token-missing\r\n"), std::string::npos);
  EXPECT_NE(text.find("www-authenticate: Basic realm=\"portreeve\"\r\n"), std::string::npos);
  denial = broker_denial(wire::Reason::limit_requests, 429);
  denial.decision = "dec_1";
  denial.secret = "llm/x";
  denial.retry_after = 7;
  EXPECT_EQ(
      response_of(denial, AfterDenial::close),
      "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 370\r\n"
      "x-deny-reason: limit-requests\r\nx-decision-id: dec_1\r\nretry-after: 7\r\nconnection: close\r\n\r\n"
      "{\"decision\":false,\"error\":{\"code\":\"limit-requests\",\"message\":\"llm/x: more requests in a minute than "
      "are allowed; try again when the time in Retry-After is over\",\"type\":\"portreeve_denial\"},\"id\":\"dec_1\","
      "\"message\":\"llm/x: more requests in a minute than are allowed; try again when the time in Retry-After is "
      "over\",\"reason\":\"limit-requests\",\"secret\":\"llm/x\",\"type\":\"error\"}\n");
}

}  // namespace
}  // namespace portreeve::pep

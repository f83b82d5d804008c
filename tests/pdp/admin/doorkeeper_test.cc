// What a request must show, and what stands between a page of another site and the console.
#include "pdp/admin/doorkeeper.h"

#include <gtest/gtest.h>

#include "pdp/admin/console_sessions.h"
#include "pdp/admin/cookie.h"
#include "pdp/admin/record_csv.h"

namespace portreeve::pdp {
namespace {

Doorkeeper loopback() { return Doorkeeper::make({"127.0.0.1", 8181, ""}, "").value(); }

int status(const Doorkeeper& doorkeeper, const HttpRequest& request) {
  const auto refused = doorkeeper.refuse(request);
  return refused ? refused->status : 200;
}

TEST(Doorkeeper, GoesByItsOwnNamesOnly) {
  struct Case {
    const char* endpoint_host;
    const char* public_url;
    const char* host;
    int status;
  };
  for (const auto& [endpoint_host, public_url, host, wanted] :
       {Case{"127.0.0.1", "", "127.0.0.1:8181", 200},
        {"127.0.0.1", "", "localhost:8181", 200},
        {"127.0.0.1", "", "LOCALHOST:8181", 200},
        {"127.0.0.1", "", "[::1]:8181", 200},
        {"127.0.0.1", "", "127.0.0.1", 421},
        {"127.0.0.1", "", "127.0.0.1:8182", 421},
        {"127.0.0.1", "", "evil.example:8181", 421},
        {"127.0.0.1", "", "127.0.0.1.evil.example:8181", 421},
        {"127.0.0.1", "", "", 421},
        {"10.0.0.5", "", "10.0.0.5:8181", 200},
        {"10.0.0.5", "", "localhost:8181", 421},
        {"10.0.0.5", "", "10.0.0.6:8181", 421},
        {"0.0.0.0", "", "10.0.0.6:8181", 200},
        {"0.0.0.0", "", "evil.example:8181", 421},
        {"0.0.0.0", "", "10.0.0.6:80", 421},
        {"127.0.0.1", "https://console.example.com", "console.example.com", 200},
        {"127.0.0.1", "https://console.example.com:8443", "console.example.com:8443", 200},
        {"127.0.0.1", "https://console.example.com", "console.example.com:8181", 421}}) {
    const auto doorkeeper = Doorkeeper::make({endpoint_host, 8181, ""}, public_url);
    ASSERT_TRUE(doorkeeper) << public_url;
    EXPECT_EQ(status(*doorkeeper, HttpRequest::make("GET", "/v1/console", {{"Host", host}})), wanted) << host;
  }
  EXPECT_FALSE(Doorkeeper::make({"127.0.0.1", 8181, ""}, "https://console.example.com/path"));
  EXPECT_FALSE(Doorkeeper::make({"127.0.0.1", 8181, ""}, "http://console.example.com"));
  EXPECT_EQ(status(loopback(), HttpRequest::make("GET", "/healthz", {{"Host", "pod.internal"}})), 200);
  EXPECT_EQ(status(loopback(), HttpRequest::make("GET", "/v1/console", {{"Host", "127.0.0.1:8181"}, {"Host", "x"}})),
            421);
}

TEST(Doorkeeper, WhatChangesSomethingShowsThatNoOtherSiteSentIt) {
  const std::pair<std::string, std::string> host{"Host", "127.0.0.1:8181"}, custom{kCustomHeader, "1"},
      json{"Content-Type", "application/json; charset=utf-8"};
  struct Case {
    const char* name;
    HttpHeaders headers;
    int status;
  };
  for (const auto& [name, headers, wanted] :
       {Case{"all of it", {host, custom, json, {"Origin", "http://127.0.0.1:8181"}}, 200},
        {"a program, without origin", {host, custom, json}, 200},
        {"no header of its own", {host, json}, 403},
        {"another value", {host, {kCustomHeader, "0"}, json}, 403},
        {"the header twice", {host, custom, custom, json}, 403},
        {"another port", {host, custom, json, {"Origin", "http://127.0.0.1:9999"}}, 403},
        {"no origin at all", {host, custom, json, {"Origin", "null"}}, 403},
        {"two origins",
         {host, custom, json, {"Origin", "http://127.0.0.1:8181"}, {"Origin", "http://evil.example"}},
         403},
        {"a same site", {host, custom, json, {"Sec-Fetch-Site", "same-site"}}, 403},
        {"a form", {host, custom, {"Content-Type", "text/plain"}}, 415},
        {"a type that begins alike", {host, custom, {"Content-Type", "application/jsonp"}}, 415}}) {
    EXPECT_EQ(status(loopback(), HttpRequest::make("POST", "/v1/revocations", headers, "{}")), wanted) << name;
  }
}

TEST(Cookie, IsTheOneOfThatName) {
  const auto find = [](const HttpHeaders& headers) {
    const auto request = HttpRequest::make("GET", "/", headers);
    const auto found = find_cookie(request, "c");
    return found ? std::string(*found) : "(none)";
  };
  EXPECT_EQ(find({{"Cookie", "c=1"}}), "1");
  EXPECT_EQ(find({{"Cookie", "a=0; c=1;b=2"}}), "1");
  EXPECT_EQ(find({{"Cookie", "cc=1; C=2; c"}}), "(none)");
  EXPECT_EQ(find({{"Cookie", "c=1; c=2"}}), "(none)");
  EXPECT_EQ(find({{"Cookie", "c=1"}, {"Cookie", "c=2"}}), "(none)");
  EXPECT_EQ(find({{"Cookie", "c="}}), "(none)");
  EXPECT_EQ(find({{"Cookie", "c=" + std::string(200, 'x')}}), "(none)");
  EXPECT_EQ(find({{"Cookie", ";;; ; =;"}}), "(none)");
}

TEST(ConsoleSessions, EndByThemselves) {
  ConsoleSessions sessions;
  const Timestamp start = Timestamp::from_unix(1'763'942'400);
  const std::string idle = sessions.open({}, start);
  EXPECT_TRUE(sessions.use(idle, start.plus(Seconds(1799))));
  EXPECT_TRUE(sessions.use(idle, start.plus(Seconds(3500))));
  EXPECT_FALSE(sessions.use(idle, start.plus(Seconds(3500 + 1800))));
  EXPECT_FALSE(sessions.use(idle, start));
  const std::string busy = sessions.open({}, start);
  Timestamp now = start;
  for (; now < start.plus(ConsoleSessions::kLongest); now = now.plus(Seconds(600)))
    EXPECT_TRUE(sessions.use(busy, now));
  EXPECT_FALSE(sessions.use(busy, now));
  const std::string closed = sessions.open({}, start);
  sessions.close(closed);
  EXPECT_FALSE(sessions.use(closed, start));
  EXPECT_FALSE(sessions.use("", start));
}

TEST(ConsoleSessions, TheOneUsedLongestAgoMakesRoom) {
  ConsoleSessions sessions;
  const Timestamp start = Timestamp::from_unix(1'763'942'400);
  const std::string first = sessions.open({}, start);
  for (std::size_t i = 1; i < ConsoleSessions::kMost; ++i) sessions.open({}, start.plus(Seconds(1)));
  EXPECT_TRUE(sessions.use(first, start.plus(Seconds(2))));
  sessions.open({}, start.plus(Seconds(3)));
  EXPECT_EQ(sessions.size(), ConsoleSessions::kMost);
  EXPECT_TRUE(sessions.use(first, start.plus(Seconds(4))));
}

TEST(Csv, NoCellIsAFormula) {
  struct Case {
    const char* text;
    const char* cell;
  };
  for (const auto& [text, cell] : {Case{"plain", "plain"},
                                   {"", ""},
                                   {"=1+1", "'=1+1"},
                                   {"+1", "'+1"},
                                   {"-1", "'-1"},
                                   {"@SUM(A1)", "'@SUM(A1)"},
                                   {"\t=1", "\"'\t=1\""},
                                   {"\r=1", "\"'\r=1\""},
                                   {"＝1", "'＝1"},
                                   {"a=1", "a=1"},
                                   {"a,b", "\"a,b\""},
                                   {"say \"x\"", "\"say \"\"x\"\"\""},
                                   {"=\"x\",y", "\"'=\"\"x\"\",y\""},
                                   {"two\nlines", "\"two\nlines\""}}) {
    EXPECT_EQ(csv_cell(text), cell) << text;
  }
  EXPECT_EQ(csv_row({7, "no record"}).substr(0, 2), "7,");
}

}  // namespace
}  // namespace portreeve::pdp

// What the proxy reads from and writes to the workload beside the tunnel itself: credentials, denials, alerts.
#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "pep/egress/credentials.h"
#include "pep/egress/denial.h"
#include "pep/egress/tunnel.h"
#include "pep/net/counts.h"

namespace portreeve::pep {
namespace {

// The token, `none`, or the error's message.
std::string token_in(std::optional<std::string> header) {
  RequestHead head;
  if (header) head.fields.push_back({"proxy-authorization", *header});
  const auto token = read_token(head);
  if (const auto* text = std::get_if<std::string>(&token)) return *text;
  if (const auto* error = std::get_if<HeadError>(&token))
    return "error " + std::to_string(error->status) + ": " + error->message;
  return "none";
}

TEST(ReadToken, TakesBearerAndBasic) {
  EXPECT_EQ(token_in("Bearer a.b.c"), "a.b.c");
  EXPECT_EQ(token_in("bearer   a.b.c"), "a.b.c");
  EXPECT_EQ(token_in("Basic " + base64_encode("user:a.b.c")), "a.b.c");
  EXPECT_EQ(token_in("BASIC " + base64_encode(":a.b.c")), "a.b.c");
  EXPECT_EQ(token_in("Basic " + base64_encode("a.b.c:")), "a.b.c");
  EXPECT_EQ(token_in("Basic " + base64_encode("user:a:b")), "a:b");
}

TEST(ReadToken, SaysWhereThereIsNone) {
  EXPECT_EQ(token_in(std::nullopt), "none");
  for (const char* header : {"", "Bearer", "Bearer ", "Digest abc", "a.b.c", "Basic Og=="})
    EXPECT_EQ(token_in(header), "none") << header;
}

TEST(ReadToken, RefusesWhatCannotBeRead) {
  const char* const basic = "error 400: Proxy-Authorization is no Basic credential";
  const char* const byte = "error 400: the token in Proxy-Authorization holds a byte that has no place there";
  EXPECT_EQ(token_in("Basic"), basic);
  EXPECT_EQ(token_in("Basic !!!"), basic);
  EXPECT_EQ(token_in("Basic " + base64_encode("nocolon")), basic);
  EXPECT_EQ(token_in("Basic " + base64_encode(std::string("u:a\0b", 5))), byte);
  EXPECT_EQ(token_in("Basic " + base64_encode("u:a\r\nX: y")), byte);
  EXPECT_EQ(token_in("Basic " + base64_encode("u:\xff")), byte);
  EXPECT_EQ(token_in("Bearer a b"), byte);
}

TEST(Denial, IsAResponseThatAnAgentCanActOn) {
  Denial denial;
  denial.reason = "rule-deny";
  denial.rule_reason = "exfiltration-risk";
  denial.decision = "dec_1";
  denial.host = "pastebin.com";
  denial.port = 443;
  EXPECT_EQ(
      response_of(denial, false),
      "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: 207\r\nx-deny-reason: rule-deny\r\n"
      "x-decision-id: dec_1\r\nconnection: close\r\n\r\n"
      R"({"decision":false,"host":"pastebin.com","id":"dec_1","message":"pastebin.com:443: a deny rule matched (exfiltration-risk); do not try again","port":443,"reason":"rule-deny","ruleReason":"exfiltration-risk"})"
      "\n");
}

TEST(Denial, AsksForCredentialsAndKeepsTheConnection) {
  EXPECT_EQ(
      response_of(denial_of(wire::Reason::token_missing, 407), true),
      "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-type: application/json\r\ncontent-length: 148\r\n"
      "x-deny-reason: token-missing\r\nProxy-Authenticate: Basic realm=\"portreeve\"\r\nconnection: keep-alive\r\n\r\n"
      R"({"decision":false,"message":"no token of a session came with the question; send the session token in Proxy-Authorization","reason":"token-missing"})"
      "\n");
}

TEST(Denial, WritesWhatItCannotTrustAsJson) {
  Denial denial = denial_of(wire::Reason::resolve_error, 502, "\"quoted\"\r\nx-evil: 1");
  const std::string response = response_of(denial, false);
  EXPECT_EQ(response.find("\r\nx-evil"), std::string::npos);
  EXPECT_NE(response.find(R"(\"quoted\"\r\nx-evil: 1)"), std::string::npos);
}

TEST(HelloDenial, ComparesTheServerNameWithTheJudgedHost) {
  const net::EndpointHost name = *net::HostName::parse("api.example.com");
  const net::EndpointHost address = *net::IpAddress::parse("8.8.8.8");
  const auto hello = [](const char* server) {
    ClientHello made;
    if (server != nullptr) made.server_name = *net::HostName::parse(server);
    return made;
  };
  EXPECT_EQ(hello_denial(hello("api.example.com"), name, false), std::nullopt);
  EXPECT_EQ(hello_denial(hello("sub.api.example.com"), name, false), wire::Reason::sni_mismatch);
  EXPECT_EQ(hello_denial(hello("example.com"), name, false), wire::Reason::sni_mismatch);
  EXPECT_EQ(hello_denial(hello(nullptr), name, false), wire::Reason::sni_missing);
  EXPECT_EQ(hello_denial(hello(nullptr), address, false), std::nullopt);
  EXPECT_EQ(hello_denial(hello("api.example.com"), address, false), wire::Reason::sni_mismatch);
  ClientHello hidden = hello("api.example.com");
  hidden.has_ech = true;
  EXPECT_EQ(hello_denial(hidden, name, false), std::nullopt);
  EXPECT_EQ(hello_denial(hidden, name, true), wire::Reason::ech_present);
}

TEST(TlsAlert, IsAFatalAlertRecord) {
  EXPECT_EQ(tls_alert(wire::Reason::sni_mismatch), std::string("\x15\x03\x03\x00\x02\x02\x70", 7));
  EXPECT_EQ(tls_alert(wire::Reason::sni_missing), std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
  EXPECT_EQ(tls_alert(wire::Reason::hello_timeout), std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
  EXPECT_EQ(tls_alert(wire::Reason::tls_malformed), std::string("\x15\x03\x03\x00\x02\x02\x32", 7));
}

TEST(KeyedCounts, GivesPlacesAndTakesThemBack) {
  KeyedCounts counts;
  {
    auto first = counts.take("a", 2);
    const auto second = counts.take("a", 2);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(counts.take("a", 2));
    EXPECT_TRUE(counts.take("b", 1));
    const KeyedCounts::Place moved = std::move(*first);
    EXPECT_EQ(counts.count("a"), 2);
  }
  EXPECT_EQ(counts.count("a"), 0);
  EXPECT_FALSE(counts.take("a", 0));
}

}  // namespace
}  // namespace portreeve::pep

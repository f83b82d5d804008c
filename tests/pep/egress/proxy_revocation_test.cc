// What becomes of tunnels, and of what is about to become one, when a session is cut or nothing is heard of the PDP.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/pep/dns_bytes.h"
#include "tests/pep/egress/proxy_fixture.h"

namespace portreeve::pep {
namespace {

const std::string kHost = "api.example.com";
const std::string kSession(kScriptedSession);

class RevocationTest : public ProxyTest {
 protected:
  RevocationTest() { zone[kHost] = {dns_address(kHost, "23.0.0.10")}; }
  std::string at(const Origin& origin) const { return kHost + ":" + std::to_string(origin.port()); }

  // A tunnel through which a hello went there and back.
  Client open(const Origin& origin) {
    std::string head;
    Client agent = connect(at(origin), &head);
    EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 200") << head;
    const std::string hello = hello_for(kHost);
    agent.send(hello);
    EXPECT_EQ(agent.read(hello.size()), hello);
    return agent;
  }
  // The head of a CONNECT that is refused.
  std::string refused(const Origin& origin) {
    std::string head;
    connect(at(origin), &head);
    return head;
  }
  static bool says(const std::string& head, const std::string& status, const std::string& reason) {
    return head.rfind("HTTP/1.1 " + status, 0) == 0 &&
           head.find("x-deny-reason: " + reason + "\r\n") != std::string::npos;
  }
  // The one record of an outcome.
  std::string outcome() {
    std::string found;
    for (const std::string& record : stop()) {
      if (member(record, "kind") != "outcome") continue;
      EXPECT_EQ(found, "") << record;
      found = record;
    }
    return found;
  }
};

class CutTest : public RevocationTest, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, CutTest, testing::Values("session", "end", "subject", "tenant", "all"));

TEST_P(CutTest, EndsWhatIsOpen) {
  Origin origin("23.0.0.10");
  start();
  Client agent = open(origin);
  pdp->push(revocation(1, kSession, GetParam()));
  EXPECT_EQ(agent.read(1), "");
  origin.wait_for_end();
  const std::string record = outcome();
  EXPECT_EQ(member(record, "result"), "closed");
  EXPECT_EQ(member(record, "reason"), "revoked");
  EXPECT_EQ(member(record, "bytesOut"), std::to_string(hello_for(kHost).size()));
}

TEST_F(RevocationTest, LeavesOtherSessionsAlone) {
  Origin origin("23.0.0.10");
  start();
  Client agent = open(origin);
  pdp->push(revocation(1, "ses_other"));
  agent.send("more");
  EXPECT_EQ(agent.read(4), "more");
  pdp->push(revocation(2, kSession));
  EXPECT_EQ(agent.read(1), "");
}

TEST_F(RevocationTest, CutsATunnelThatHasNotBegun) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head);
  EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 200");
  pdp->push(revocation(1, kSession));
  EXPECT_EQ(agent.read(1), "");
  origin.wait_for_end();
  EXPECT_EQ(origin.received(), "");
  const std::string record = outcome();
  EXPECT_EQ(member(record, "result"), "closed");
  EXPECT_EQ(member(record, "reason"), "revoked");
}

// The scripted PDP goes on allowing what it revoked, as an answer does that was under way.
TEST_F(RevocationTest, RefusesAnAnswerThatARevocationOvertook) {
  Origin origin("23.0.0.10");
  options.threads = 1;
  start();
  {
    Client agent = open(origin);
    pdp->push(revocation(1, kSession));
    EXPECT_EQ(agent.read(1), "");
  }
  const std::string head = refused(origin);
  EXPECT_TRUE(says(head, "403", "revoked")) << head;
  EXPECT_NE(head.find("x-decision-id: dec_resolve\r\n"), std::string::npos) << head;
  EXPECT_EQ(origin.accepted(), 1);
  const auto records = stop();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(member(records[1], "decision"), "dec_resolve");
  EXPECT_EQ(member(records[1], "result"), "refused");
  EXPECT_EQ(member(records[1], "reason"), "revoked");
}

TEST_F(RevocationTest, StartsNothingNewInASilence) {
  Origin origin("23.0.0.10");
  options.threads = 1;
  options.silence.pause = Millis(400);
  pdp->events = [](int caller) -> std::optional<std::string> {
    if (caller == 1) return event_stream(0);
    return std::nullopt;
  };
  start();
  Client agent = open(origin);
  std::string head;
  do {
    head = refused(origin);
  } while (head.rfind("HTTP/1.1 200", 0) == 0);
  EXPECT_TRUE(says(head, "503", "pdp-unavailable")) << head;
  agent.send("more");
  EXPECT_EQ(agent.read(4), "more") << "what is open goes on";
  pdp->push("event: heartbeat\ndata: {\"event\":0}\n\n");
  do {
    head = refused(origin);
  } while (head.rfind("HTTP/1.1 200", 0) != 0);
}

TEST_F(RevocationTest, CutsWhatIsOpenAfterALongSilence) {
  Origin origin("23.0.0.10");
  options.threads = 1;
  options.silence = {Millis(300), Millis(600)};
  pdp->events = [](int caller) -> std::optional<std::string> {
    if (caller == 1) return event_stream(0);
    return std::nullopt;
  };
  start();
  Client agent = open(origin);
  EXPECT_EQ(agent.read(1), "");
  const std::string record = outcome();
  EXPECT_EQ(member(record, "result"), "closed");
  EXPECT_EQ(member(record, "reason"), "pdp-unavailable");
}

TEST_F(RevocationTest, OpensButStartsNothingWhereThePdpIsNotHeard) {
  Origin origin("23.0.0.10");
  pdp->events = [](int) { return std::nullopt; };
  options.first_hearing = Millis(1);
  start();
  const std::string head = refused(origin);
  EXPECT_TRUE(says(head, "503", "pdp-unavailable")) << head;
  EXPECT_TRUE(pdp->requests().empty()) << "it is not even asked";
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "kind"), "refusal");
  EXPECT_EQ(member(records[0], "reason"), "pdp-unavailable");
}

TEST_F(RevocationTest, GoesByAnAnswerAgainAndRecordsIt) {
  Origin origin("23.0.0.10");
  options.threads = 1;
  pdp_says = [](const std::string& action, const std::string& body) {
    std::string answer = action == "egress.resolve" ? allow_resolve() : allow_connect(member(body, "addresses"));
    answer.insert(answer.find("\"event\""), "\"cacheFor\":300,");
    return http_response(200, answer);
  };
  start();
  { Client agent = open(origin); }
  EXPECT_EQ(pdp->requests().size(), 2u);
  { Client agent = open(origin); }
  EXPECT_EQ(pdp->requests().size(), 2u) << "neither question was asked again";
  {
    Client agent = open(origin);
    pdp->push("id: 1\nevent: activation\ndata: {\"event\":1,\"revision\":\"sha256:2\"}\n\n" + revocation(2, kSession));
    EXPECT_EQ(agent.read(1), "");
  }
  refused(origin);
  EXPECT_GT(pdp->requests().size(), 2u) << "it was asked anew";
  int uses = 0;
  for (const std::string& record : stop()) uses += member(record, "kind") == "use" ? 1 : 0;
  EXPECT_EQ(uses, 4);
}

TEST_F(RevocationTest, KnowsASandboxByItsAddressWhereToldTo) {
  Origin origin("23.0.0.10");
  options.source_sessions = true;
  pdp_says = [](const std::string& action, const std::string& body) {
    if (action == "egress.resolve") return http_response(200, allow_resolve("ses_bound"));
    return http_response(200, allow_connect(member(body, "addresses"), "tls", "", "ses_bound"));
  };
  start();
  Client agent = client();
  agent.send(connect_request(at(origin), ""));
  EXPECT_EQ(agent.read_head().substr(0, 12), "HTTP/1.1 200");
  const std::string asked = pdp->requests().at(0).body;
  EXPECT_NE(asked.find(R"("subject":{"id":"127.0.0.1","type":"address"})"), std::string::npos) << asked;
  EXPECT_NE(asked.find(R"("context":{"source":"127.0.0.1"})"), std::string::npos) << asked;
  pdp->push(revocation(1, "ses_bound"));
  EXPECT_EQ(agent.read(1), "");
}

TEST_F(RevocationTest, AsksForATokenWhereAnAddressIsNobodys) {
  Origin origin("23.0.0.10");
  options.source_sessions = true;
  pdp_says = [](const std::string& action, const std::string& body) {
    if (body.find(R"("type":"address")") != std::string::npos) return http_response(200, denial("session-unknown"));
    if (action == "egress.resolve") return http_response(200, allow_resolve());
    return http_response(200, allow_connect(member(body, "addresses")));
  };
  start();
  Client agent = client();
  agent.send(connect_request(at(origin), ""));
  const std::string head = agent.read_head();
  EXPECT_TRUE(says(head, "407", "session-unknown")) << head;
  EXPECT_NE(head.find("Proxy-Authenticate: Basic"), std::string::npos) << head;
  const std::size_t length = std::stoul(head.substr(head.find("content-length: ") + 16));
  agent.read(length);
  agent.send(connect_request(at(origin)));
  EXPECT_EQ(agent.read_head().substr(0, 12), "HTTP/1.1 200") << "git tries again on the same connection";
}

}  // namespace
}  // namespace portreeve::pep

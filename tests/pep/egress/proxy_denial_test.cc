// What the proxy refuses, how it says so, and what it leaves on record.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "tests/pep/dns_bytes.h"
#include "tests/pep/egress/proxy_fixture.h"

namespace portreeve::pep {
namespace {

const std::string kHost = "api.example.com";

class DenialTest : public ProxyTest {
 protected:
  DenialTest() { zone[kHost] = {dns_address(kHost, "23.0.0.10")}; }

  struct Response {
    std::string status, reason, decision, body;
    bool complete = false;
  };
  static std::string header(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
  Response ask(const std::string& request) {
    Client agent = client();
    agent.send(request);
    const std::string head = agent.read_head();
    Response response;
    response.status = head.size() > 12 ? head.substr(9, 3) : "";
    response.reason = header(head, "x-deny-reason");
    response.decision = header(head, "x-decision-id");
    response.body = agent.read_all(&response.complete);
    return response;
  }
  Response ask_for(const std::string& target) { return ask(connect_request(target)); }
};

TEST_F(DenialTest, NeverLooksUpANameThatThePdpDenies) {
  pdp_says = [](const std::string&, const std::string&) { return http_response(200, denial("default-deny")); };
  start();
  const Response response = ask_for("secret-bits.attacker.example.org:443");
  EXPECT_EQ(response.status, "403");
  EXPECT_EQ(response.reason, "default-deny");
  EXPECT_EQ(response.decision, "dec_denied");
  EXPECT_EQ(
      response.body,
      R"({"decision":false,"host":"secret-bits.attacker.example.org","id":"dec_denied","message":"secret-bits.attacker.example.org:443: no allow rule covers all that was asked for; use a destination that is allowed, or ask for this one to be allowed","port":443,"reason":"default-deny"})"
      "\n");
  EXPECT_TRUE(response.complete);
  EXPECT_TRUE(dns->queries().empty());
  EXPECT_TRUE(stop().empty()) << "the decision is on record already";
}

TEST_F(DenialTest, SaysWhatThePdpSaysOfTheAddresses) {
  pdp_says = [](const std::string& action, const std::string&) {
    return http_response(200, action == "egress.resolve" ? allow_resolve() : denial("rule-deny", "exfiltration-risk"));
  };
  Origin origin("23.0.0.10");
  start();
  const Response response = ask_for(kHost + ":" + std::to_string(origin.port()));
  EXPECT_EQ(response.status, "403");
  EXPECT_EQ(response.reason, "rule-deny");
  EXPECT_EQ(member(response.body, "ruleReason"), "exfiltration-risk");
  EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(DenialTest, PassesOnWhatIsWrongWithAToken) {
  pdp_says = [](const std::string&, const std::string&) { return http_response(200, denial("token-expired")); };
  start();
  const Response response = ask_for(kHost + ":443");
  EXPECT_EQ(response.status, "403");
  EXPECT_EQ(response.reason, "token-expired");
}

TEST_F(DenialTest, AsksForATokenOnAConnectionThatStays) {
  Origin origin("23.0.0.10");
  start();
  const std::string target = kHost + ":" + std::to_string(origin.port());
  Client agent = client();
  agent.send(connect_request(target, ""));
  const std::string first = agent.read_head();
  EXPECT_EQ(first.substr(9, 3), "407");
  EXPECT_EQ(header(first, "Proxy-Authenticate"), "Basic realm=\"portreeve\"");
  EXPECT_EQ(header(first, "x-deny-reason"), "token-missing");
  agent.read(std::stoul(header(first, "content-length")));
  agent.send(connect_request(target, "Proxy-Authorization: Basic " + base64_encode("x:a.b.c") + "\r\n"));
  EXPECT_EQ(agent.read_head().substr(9, 3), "200");
  EXPECT_EQ(member(pdp->requests().at(0).body, "token"), "a.b.c");
}

TEST_F(DenialTest, DoesNotAskForATokenForEver) {
  start();
  Client agent = client();
  int answers = 0;
  for (; answers < 100; ++answers) {
    agent.send(connect_request(kHost + ":443", ""));
    const std::string head = agent.read_head();
    if (head.empty()) break;
    agent.read(std::stoul(header(head, "content-length")));
  }
  EXPECT_EQ(answers, 8);
  EXPECT_TRUE(pdp->requests().empty());
}

struct Guarded {
  const char* name;
  std::vector<std::string> records;
  const char* reason;
};

// Even where a PDP were to allow it: the guard is the gate's own.
TEST_F(DenialTest, GuardsEveryAddressWhateverThePdpSays) {
  const auto a = [](const char* address) { return dns_address(kHost, address); };
  const Guarded table[] = {
      {"loopback", {a("127.0.0.1")}, "guard:loopback-address"},
      {"metadata", {a("169.254.169.254")}, "guard:metadata-address"},
      {"mapped loopback", {a("::ffff:127.0.0.1")}, "guard:loopback-address"},
      {"mapped metadata", {a("::ffff:169.254.169.254")}, "guard:metadata-address"},
      {"mixed, bad last", {a("93.184.215.14"), a("169.254.1.1")}, "guard:link-local-address"},
      {"mixed, bad first", {a("0.0.0.0"), a("93.184.215.14")}, "guard:unspecified-address"},
      {"mixed families", {a("93.184.215.14"), a("::1")}, "guard:loopback-address"},
      {"nat64", {a("64:ff9b::a9fe:a9fe")}, "guard:translated-address"},
      {"an interface of this machine", {a("23.9.0.1")}, "guard:own-address"},
      {"named at the start", {a("23.8.1.2")}, "guard:own-address"},
      {"a special name on the way",
       {dns_cname(kHost, "localhost"), dns_address("localhost", "93.184.215.14")},
       "guard:special-use-name"},
      {"a metadata name on the way", {dns_cname(kHost, "metadata.google.internal")}, "guard:metadata-name"},
  };
  options.own = {*net::IpPrefix::parse("23.8.0.0/16")};
  start();
  for (const Guarded& row : table) {
    zone[kHost] = row.records;
    const Response response = ask_for(kHost + ":443");
    EXPECT_EQ(response.status, "403") << row.name;
    EXPECT_EQ(response.reason, row.reason) << row.name;
  }
  const auto records = stop();
  ASSERT_EQ(records.size(), std::size(table));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(member(records[i], "reason"), table[i].reason) << table[i].name;
    EXPECT_EQ(member(records[i], "result"), "refused") << table[i].name;
  }
}

TEST_F(DenialTest, GuardsAddressTargets) {
  start();
  for (const char* target :
       {"127.0.0.1:443", "[::ffff:127.0.0.1]:443", "[::1]:443", "169.254.169.254:80", "23.9.0.1:443"}) {
    EXPECT_EQ(ask_for(target).reason.substr(0, 6), "guard:") << target;
  }
  EXPECT_TRUE(dns->queries().empty());
}

TEST_F(DenialTest, GivesThePdpsOwnWordOnAGuardedAddress) {
  zone[kHost] = {dns_address(kHost, "127.0.0.1")};
  pdp_says = [](const std::string& action, const std::string&) {
    return http_response(200, action == "egress.resolve" ? allow_resolve() : denial("guard:loopback-address"));
  };
  start();
  const Response response = ask_for(kHost + ":443");
  EXPECT_EQ(response.reason, "guard:loopback-address");
  EXPECT_EQ(response.decision, "dec_denied");
  EXPECT_TRUE(stop().empty());
}

TEST_F(DenialTest, LeavesSoftRangesToThePdp) {
  zone[kHost] = {dns_address(kHost, "10.0.0.5")};
  pdp_says = [](const std::string& action, const std::string&) {
    return http_response(200, action == "egress.resolve" ? allow_resolve() : denial("guard:private-address"));
  };
  start();
  EXPECT_EQ(ask_for(kHost + ":443").reason, "guard:private-address");
}

TEST_F(DenialTest, IsClosedWhereThePdpGivesNoAnswer) {
  options.pdp.deadline = Millis(200);
  const std::pair<std::optional<std::string>, const char*> table[] = {
      {std::nullopt, "pdp-unavailable"},
      {std::string(ScriptedPdp::kSilence), "pdp-unavailable"},
      {"garbage\r\n\r\n", "pdp-unavailable"},
      {http_response(200, "{\"decision\":true}"), "pdp-unavailable"},
      {http_response(401, "{}"), "pdp-unavailable"},
      {http_response(503, R"({"type":"urn:portreeve:problem:audit-unavailable"})"), "audit-unavailable"},
  };
  std::optional<std::string> now;
  pdp_says = [&](const std::string&, const std::string&) { return now; };
  start();
  for (const auto& [answer, reason] : table) {
    now = answer;
    const Response response = ask_for(kHost + ":443");
    EXPECT_EQ(response.status, "503");
    EXPECT_EQ(response.reason, reason);
  }
  EXPECT_TRUE(dns->queries().empty());
  const auto records = stop();
  ASSERT_EQ(records.size(), std::size(table));
  EXPECT_EQ(member(records[0], "kind"), "refusal");
  EXPECT_EQ(member(records[0], "reason"), "pdp-unavailable");
  EXPECT_EQ(member(records[0], "host"), kHost);
}

TEST_F(DenialTest, IsClosedWhereThePdpGoesAwayBetweenTheQuestions) {
  Origin origin("23.0.0.10");
  pdp_says = [](const std::string& action, const std::string&) -> std::optional<std::string> {
    if (action == "egress.resolve") return http_response(200, allow_resolve());
    return std::nullopt;
  };
  start();
  EXPECT_EQ(ask_for(kHost + ":" + std::to_string(origin.port())).reason, "pdp-unavailable");
  EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(DenialTest, NeverDialsAnAddressThatWasNotAskedAbout) {
  Origin other("23.0.0.66");
  pdp_says = [](const std::string& action, const std::string&) {
    return http_response(200, action == "egress.resolve" ? allow_resolve() : allow_connect(R"(["23.0.0.66"])"));
  };
  start();
  EXPECT_EQ(ask_for(kHost + ":" + std::to_string(other.port())).reason, "pdp-unavailable");
  EXPECT_EQ(other.accepted(), 0);
}

TEST_F(DenialTest, SaysThatANameDoesNotResolve) {
  start();
  const Response response = ask_for("nowhere.example.com:443");
  EXPECT_EQ(response.status, "502");
  EXPECT_EQ(response.reason, "resolve-error");
  EXPECT_EQ(member(response.body, "message"),
            "nowhere.example.com:443: the name could not be resolved (the DNS servers give no answer: Domain name not "
            "found)");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "kind"), "refusal");
  EXPECT_EQ(member(records[0], "reason"), "resolve-error");
}

TEST_F(DenialTest, SaysThatADestinationRefuses) {
  start();
  const Response response = ask_for(kHost + ":9");
  EXPECT_EQ(response.status, "502");
  EXPECT_EQ(response.reason, "connect-refused");
  EXPECT_EQ(response.decision, "dec_connect");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "result"), "failed");
  EXPECT_EQ(member(records[0], "reason"), "connect-refused");
  EXPECT_EQ(member(records[0], "address"), "23.0.0.10");
}

TEST_F(DenialTest, SaysThatADestinationDoesNotAnswer) {
  options.times.dial = Millis(300);
  // A listener whose queue is full: the kernel drops what else arrives.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x1700000a);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  ::listen(listener, 0);
  std::vector<int> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  start();
  const Response response = ask_for(kHost + ":" + std::to_string(ntohs(address.sin_port)));
  EXPECT_EQ(response.status, "504");
  EXPECT_EQ(response.reason, "connect-timeout");
  EXPECT_EQ(member(stop().at(0), "reason"), "connect-timeout");
  for (const int socket : waiting) ::close(socket);
  ::close(listener);
}

struct Malformed {
  const char* name;
  std::string bytes;
  const char* status;
};

TEST_F(DenialTest, RefusesWhatItCannotReadInOneWay) {
  const std::string token = "Proxy-Authorization: Bearer a.b.c\r\n";
  const Malformed table[] = {
      {"tls", hello_for(kHost), "400"},
      {"socks", std::string("\x05\x01\x00", 3), "400"},
      {"get", "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "501"},
      {"origin form", "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "501"},
      {"trace", "TRACE / HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "501"},
      {"no port", connect_request(kHost, token), "400"},
      {"numeric host", connect_request("2130706433:443", token), "400"},
      {"user info", connect_request("api.example.com:443@evil.com:443", token), "400"},
      {"another host", "CONNECT api.example.com:443 HTTP/1.1\r\nHost: evil.com:443\r\n" + token + "\r\n", "400"},
      {"two hosts", connect_request(kHost + ":443", token + "Host: x\r\n"), "400"},
      {"body", connect_request(kHost + ":443", token + "Content-Length: 5\r\n"), "400"},
      {"http/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"bare lf", "CONNECT api.example.com:443 HTTP/1.1\nHost: api.example.com\n\n", "400"},
      {"broken basic", connect_request(kHost + ":443", "Proxy-Authorization: Basic !\r\n"), "400"},
      {"head too long", connect_request(kHost + ":443", "X: " + std::string(9000, 'a') + "\r\n"), "431"},
  };
  start();
  for (const Malformed& row : table) {
    const Response response = ask(row.bytes);
    EXPECT_EQ(response.status, row.status) << row.name;
    EXPECT_EQ(response.reason, "bad-request") << row.name;
    EXPECT_TRUE(response.complete) << row.name;
  }
  EXPECT_TRUE(pdp->requests().empty());
  const auto records = stop();
  EXPECT_EQ(records.size(), std::size(table));
  for (const std::string& record : records) EXPECT_EQ(member(record, "reason"), "bad-request");
}

TEST_F(DenialTest, DoesNotWaitForAHeadForEver) {
  options.times.head = Millis(200);
  start();
  Client agent = client();
  agent.send("CONNECT api.example.com:443 HTTP/1.1\r\nHost:");
  bool complete = false;
  EXPECT_EQ(agent.read_all(&complete), "");
}

TEST_F(DenialTest, OpensNothingWhereItsRecordWouldNotFit) {
  spool_options.total_bytes = 1u << 20;
  start();
  Outcome filler;
  filler.host = std::string(200, 'x');
  filler.result = "closed";
  Response response;
  std::size_t asked = 0;
  // What was shipped meanwhile makes room again: then it is filled once more.
  for (int i = 0; i < 50 && response.status != "503"; ++i) {
    while (spool->has_room()) spool->add(filler);
    asked = pdp->requests().size();
    response = ask_for(kHost + ":443");
  }
  EXPECT_EQ(response.status, "503");
  EXPECT_EQ(response.reason, "audit-unavailable");
  EXPECT_EQ(pdp->requests().size(), asked);
}

TEST_F(DenialTest, BoundsTheConnectionsOfOneSource) {
  options.connections_per_source = 2;
  start();
  Client first = client();
  Client second = client();
  for (Client* one : {&first, &second}) {
    one->send(connect_request(kHost + ":443", ""));
    EXPECT_EQ(one->read_head().substr(9, 3), "407");
  }
  const Response response = ask("");
  EXPECT_EQ(response.status, "503");
  EXPECT_EQ(response.reason, "limit-connections");
  EXPECT_EQ(member(stop().at(0), "reason"), "limit-connections");
}

}  // namespace
}  // namespace portreeve::pep

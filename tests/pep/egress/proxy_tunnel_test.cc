// Tunnels that are allowed: what flows, what is checked before it flows, how it ends.
#include <gtest/gtest.h>

#include "tests/pep/dns_bytes.h"
#include "tests/pep/egress/proxy_fixture.h"

namespace portreeve::pep {
namespace {

const std::string kHost = "api.example.com";
const std::string kAlertHead("\x15\x03\x03\x00\x02\x02", 6);

class TunnelTest : public ProxyTest {
 protected:
  TunnelTest() { zone[kHost] = {dns_address(kHost, "23.0.0.10")}; }
  std::string at(const Origin& origin) const { return kHost + ":" + std::to_string(origin.port()); }
};

TEST_F(TunnelTest, CarriesBytesBothWaysAndReportsThem) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  const std::string hello = hello_for(kHost);
  {
    Client agent = connect(at(origin), &head);
    EXPECT_EQ(head, "HTTP/1.1 200 Connection established\r\nx-decision-id: dec_connect\r\n\r\n");
    agent.send(hello);
    EXPECT_EQ(agent.read(hello.size()), hello);
    agent.send("more");
    EXPECT_EQ(agent.read(4), "more");
  }
  origin.wait_for_end();
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "kind"), "outcome");
  EXPECT_EQ(member(records[0], "result"), "closed");
  EXPECT_EQ(member(records[0], "reason"), "");
  EXPECT_EQ(member(records[0], "decision"), "dec_connect");
  EXPECT_EQ(member(records[0], "address"), "23.0.0.10");
  EXPECT_EQ(member(records[0], "host"), kHost);
  EXPECT_EQ(member(records[0], "protocol"), "tls");
  EXPECT_EQ(member(records[0], "bytesOut"), std::to_string(hello.size() + 4));
  EXPECT_EQ(member(records[0], "bytesIn"), std::to_string(hello.size() + 4));
  EXPECT_EQ(member(records[0], "source"), "127.0.0.1");
  EXPECT_EQ(member(records[0], "seq"), "1");
}

TEST_F(TunnelTest, AsksAboutTheNameThenAboutEveryAddress) {
  zone[kHost] = {dns_address(kHost, "23.0.0.10"), dns_address(kHost, "23.0.0.11"), dns_address(kHost, "2606:4700::1")};
  Origin origin("23.0.0.10");
  start();
  std::string head;
  const Client agent = connect("API.Example.COM.:" + std::to_string(origin.port()), &head);
  const auto asked = pdp->requests();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(member(asked[0].body, "name"), "egress.resolve");
  EXPECT_EQ(member(asked[0].body, "addresses"), "");
  EXPECT_NE(asked[0].body.find("\"id\":\"" + at(origin) + "\""), std::string::npos);
  EXPECT_EQ(member(asked[1].body, "name"), "egress.connect");
  EXPECT_EQ(member(asked[1].body, "addresses"), R"(["23.0.0.10","23.0.0.11","2606:4700::1"])");
  EXPECT_EQ(member(asked[1].body, "token"), "a.b.c");
  EXPECT_EQ(member(asked[1].body, "source"), "127.0.0.1");
  for (const auto& query : dns->queries()) EXPECT_EQ(query.name, kHost);
}

TEST_F(TunnelTest, TakesAHelloThatCameWithTheRequest) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  const std::string hello = hello_for(kHost) + "early data";
  Client agent = connect(at(origin), &head, hello);
  EXPECT_EQ(agent.read(hello.size()), hello);
}

TEST_F(TunnelTest, TakesAHelloInManyPieces) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  HelloParts parts;
  parts.extensions = server_names({kHost});
  const std::string hello = records_of(message_of(hello_body(parts)), 5);
  Client agent = connect(at(origin), &head);
  for (const char c : hello) agent.send(std::string_view(&c, 1));
  EXPECT_EQ(agent.read(hello.size()), hello);
}

TEST_F(TunnelTest, DialsTheNextAddressWhereOneRefuses) {
  zone[kHost] = {dns_address(kHost, "23.0.0.9"), dns_address(kHost, "23.0.0.10")};
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  EXPECT_EQ(agent.read(10), hello_for(kHost).substr(0, 10));
}

struct Refused {
  const char* name;
  std::string bytes;
  char alert;
  const char* reason;
};

TEST_F(TunnelTest, SendsNothingUpstreamOfAHelloThatIsNotForTheJudgedHost) {
  HelloParts nameless;
  nameless.extensions = extension(16, "");
  const Refused table[] = {
      {"another name", hello_for("evil.example.com") + "secret", 112, "sni-mismatch"},
      {"a name below", hello_for("x." + kHost), 112, "sni-mismatch"},
      {"no name", records_of(message_of(hello_body(nameless))), 40, "sni-missing"},
      {"two names", records_of(message_of(hello_body({.extensions = server_names({kHost, kHost})}))), 50,
       "tls-malformed"},
      {"http", "GET / HTTP/1.1\r\nHost: " + kHost + "\r\n\r\n", 50, "not-tls"},
      {"ssh", "SSH-2.0-x\r\n", 50, "not-tls"},
      {"nested connect", connect_request("evil.example.com:443"), 50, "not-tls"},
  };
  Origin origin("23.0.0.10");
  start();
  for (const Refused& row : table) {
    std::string head;
    Client agent = connect(at(origin), &head);
    ASSERT_EQ(head.substr(0, 12), "HTTP/1.1 200") << row.name;
    agent.send(row.bytes);
    bool complete = false;
    EXPECT_EQ(agent.read_all(&complete), kAlertHead + row.alert) << row.name;
    EXPECT_TRUE(complete) << row.name;
  }
  origin.wait_for_end(static_cast<int>(std::size(table)));
  EXPECT_EQ(origin.accepted(), static_cast<int>(std::size(table)));
  EXPECT_EQ(origin.received(), "");
  const auto records = stop();
  ASSERT_EQ(records.size(), std::size(table));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(member(records[i], "result"), "refused") << table[i].name;
    EXPECT_EQ(member(records[i], "reason"), table[i].reason) << table[i].name;
    EXPECT_EQ(member(records[i], "decision"), "dec_connect") << table[i].name;
    EXPECT_EQ(member(records[i], "bytesOut"), "0") << table[i].name;
  }
}

TEST_F(TunnelTest, SendsNothingUpstreamOfAHelloThatNeverEnds) {
  options.times.hello = Millis(200);
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head);
  const std::string hello = hello_for(kHost);
  agent.send(hello.substr(0, hello.size() - 1));
  EXPECT_EQ(agent.read_all(), kAlertHead + char{40});
  origin.wait_for_end();
  EXPECT_EQ(origin.received(), "");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "reason"), "hello-timeout");
}

TEST_F(TunnelTest, SendsNothingUpstreamOfAClientThatGoesAway) {
  Origin origin("23.0.0.10");
  start();
  {
    std::string head;
    Client agent = connect(at(origin), &head);
    agent.send(hello_for(kHost).substr(0, 20));
  }
  origin.wait_for_end();
  EXPECT_EQ(origin.received(), "");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "result"), "closed");
}

TEST_F(TunnelTest, RefusesAHiddenServerNameWhereToldTo) {
  options.refuse_ech = true;
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head);
  agent.send(records_of(message_of(hello_body({.extensions = server_names({kHost}) + extension(0xfe0d, "x")}))));
  EXPECT_EQ(agent.read_all(), kAlertHead + char{40});
  EXPECT_EQ(member(stop().at(0), "reason"), "ech-present");
}

TEST_F(TunnelTest, LooksAtNothingWhereTcpIsAllowed) {
  protocol = "tcp";
  Origin origin("23.0.0.10", 0, [](Origin::Connection& connection) {
    connection.write("SSH-2.0-origin\r\n");
    Origin::echo(connection);
  });
  start();
  std::string head;
  Client agent = connect(at(origin), &head);
  EXPECT_EQ(agent.read(16), "SSH-2.0-origin\r\n");
  agent.send("SSH-2.0-agent\r\n");
  EXPECT_EQ(agent.read(15), "SSH-2.0-agent\r\n");
}

TEST_F(TunnelTest, PassesTheEndOfSendingOnAndCarriesTheAnswer) {
  const std::string answer(300'000, 'x');
  Origin origin("23.0.0.10", 0, [&](Origin::Connection& connection) {
    connection.read();  // to the end
    connection.write(answer);
  });
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  agent.send("question");
  agent.shut_sending();
  bool complete = false;
  EXPECT_EQ(agent.read_all(&complete), answer);
  EXPECT_TRUE(complete);
  EXPECT_EQ(origin.received(), hello_for(kHost) + "question");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "bytesIn"), "300000");
}

TEST_F(TunnelTest, EndsBothSidesWhereOneResets) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  agent.read(5);
  agent.reset();
  origin.wait_for_end();
  EXPECT_EQ(member(stop().at(0), "result"), "closed");
}

TEST_F(TunnelTest, CarriesExactlyTheBytesThatALimitAllows) {
  const std::string hello = hello_for(kHost);
  limits = R"({"bytesOut":)" + std::to_string(hello.size() + 10) + "}";
  Origin origin("23.0.0.10", 0, [](Origin::Connection& connection) { connection.read(); });
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello);
  agent.send("0123456789ABCDEF");
  agent.read_all();
  origin.wait_for_end();
  EXPECT_EQ(origin.received(), hello + "0123456789");
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "reason"), "limit-bytes");
  EXPECT_EQ(member(records[0], "bytesOut"), std::to_string(hello.size() + 10));
}

TEST_F(TunnelTest, CountsTheHelloAgainstTheLimit) {
  limits = R"({"bytesOut":10})";
  Origin origin("23.0.0.10", 0, [](Origin::Connection& connection) { connection.read(); });
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  agent.read_all();
  origin.wait_for_end();
  EXPECT_EQ(origin.received(), hello_for(kHost).substr(0, 10));
}

TEST_F(TunnelTest, BoundsWhatComesBack) {
  limits = R"({"bytesIn":100000})";
  Origin origin("23.0.0.10", 0, [](Origin::Connection& connection) {
    connection.write(std::string(200'000, 'x'));
    connection.read();
  });
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  EXPECT_EQ(agent.read_all().size(), 100'000u);
  const auto records = stop();
  EXPECT_EQ(member(records.at(0), "bytesIn"), "100000");
  EXPECT_EQ(member(records.at(0), "reason"), "limit-bytes");
}

TEST_F(TunnelTest, CutsWhatIsIdle) {
  limits = R"({"idle":1})";
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  const auto began = std::chrono::steady_clock::now();
  agent.read_all();
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
  EXPECT_EQ(member(stop().at(0), "reason"), "limit-idle");
}

TEST_F(TunnelTest, CutsWhatIsBusyForTooLong) {
  limits = R"({"idle":600,"total":1})";
  Origin origin("23.0.0.10", 0, [](Origin::Connection& connection) {
    connection.read(1);
    for (int i = 0; i < 100'000; ++i) connection.write(std::string(1000, 'x'));
    connection.read();
  });
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  bool complete = false;
  agent.read_all(&complete);
  EXPECT_EQ(member(stop().at(0), "reason"), "limit-total");
}

TEST_F(TunnelTest, BoundsOpenTunnelsOfASession) {
  limits = R"({"connections":2})";
  Origin origin("23.0.0.10");
  start();
  std::string head;
  {
    const Client first = connect(at(origin), &head, hello_for(kHost));
    EXPECT_EQ(head.substr(9, 3), "200");
    const Client second = connect(at(origin), &head, hello_for(kHost));
    EXPECT_EQ(head.substr(9, 3), "200");
    const Client third = connect(at(origin), &head);
    EXPECT_EQ(head.substr(9, 3), "403");
    EXPECT_NE(head.find("x-deny-reason: limit-connections\r\n"), std::string::npos);
  }
  origin.wait_for_end(2);
  EXPECT_EQ(origin.accepted(), 2);
  const auto records = stop();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(member(records[0], "result"), "refused");
  EXPECT_EQ(member(records[0], "reason"), "limit-connections");
}

TEST_F(TunnelTest, JudgesAnAddressTargetWithoutDns) {
  Origin origin("23.0.0.10");
  start();
  const std::string target = "23.0.0.10:" + std::to_string(origin.port());
  HelloParts nameless;
  nameless.extensions = extension(16, "");
  const std::string hello = records_of(message_of(hello_body(nameless)));
  std::string head;
  {
    Client agent = connect(target, &head, hello);
    EXPECT_EQ(agent.read(hello.size()), hello);
  }
  Client named = connect(target, &head, hello_for(kHost));
  EXPECT_EQ(named.read_all(), kAlertHead + char{112});
  EXPECT_TRUE(dns->queries().empty());
  EXPECT_EQ(member(pdp->requests().at(1).body, "addresses"), R"(["23.0.0.10"])");
}

TEST_F(TunnelTest, CarriesManyAtOnceAndMuch) {
  Origin origin("23.0.0.10");
  start();
  const std::string hello = hello_for(kHost);
  std::vector<std::thread> agents;
  std::atomic<int> whole{0};
  for (int i = 0; i < 50; ++i) {
    agents.emplace_back([&, i] {
      std::string head;
      Client agent = connect(at(origin), &head, hello);
      const std::string block(100'000, static_cast<char>('a' + i % 26));
      std::thread sender([&] {
        agent.send(block);
        agent.shut_sending();
      });
      if (agent.read_all() == hello + block) ++whole;
      sender.join();
    });
  }
  for (std::thread& agent : agents) agent.join();
  EXPECT_EQ(whole, 50);
  EXPECT_EQ(stop().size(), 50u);
}

TEST_F(TunnelTest, LeavesARecordOfWhatIsOpenAtTheEnd) {
  Origin origin("23.0.0.10");
  start();
  std::string head;
  Client agent = connect(at(origin), &head, hello_for(kHost));
  agent.read(hello_for(kHost).size());
  const auto records = stop();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(member(records[0], "result"), "closed");
  EXPECT_EQ(member(records[0], "bytesOut"), std::to_string(hello_for(kHost).size()));
}

}  // namespace
}  // namespace portreeve::pep

#include "pep/net/resolver.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <optional>

#include "tests/pep/dns_bytes.h"
#include "tests/pep/world.h"

namespace portreeve::pep {
namespace {

using Reply = DnsServer::Reply;

// The addresses in one line, or the reason and the detail.
std::string resolve(const std::vector<std::string>& servers, const std::string& name, Millis timeout = Millis(5000)) {
  const DnsLibrary library;
  boost::asio::io_context context;
  Resolver resolver(context, {servers, timeout});
  std::optional<Resolution> resolution;
  boost::asio::co_spawn(context, resolver.resolve(*net::HostName::parse_wire(name)),
                        [&](std::exception_ptr, Resolution got) { resolution = std::move(got); });
  while (!resolution) context.run_one();
  context.run();
  std::string out;
  if (const auto* failure = std::get_if<ResolveFailure>(&*resolution)) {
    return std::string(wire::code(failure->reason)) + ": " + failure->detail;
  }
  for (const net::IpAddress& address : std::get<std::vector<net::IpAddress>>(*resolution))
    out += address.to_string() + " ";
  return out;
}

std::string resolve_with(DnsServer::Zone zone, const std::string& name = "api.example.com") {
  DnsServer server(std::move(zone));
  return resolve({server.address()}, name);
}

// Answers with those of the records that are of the type asked for, and the CNAMEs.
DnsServer::Zone zone_of(std::vector<std::string> records_a, std::vector<std::string> records_aaaa = {}) {
  return [=](const std::string&, std::size_t type) {
    return Reply{type == 1 ? records_a : records_aaaa, 0x8180, false, false};
  };
}

TEST(Resolver, GivesBothFamiliesSortedAndOnce) {
  EXPECT_EQ(
      resolve_with(zone_of({dns_address("api.example.com", "93.184.215.14"), dns_address("api.example.com", "23.0.0.1"),
                            dns_address("api.example.com", "23.0.0.1")},
                           {dns_address("api.example.com", "2606:4700::1")})),
      "23.0.0.1 93.184.215.14 2606:4700::1 ");
}

TEST(Resolver, AsksOnceForEachFamilyInLowerCaseAndForNothingElse) {
  DnsServer server(zone_of({dns_address("api.example.com", "23.0.0.1")}));
  EXPECT_EQ(resolve({server.address()}, "aPi.ExAmPlE.CoM."), "23.0.0.1 ");
  std::map<std::size_t, std::string> asked;
  for (const auto& query : server.queries()) asked[query.type] += query.name;
  EXPECT_EQ(asked, (std::map<std::size_t, std::string>{{1, "api.example.com"}, {28, "api.example.com"}}));
}

TEST(Resolver, NeverReadsTheHostsFile) {
  // `localhost` stands in every hosts file; nobody else would answer with this.
  EXPECT_EQ(resolve_with(
                [](const std::string& name, std::size_t type) {
                  return Reply{type == 1 ? std::vector{dns_address(name, "23.0.0.9")} : std::vector<std::string>(),
                               0x8180, false, false};
                },
                "localhost"),
            "23.0.0.9 ");
}

TEST(Resolver, FollowsChainsAndGuardsEachName) {
  EXPECT_EQ(resolve_with(zone_of(
                {dns_cname("api.example.com", "edge.example.net"), dns_address("edge.example.net", "23.0.0.1")})),
            "23.0.0.1 ");
  EXPECT_EQ(resolve_with(zone_of({dns_cname("api.example.com", "localhost"), dns_address("localhost", "23.0.0.1")})),
            "guard:special-use-name: the name leads to `localhost`");
  EXPECT_EQ(resolve_with(zone_of({dns_cname("api.example.com", "metadata.google.internal"),
                                  dns_address("metadata.google.internal", "23.0.0.1")})),
            "guard:metadata-name: the name leads to `metadata.google.internal`");
  EXPECT_EQ(resolve_with(zone_of({dns_cname("api.example.com", "intranet"), dns_cname("intranet", "edge.example.net"),
                                  dns_address("edge.example.net", "23.0.0.1")})),
            "guard:single-label-name: the name leads to `intranet`");
  // Also where the chain ends in nothing, and where only one family has it.
  EXPECT_EQ(resolve_with(zone_of({dns_cname("api.example.com", "localhost")})),
            "guard:special-use-name: the name leads to `localhost`");
  EXPECT_EQ(
      resolve_with(zone_of({dns_address("api.example.com", "23.0.0.1")}, {dns_cname("api.example.com", "localhost")})),
      "guard:special-use-name: the name leads to `localhost`");
}

TEST(Resolver, RefusesHostileAnswers) {
  std::vector<std::string> many;
  for (int i = 1; i <= 17; ++i) many.push_back(dns_address("api.example.com", "23.0.0." + std::to_string(i)));
  const auto cname = [](const char* a, const char* b) { return dns_cname(a, b); };
  EXPECT_EQ(resolve_with(zone_of(many)), "resolve-error: the DNS answer has more than 16 addresses");
  EXPECT_EQ(resolve_with(zone_of({many.begin(), many.begin() + 9},
                                 [] {
                                   std::vector<std::string> v6;
                                   for (int i = 1; i <= 9; ++i)
                                     v6.push_back(dns_address("api.example.com", "2606:4700::" + std::to_string(i)));
                                   return v6;
                                 }())),
            "resolve-error: the name has more than 16 addresses");
  EXPECT_EQ(
      resolve_with(zone_of({cname("api.example.com", "b.example.com"), cname("b.example.com", "api.example.com")},
                           {cname("api.example.com", "b.example.com"), cname("b.example.com", "api.example.com")})),
      "resolve-error: the CNAME chain is longer than 8 hops");
}

TEST(Resolver, SaysWhyThereIsNoAddress) {
  const auto failing = [](std::size_t flags) {
    return [flags](const std::string&, std::size_t) { return Reply{{}, flags, false, false}; };
  };
  EXPECT_EQ(resolve_with(zone_of({})), "resolve-error: the name has no address");
  EXPECT_EQ(resolve_with(failing(0x8183)), "resolve-error: the DNS servers give no answer: Domain name not found");
  EXPECT_EQ(resolve_with(failing(0x8182)), "resolve-error: every DNS server fails to answer");
  EXPECT_EQ(resolve_with(failing(0x8185)), "resolve-error: every DNS server fails to answer");
}

TEST(Resolver, TakesOneFamilyWhereTheOtherFails) {
  EXPECT_EQ(resolve_with([](const std::string& name, std::size_t type) {
              return type == 1 ? Reply{{dns_address(name, "23.0.0.1")}, 0x8180, false, false}
                               : Reply{{}, 0x8182, false, false};
            }),
            "23.0.0.1 ");
}

TEST(Resolver, AsksOverTcpWhereTheAnswerIsCutShort) {
  DnsServer server([](const std::string& name, std::size_t type) {
    return Reply{type == 1 ? std::vector{dns_address(name, "23.0.0.1")} : std::vector<std::string>(), 0x8180, false,
                 true};
  });
  EXPECT_EQ(resolve({server.address()}, "api.example.com"), "23.0.0.1 ");
  bool tcp = false;
  for (const auto& query : server.queries()) tcp = tcp || query.tcp;
  EXPECT_TRUE(tcp);
}

TEST(Resolver, AsksTheNextServerWhereOneFails) {
  DnsServer failing([](const std::string&, std::size_t) { return Reply{{}, 0x8182, false, false}; });
  DnsServer good(zone_of({dns_address("api.example.com", "23.0.0.1")}));
  EXPECT_EQ(resolve({failing.address(), good.address()}, "api.example.com"), "23.0.0.1 ");
}

TEST(Resolver, GivesUpInTime) {
  DnsServer server([](const std::string&, std::size_t) { return Reply{{}, 0x8180, true, false}; });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(resolve({server.address()}, "api.example.com", Millis(300)), "resolve-error: no DNS answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Resolver, KnowsServersThatAreNone) {
  const DnsLibrary library;
  EXPECT_TRUE(Resolver::check({{"127.0.0.1:53", "[::1]:5353"}, Millis(1)}));
  EXPECT_FALSE(Resolver::check({{}, Millis(1)}));
  EXPECT_FALSE(Resolver::check({{"dns.example.com:53"}, Millis(1)}));
}

}  // namespace
}  // namespace portreeve::pep

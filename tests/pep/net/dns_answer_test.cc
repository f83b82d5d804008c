#include "pep/net/dns_answer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/pep/dns_bytes.h"

namespace portreeve::pep {
namespace {

const net::HostName kAsked = *net::HostName::parse("api.example.com");

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Hops and addresses in one line, or the error.
std::string read(const std::string& message, DnsType type = DnsType::a) {
  const auto answer = read_dns_answer(bytes_of(message), kAsked, type);
  if (!answer) return "error: " + answer.error().message;
  std::string out;
  for (const net::HostName& hop : answer->hops) out += "-> " + hop.str() + " ";
  for (const net::IpAddress& address : answer->addresses) out += address.to_string() + " ";
  return out;
}

std::string response(const std::vector<std::string>& answers, std::size_t flags = 0x8180, std::size_t type = 1) {
  return dns_response("id", dns_question("api.example.com", type), answers, flags);
}

TEST(DnsAnswer, ReadsAddressesOfTheTypeAskedFor) {
  EXPECT_EQ(
      read(response({dns_address("api.example.com", "93.184.215.14"), dns_address("api.example.com", "2606:4700::1")})),
      "93.184.215.14 ");
  EXPECT_EQ(read(response({dns_address("api.example.com", "2606:4700::1")}, 0x8180, 28), DnsType::aaaa),
            "2606:4700::1 ");
  EXPECT_EQ(read(response({dns_address("api.example.com", "::ffff:127.0.0.1")}, 0x8180, 28), DnsType::aaaa),
            "127.0.0.1 ");
  EXPECT_EQ(read(response({dns_address("API.example.COM", "93.184.215.14")})), "93.184.215.14 ");
  EXPECT_EQ(read(response({})), "");
}

TEST(DnsAnswer, FollowsTheChainInWhateverOrderItComes) {
  EXPECT_EQ(read(response({dns_address("c.example.net", "93.184.215.14"), dns_cname("b.example.net", "c.example.net"),
                           dns_cname("api.example.com", "B.example.net")})),
            "-> b.example.net -> c.example.net 93.184.215.14 ");
  EXPECT_EQ(read(response({dns_cname("api.example.com", "localhost")})), "-> localhost ");
}

TEST(DnsAnswer, TakesNoAddressOfAnotherName) {
  EXPECT_EQ(
      read(response({dns_address("evil.example.com", "10.0.0.1"), dns_address("api.example.com", "93.184.215.14")})),
      "93.184.215.14 ");
  EXPECT_EQ(read(response({dns_cname("api.example.com", "b.example.net"), dns_address("api.example.com", "10.0.0.1")})),
            "-> b.example.net ");
}

TEST(DnsAnswer, ReadsCompressedNames) {
  const std::string pointer = "\xc0\x0c";  // to the question's name
  EXPECT_EQ(read(response({dns_record(pointer, 1, "\x5d\xb8\xd7\x0e")})), "93.184.215.14 ");
  EXPECT_EQ(read(response({dns_record(pointer, 5,
                                      "\x01"
                                      "b\xc0\x10"),
                           dns_address("b.example.com", "93.184.215.14")})),
            "-> b.example.com 93.184.215.14 ");
}

TEST(DnsAnswer, BoundsChainAndAnswers) {
  const auto chain = [](int hops) {
    std::vector<std::string> answers;
    std::string name = "api.example.com";
    for (int i = 1; i <= hops; ++i) {
      const std::string next = "h" + std::to_string(i) + ".example.net";
      answers.push_back(dns_cname(name, next));
      name = next;
    }
    answers.push_back(dns_address(name, "93.184.215.14"));
    return response(answers);
  };
  EXPECT_NE(read(chain(8)).find("93.184.215.14"), std::string::npos);
  EXPECT_EQ(read(chain(9)), "error: the CNAME chain is longer than 8 hops");
  EXPECT_EQ(
      read(response({dns_cname("api.example.com", "b.example.net"), dns_cname("b.example.net", "api.example.com")})),
      "error: the CNAME chain is longer than 8 hops");
  EXPECT_EQ(read(response({dns_cname("api.example.com", "api.example.com")})),
            "error: the CNAME chain is longer than 8 hops");
  std::vector<std::string> many;
  for (int i = 1; i <= 16; ++i) many.push_back(dns_address("api.example.com", "23.0.0." + std::to_string(i)));
  EXPECT_NE(read(response(many)).find("23.0.0.16"), std::string::npos);
  many.push_back(dns_address("api.example.com", "23.0.0.17"));
  EXPECT_EQ(read(response(many)), "error: the DNS answer has more than 16 addresses");
  EXPECT_EQ(read(response(std::vector<std::string>(65, dns_address("x.example.com", "23.0.0.1")))),
            "error: the DNS answer has more than 64 records");
}

TEST(DnsAnswer, RefusesHostileMessages) {
  const char* const kMalformed = "error: the DNS answer is malformed";
  const char* const kAnother = "error: the DNS answer is to another question";
  const std::string good = response({dns_address("api.example.com", "93.184.215.14")});
  const std::pair<std::string, const char*> table[] = {
      {"", kMalformed},
      {good.substr(0, 11), kMalformed},
      {response({}, 0x0100), kMalformed},  // a query
      {response({}, 0x8980), kMalformed},  // another opcode
      {response({}, 0x8380), "error: the DNS answer is cut short"},
      {response({}, 0x8182), "error: the DNS server reports error 2"},
      {response({}, 0x8183), "error: the DNS server reports error 3"},
      {dns_response("id", dns_question("evil.example.com", 1), {}), kAnother},
      {dns_response("id", dns_question("api.example.com", 28), {}), kAnother},
      {dns_response("id", dns_name("api.example.com") + number(1, 2) + number(3, 2), {}), kAnother},
      {good.substr(0, good.size() - 1), kMalformed},
      {response({dns_record(dns_name("api.example.com"), 1, "\x5d\xb8\xd7")}), kMalformed},
      {response({dns_record(dns_name("api.example.com"), 1, "\x5d\xb8\xd7\x0e\x01")}), kMalformed},
      {response({dns_record("\xc0\xff", 1, "\x5d\xb8\xd7\x0e")}), kMalformed},  // a pointer past the end
      {response({dns_record("\xc0\x21", 1, "\x5d\xb8\xd7\x0e")}), kMalformed},  // a pointer to itself
      {response({dns_record("\x40"
                            "a",
                            1, "\x5d\xb8\xd7\x0e")}),
       kMalformed},  // a label of neither kind
      {response({dns_record("\x3f"
                            "a",
                            1, "\x5d\xb8\xd7\x0e")}),
       kMalformed},  // a label past the end
      {response({dns_record(dns_name("api.example.com"), 5, dns_name("b.example.net") + "x")}), kMalformed},
      {response({dns_cname("api.example.com", "a.example.net"), dns_cname("api.example.com", "b.example.net")}),
       "error: a name has two CNAMEs"},
      {response({dns_record(dns_name("api.example.com"), 5, sized("a b", 1) + sized("net", 1) + std::string(1, '\0'))}),
       "error: a CNAME leads to what is no host name"},
      {response({dns_record(dns_name("api.example.com"), 5, sized("a.b", 1) + sized("net", 1) + std::string(1, '\0'))}),
       "error: a CNAME leads to what is no host name"},
      {response({dns_cname("api.example.com", "127.0.0.1")}), "error: a CNAME leads to what is no host name"},
      {response({dns_cname("api.example.com", "2130706433")}), "error: a CNAME leads to what is no host name"},
      {response({dns_cname("api.example.com", "")}), "error: a CNAME leads to what is no host name"},
  };
  for (const auto& [message, expected] : table) {
    EXPECT_EQ(read(message), expected) << testing::PrintToString(message);
  }
}

TEST(DnsAnswer, HoldsUnderMutation) {
  constexpr unsigned kSeed = 20261124;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  const std::string seed =
      response({dns_record("\xc0\x0c", 5,
                           "\x01"
                           "b\xc0\x10"),
                dns_cname("b.example.com", "c.example.net"), dns_address("c.example.net", "93.184.215.14"),
                dns_address("c.example.net", "93.184.215.15")});
  int accepted = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string message = seed;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % message.size();
      switch (random() % 3) {
        case 0:
          message[at] = static_cast<char>(random());
          break;
        case 1:
          message[at] = static_cast<char>(message[at] ^ (1 << random() % 8));
          break;
        default:
          message.resize(std::max<std::size_t>(at, 1));
          break;
      }
    }
    const auto answer = read_dns_answer(bytes_of(message), kAsked, DnsType::a);
    if (!answer) continue;
    ++accepted;
    ASSERT_LE(answer->hops.size(), 8u);
    ASSERT_LE(answer->addresses.size(), 16u);
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace portreeve::pep

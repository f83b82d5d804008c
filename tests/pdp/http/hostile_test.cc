// What a client that does not behave gets: a clear refusal, the end of its connection, and nobody else notices.
#include <gtest/gtest.h>

#include <random>

#include "pdp/http/http_server.h"
#include "pdp/http/request_reader.h"
#include "tests/pdp/http/raw_client.h"

namespace portreeve::pdp {
namespace {

struct Row {
  const char* name;
  std::string bytes;
  int status;
};

std::string with(std::string_view fields, std::string_view body = {}) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

std::vector<Row> hostile_rows() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      // Lengths that two readers read differently (RFC 9112 §6).
      {"two lengths that agree", with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"two lengths that differ", with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400},
      {"a list of lengths", with("Content-Length: 3, 3\r\n", "abc"), 400},
      {"a signed length", with("Content-Length: +3\r\n", "abc"), 400},
      {"a negative length", with("Content-Length: -1\r\n"), 400},
      {"a hexadecimal length", with("Content-Length: 0x3\r\n", "abc"), 400},
      {"an empty length", with("Content-Length:\r\n"), 400},
      {"a length beyond 64 bits", with("Content-Length: 18446744073709551617\r\n", "a"), 400},
      {"a length with a space inside", with("Content-Length: 1 1\r\n", "a"), 400},
      {"length and coding", with("Content-Length: 3\r\n" + chunked, "0\r\n\r\n"), 400},
      {"coding and length", with(chunked + "Content-Length: 3\r\n", "0\r\n\r\n"), 400},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
      {"chunked in two fields", with(chunked + chunked, "0\r\n\r\n"), 400},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
      {"chunked, identity", with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400},
      {"identity", with("Transfer-Encoding: identity\r\n"), 400},
      {"an empty coding", with("Transfer-Encoding:\r\n"), 400},
      {"a quoted coding", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400},
      {"a coding after a vertical tab",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n",
            "0\r\n\r\n"),
       400},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // Lines that two readers end differently (RFC 9112 §2.2, §5).
      {"a folded field", with("X-A: 1\r\n 2\r\n"), 400},
      {"a folded length", with("Content-Length:\r\n 3\r\n", "abc"), 400},
      {"a folded coding", with("Transfer-Encoding:\r\n\tchunked\r\n", "0\r\n\r\n"), 400},
      {"a fold after the request line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n", 400},
      {"a bare carriage return", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {"two carriage returns", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400},
      {"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a space before the colon", with("Content-Length : 3\r\n", "abc"), 400},
      {"no colon", with("Nonsense\r\n"), 400},
      {"no name", with(": value\r\n"), 400},
      {"a space in a name", with("X A: 1\r\n"), 400},
      {"a NUL in a value", with(std::string("X: a\0b\r\n", 8)), 400},
      {"a NUL in a name", with(std::string("X\0: a\r\n", 7)), 400},
      {"a control character in a value", with("X: a\x01\r\n"), 400},
      {"bytes beyond ASCII in a name", with("X\xc3\xa4: a\r\n"), 400},
      // Hosts (RFC 9112 §3.2).
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts that agree", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"two hosts that differ", "GET / HTTP/1.1\r\nHost: h\r\nhost: i\r\n\r\n", 400},
      {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      // Request lines.
      {"an absolute target", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 400},
      {"a target without slash", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a fragment", "GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"bytes beyond ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a tab in the target", "GET /\t HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a space after the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: h\r\n\r\n", 400},
      {"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"only a method", "GET\r\n\r\n", 400},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a lower-case protocol", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"a space first", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"zeroes", std::string(64, '\0'), 400},
      // Chunks (RFC 9112 §7.1).
      {"no chunk size", with(chunked, "\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size of words", with(chunked, "three\r\nabc\r\n0\r\n\r\n"), 400},
      {"a negative chunk size", with(chunked, "-1\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size with 0x", with(chunked, "0x3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size beyond 64 bits", with(chunked, "10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk longer than it says", with(chunked, "3\r\nabcd\r\n0\r\n\r\n"), 400},
      {"a chunk size ended by a line feed", with(chunked, "3\nabc\r\n0\r\n\r\n"), 400},
      {"a trailer without a colon", with(chunked, "0\r\nnonsense\r\n\r\n"), 400},
      {"a length in the trailer", with(chunked, "0\r\nContent-Length: 3\r\n\r\n"), 400},
      {"a coding in the trailer", with(chunked, "0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
      {"a quoted extension around an end", with(chunked, "0;a=\"\r\n\r\n\"\r\n\r\n"), 400},
      {"an endless chunk size line", with(chunked, "1;" + std::string(20'000, 'x')), 400},
      {"a chunk size with spaces", with(chunked, "3 3\r\nabc\r\n0\r\n\r\n"), 400},
      // Sizes and expectations.
      {"an expectation of another kind", with("Expect: 200-ok\r\nContent-Length: 3\r\n"), 417},
      {"too long a body", with("Content-Length: 1048577\r\n"), 413},
      {"too long a body, asked about", with("Expect: 100-continue\r\nContent-Length: 1048577\r\n"), 413},
      {"a body of 2^64 - 1", with("Content-Length: 18446744073709551615\r\n"), 413},
      {"too long a chunk", with(chunked, "100001\r\n"), 413},
      {"chunks too long together", with(chunked, "100000\r\n" + std::string(0x100000, 'x') + "\r\n1\r\n"), 413},
      {"too long a target", "GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", 431},
      {"too many fields", with([] {
         std::string fields;
         for (int i = 0; i < 128; ++i) fields += "a:\r\n";
         return fields;
       }()),
       431},
      {"an endless request line", std::string(70'000, 'G'), 431},
  };
}

TEST(Hostile, EachGetsARefusalAndTheEndAndTheServerLives) {
  const auto server = serve(loopback(), echo);
  for (const Row& row : hostile_rows()) {
    SCOPED_TRACE(row.name);
    RawClient client(server->endpoints()[0]);
    client.send(row.bytes);
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, row.status) << printable(row.bytes) << '\n' << response.head << response.body;
    EXPECT_TRUE(response.has("Content-Type: application/problem+json")) << response.head;
    EXPECT_TRUE(response.has("Connection: close")) << response.head;
    EXPECT_NE(response.body.find("\"type\":\"urn:portreeve:problem:"), std::string::npos) << response.body;
    EXPECT_TRUE(client.is_closed());
    RawClient next(server->endpoints()[0]);
    EXPECT_EQ(next.ask(get("/alive")).body, "GET /alive ");
  }
  EXPECT_EQ(server->stats().requests_refused, hostile_rows().size());
}

TEST(Hostile, NothingAfterARefusalIsHeard) {
  const auto server = serve(loopback(), echo);
  RawClient client(server->endpoints()[0]);
  const std::string smuggled =
      with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + get("/smuggled");
  client.send(get("/first") + smuggled);
  EXPECT_EQ(client.receive().body, "GET /first ");
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(server->stats().requests, 1u);
}

TEST(Hostile, EndsInTheMiddleOfARequestAreNoRequests) {
  const auto server = serve(loopback(), echo);
  const std::string request = post("body");
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    RawClient client(server->endpoints()[0]);
    client.send(request.substr(0, cut));
    client.finish_sending();
    EXPECT_TRUE(client.is_gone()) << cut;
  }
  EXPECT_EQ(server->stats().requests, 0u);
}

// Feeds `bytes` in pieces as a connection does; says what came of it.
std::string read_all(std::string_view bytes, std::mt19937* random, std::size_t body_bytes = 200) {
  RequestReader reader(512, body_bytes, {});
  std::string seen;
  std::string buffer;
  while (true) {
    std::size_t consumed = 0;
    const RequestReader::Progress progress = reader.feed(buffer, consumed);
    EXPECT_LE(consumed, buffer.size());
    buffer.erase(0, consumed);
    if (progress == RequestReader::Progress::refused) {
      return seen + "refused";
    }
    if (progress == RequestReader::Progress::done) {
      const HttpRequest request = reader.take();
      EXPECT_LE(request.body().size(), body_bytes);
      seen += std::string(request.method()) + ' ' + std::string(request.target()) + ' ' + request.body() + '\n';
      continue;
    }
    if (bytes.empty()) return seen;
    const std::size_t room = 512 - buffer.size();
    EXPECT_GT(room, 0u) << "a full buffer that nobody takes from";
    if (room == 0) return seen;
    const std::size_t size = std::min({bytes.size(), room, random == nullptr ? bytes.size() : 1 + (*random)() % 9});
    buffer += bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
}

TEST(Hostile, MutatedRequestsReadTheSameHoweverTheyAreCutUp) {
  const std::vector<std::string> seedlings = {
      get("/a?b") + post("body") + get("/c"),
      with("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\nb;x=\"y\"\r\nhello world\r\n0\r\nT: 1\r\n\r\n") + get("/c"),
      with("Expect: 100-continue\r\nContent-Length: 4\r\nConnection: keep-alive, x\r\nX: y\r\n", "body") + post(""),
  };
  constexpr unsigned kSeed = 20261124;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::string> pieces = {"\r",
                                           "\n",
                                           "\r\n",
                                           " ",
                                           "\t",
                                           ":",
                                           ";",
                                           "0",
                                           "1",
                                           "f",
                                           "\"",
                                           std::string(1, '\0'),
                                           "\xff",
                                           ",",
                                           "\r\n\r\n",
                                           "0\r\n\r\n",
                                           "Content-Length: 1\r\n",
                                           "Transfer-Encoding: chunked\r\n",
                                           "Host: h\r\n",
                                           "HTTP/1.0"};
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = seedlings[static_cast<std::size_t>(i) % seedlings.size()];
    for (auto n = random() % 4 + 1; n > 0; --n) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes.erase(at, random() % 4);
          break;
        case 1:
          bytes.insert(at, pieces[random() % pieces.size()]);
          break;
        default:
          bytes[at] = static_cast<char>(random() % 256);
          break;
      }
    }
    const std::string whole = read_all(bytes, nullptr);
    const std::string pieced = read_all(bytes, &random);
    ASSERT_EQ(whole, pieced) << printable(bytes, 2000);
  }
}

}  // namespace
}  // namespace portreeve::pdp

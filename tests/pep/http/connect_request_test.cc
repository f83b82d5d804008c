#include "pep/http/connect_request.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/pep/corpus.h"

namespace portreeve::pep {
namespace {

struct Outcome {
  std::string target;  // normal form, or empty
  int status = 0;
  HeadFault fault = HeadFault::request_line;
  std::string message;
};

Outcome read(std::string_view bytes) {
  HeadParser parser;
  std::size_t consumed = 0;
  parser.feed(bytes, consumed);
  if (parser.state() == HeadParser::State::need_more) return {"", -1, HeadFault::request_line, "head incomplete"};
  HeadError error = parser.error();
  if (parser.state() == HeadParser::State::complete) {
    auto request = read_connect(parser.head());
    if (const auto* target = std::get_if<net::Endpoint>(&request)) return {target->to_string(), 0, {}, ""};
    error = std::get<HeadError>(request);
  }
  return {"", error.status, error.fault, error.message};
}

std::string connect(std::string_view target, std::string_view host, std::string_view fields = "") {
  return "CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(fields) +
         "\r\n";
}

TEST(ReadConnect, NormalisesTheTarget) {
  EXPECT_EQ(read(connect("API.Example.com.:443", "api.example.COM:443")).target, "api.example.com:443");
  EXPECT_EQ(read(connect("api.example.com:443", "api.example.com")).target, "api.example.com:443");
  EXPECT_EQ(read(connect("[2606:4700:0:0::1]:443", "[2606:4700::1]:443")).target, "[2606:4700::1]:443");
  EXPECT_EQ(read(connect("[::ffff:8.8.8.8]:443", "8.8.8.8:443")).target, "8.8.8.8:443");
  EXPECT_EQ(read(connect("8.8.8.8:443", "8.8.8.8", "Content-Length: 0\r\n")).target, "8.8.8.8:443");
}

TEST(ReadConnect, RefusesAHostHeaderThatNamesAnother) {
  const char* const hosts[] = {"evil.example.com:443",      "api.example.com:8443", "api.example.com@evil.example.com",
                               "api.example.com, evil.com", "api.example.com:",     "http://api.example.com"};
  for (const char* host : hosts) {
    const Outcome outcome = read(connect("api.example.com:443", host));
    EXPECT_EQ(outcome.status, 400) << host;
    EXPECT_EQ(outcome.fault, HeadFault::host) << host;
    EXPECT_EQ(outcome.message, "the Host header does not name the CONNECT target") << host;
  }
}

TEST(ReadConnect, RefusesABody) {
  for (const char* fields : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const Outcome outcome = read(connect("api.example.com:443", "api.example.com", fields));
    EXPECT_EQ(outcome.fault, HeadFault::body) << fields;
    EXPECT_EQ(outcome.message, "a CONNECT request has no body");
  }
}

TEST(ReadConnect, RefusesTargetsThatAreNoAuthority) {
  for (const char* target :
       {"api.example.com", "/", "*", "https://api.example.com/", "api.example.com:443/", "a.example.com:0",
        "user@api.example.com:443", "127.1:443", "fe80::1:443", "[fe80::1%25eth0]:443"}) {
    const Outcome outcome = read(connect(target, "api.example.com"));
    EXPECT_EQ(outcome.fault, HeadFault::target) << target;
    EXPECT_EQ(outcome.message.rfind("the CONNECT target is refused: ", 0), 0u) << outcome.message;
  }
}

// The corpus says which requests are malformed; which of the well-formed ones pass is the PDP's to say.
TEST(ReadConnect, JudgesTheCorpusAsItSays) {
  const auto rows = corpus_rows("authority");
  if (rows.empty()) GTEST_SKIP() << "no corpus beside the sources";
  int tested = 0;
  int other_forms = 0;
  for (const CorpusRow& row : rows) {
    std::string bytes = row.input;
    std::string_view input = row.input;
    if (const auto auth = input.find(" || "); auth != std::string_view::npos) input = input.substr(0, auth);
    if (input.rfind("raw:", 0) == 0) {
      bytes = input.substr(4);
    } else {
      const std::size_t version = input.rfind(" HTTP/");
      const std::string_view line = input.substr(0, version);
      const std::size_t blank = line.find(' ');
      bytes = std::string(line) +
              (version == std::string_view::npos ? " HTTP/1.1" : std::string(input.substr(version))) +
              "\r\nHost: " + std::string(line.substr(blank + 1)) + "\r\n\r\n";
    }
    if (bytes.rfind("CONNECT", 0) != 0) {
      ++other_forms;
      continue;
    }
    ++tested;
    const Outcome outcome = read(bytes);
    if (row.expect == "reject") {
      EXPECT_EQ(outcome.status, 400) << row.line << "\n" << outcome.target << outcome.message;
    } else {
      EXPECT_NE(outcome.target, "") << row.line << "\n" << outcome.message;
    }
  }
  RecordProperty("tested", tested);
  RecordProperty("skipped_absolute_form", other_forms);
  std::printf("corpus: %d CONNECT rows tested, %d rows of other forms skipped\n", tested, other_forms);
  EXPECT_GT(tested, 40);
}

}  // namespace
}  // namespace portreeve::pep

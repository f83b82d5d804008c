#include "pep/http/response_head.h"

#include <gtest/gtest.h>

#include <string>

namespace portreeve::pep {
namespace {

ResponseHeadParser parse(std::string_view text, AskedMethod method = AskedMethod::other) {
  ResponseHeadParser parser(method);
  std::size_t consumed = 0;
  parser.feed(text, consumed);
  return parser;
}

TEST(ResponseHead, ReadsAnAnswer) {
  ResponseHeadParser parser(AskedMethod::other);
  std::size_t consumed = 0;
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Id:  a b \r\n\r\nhello";
  ASSERT_EQ(parser.feed(text, consumed), ResponseHeadParser::State::complete) << parser.error();
  EXPECT_EQ(text.substr(consumed), "hello");
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(parser.head().framing, Framing::length);
  EXPECT_EQ(parser.head().content_length, 5u);
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_EQ(*parser.head().find("x-id"), "a b");
}

TEST(ResponseHead, FramesTheBody) {
  struct Row {
    const char* text;
    AskedMethod method;
    Framing framing;
    bool keep_alive;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", AskedMethod::other, Framing::chunked, true},
      {"HTTP/1.1 200 OK\r\n\r\n", AskedMethod::other, Framing::until_close, false},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", AskedMethod::other, Framing::length, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", AskedMethod::head, Framing::none, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", AskedMethod::other, Framing::none, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", AskedMethod::other, Framing::none, true},
      {"HTTP/1.1 100 Continue\r\n\r\n", AskedMethod::other, Framing::none, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: x, Close\r\n\r\n", AskedMethod::other, Framing::length,
       false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n", AskedMethod::other, Framing::length, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\n", AskedMethod::other, Framing::length,
       true},
      {"HTTP/1.1 200 caf\xc3\xa9\r\nContent-Length: 1\r\nx: caf\xc3\xa9\r\n\r\n", AskedMethod::other, Framing::length,
       true},
  };
  for (const Row& row : rows) {
    const auto parser = parse(row.text, row.method);
    ASSERT_EQ(parser.state(), ResponseHeadParser::State::complete) << row.text << parser.error();
    EXPECT_EQ(parser.head().framing, row.framing) << row.text;
    EXPECT_EQ(parser.head().keep_alive, row.keep_alive) << row.text;
  }
}

TEST(ResponseHead, RefusesWhatTwoReadersCouldReadAsTwo) {
  struct Row {
    std::string text;
    const char* error;
  };
  const Row rows[] = {
      {"HTTP/2 200 OK\r\n\r\n", "the response does not begin with an HTTP/1.1 status line"},
      {"HTTP/1.2 200 OK\r\n\r\n", "the response does not begin with an HTTP/1.1 status line"},
      {"HTTP/1.1  200 OK\r\n\r\n", "the response does not begin with an HTTP/1.1 status line"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "the response's status line cannot be read"},
      {"HTTP/1.1 200 OK\n\r\n", "the response's status line cannot be read"},
      {"HTTP/1.1 200 O\rK\r\n\r\n", "the response's status line cannot be read"},
      {"HTTP/1.1 200 " + std::string(600, 'x'), "the response's status line cannot be read"},
      {"HTTP/1.1 099 OK\r\n\r\n", "the response's status is none of HTTP's"},
      {"HTTP/1.1 600 OK\r\n\r\n", "the response's status is none of HTTP's"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "the response switches protocols"},
      {"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", "the response has a header line that cannot be read"},
      {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "the response has a header line that cannot be read"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "the response has a header line that cannot be read"},
      {"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", "the response has a header line that cannot be read"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       "the response has the header `content-length` more than once"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       "the response has the header `transfer-encoding` more than once"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "the response has both Content-Length and Transfer-Encoding"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       "the response has a Transfer-Encoding that is not `chunked`"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "the response has a Transfer-Encoding that is not `chunked`"},
      {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
       "the response's Content-Length is no number of at most 18 digits"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
       "the response's Content-Length is no number of at most 18 digits"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1234567890123456789\r\n\r\n",
       "the response's Content-Length is no number of at most 18 digits"},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(33'000, 'x'), "the response head is longer than 32768 bytes"},
  };
  for (const Row& row : rows) {
    const auto parser = parse(row.text);
    ASSERT_EQ(parser.state(), ResponseHeadParser::State::failed) << row.text;
    EXPECT_EQ(parser.error(), row.error) << row.text;
  }
}

}  // namespace
}  // namespace portreeve::pep

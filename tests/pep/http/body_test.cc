#include "pep/http/body.h"

#include <gtest/gtest.h>

#include <string>

namespace portreeve::pep {
namespace {

struct Read {
  std::string data;
  std::string rest;
  ChunkReader::State state = ChunkReader::State::need_more;
  std::string error;
};

// Reads in pieces of `step` bytes.
Read read(std::string_view text, std::size_t step = SIZE_MAX) {
  ChunkReader reader;
  Read result;
  while (!text.empty() && reader.state() == ChunkReader::State::need_more) {
    std::string_view piece = text.substr(0, step);
    text.remove_prefix(piece.size());
    while (true) {
      const std::string_view data = reader.next(piece);
      if (data.empty()) break;
      result.data += data;
    }
    result.rest = std::string(piece) + std::string(text);
  }
  result.state = reader.state();
  if (result.state == ChunkReader::State::failed) result.error = reader.error();
  return result;
}

TEST(ChunkReader, ReadsABodyHoweverItIsSplit) {
  const std::string text = "5\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nX-Trailer: secret\r\n\r\nNEXT";
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
    const Read result = read(text, step);
    EXPECT_EQ(result.state, ChunkReader::State::complete) << step << result.error;
    EXPECT_EQ(result.data, "hello, world!!!") << step;
    EXPECT_EQ(result.rest, "NEXT") << step;
  }
}

TEST(ChunkReader, RefusesHostileFraming) {
  struct Row {
    std::string text;
    const char* error;
  };
  const Row rows[] = {
      {"\r\nhello", "a chunk does not begin with its size"},
      {" 5\r\nhello\r\n", "a chunk does not begin with its size"},
      {"+5\r\nhello\r\n", "a chunk does not begin with its size"},
      {"0x5\r\nhello\r\n", "a chunk does not begin with its size"},
      {"-1\r\n", "a chunk does not begin with its size"},
      {"5;a=b\r\nhello\r\n", "a chunk does not begin with its size"},
      {"5 \r\nhello\r\n", "a chunk does not begin with its size"},
      {"123456789\r\n", "a chunk does not begin with its size"},
      {"5\nhello\r\n", "a chunk does not begin with its size"},
      {"5\rhello\r\n", "a chunk's size does not end in CR LF"},
      {"5\r\nhellox\r\n", "a chunk is longer than its size"},
      {"5\r\nhello\rx", "a chunk does not end in CR LF"},
      {"0\r\nA: b\n\r\n", "a trailer cannot be read"},
      {"0\r\nA: b\r\n c\r\n\r\n", "a trailer cannot be read"},
      {"0\r\nA: " + std::string(9000, 'x'), "the trailers are longer than 8192 bytes"},
  };
  for (const Row& row : rows) {
    const Read result = read(row.text);
    EXPECT_EQ(result.state, ChunkReader::State::failed) << row.text;
    EXPECT_EQ(result.error, row.error) << row.text;
  }
}

TEST(BodyReader, EndsWhereItsFramingEnds) {
  std::string_view rest = "hello NEXT";
  BodyReader length(Framing::length, 5);
  EXPECT_EQ(length.next(rest), "hello");
  EXPECT_TRUE(length.complete());
  EXPECT_EQ(length.next(rest), "");
  EXPECT_EQ(rest, " NEXT");

  BodyReader none(Framing::none, 7);
  EXPECT_TRUE(none.complete());
  EXPECT_EQ(none.next(rest), "");

  BodyReader until_close(Framing::until_close, 0);
  EXPECT_EQ(until_close.next(rest), " NEXT");
  EXPECT_FALSE(until_close.complete());
  EXPECT_TRUE(until_close.end());
  EXPECT_FALSE(BodyReader(Framing::length, 1).end());
}

TEST(AppendChunk, IsReadBack) {
  std::string out;
  append_chunk(out, "");
  append_chunk(out, std::string(300, 'x'));
  append_chunk(out, "y");
  out += kLastChunk;
  EXPECT_EQ(out.substr(0, 5), "12c\r\n");
  const Read result = read(out);
  EXPECT_EQ(result.state, ChunkReader::State::complete);
  EXPECT_EQ(result.data, std::string(300, 'x') + "y");
}

}  // namespace
}  // namespace portreeve::pep

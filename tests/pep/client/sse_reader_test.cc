#include "pep/client/sse_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

using namespace std::string_literals;

struct Reading {
  std::vector<SseEvent> events;
  std::string error;
};

Reading read(std::string_view stream, std::size_t piece) {
  SseReader reader;
  Reading reading;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const Status fed = reader.feed(stream.substr(at, piece), reading.events);
    if (!fed) {
      reading.error = fed.error().message;
      break;
    }
  }
  return reading;
}

// Whole, byte by byte, and in pieces that cut CR from LF: always the same.
Reading read(std::string_view stream) {
  const Reading whole = read(stream, stream.size() + 1);
  for (const std::size_t piece : {1, 2, 3, 7}) {
    const Reading cut = read(stream, piece);
    EXPECT_EQ(cut.events, whole.events) << piece;
    EXPECT_EQ(cut.error, whole.error) << piece;
  }
  return whole;
}

TEST(SseReader, ReadsEvents) {
  struct Row {
    const char* name;
    std::string stream;
    std::vector<SseEvent> events;
  };
  const Row table[] = {
      {"nothing", "", {}},
      {"one", "event: heartbeat\ndata: {}\n\n", {{"heartbeat", "{}", {}}}},
      {"without blanks", "event:a\ndata:b\n\n", {{"a", "b", {}}}},
      {"one blank is dropped", "data:  b\n\n", {{"message", " b", {}}}},
      {"CRLF", "id: 7\r\nevent: a\r\ndata: b\r\n\r\n", {{"a", "b", 7}}},
      {"lines of data", "data: a\ndata\ndata: c\n\n", {{"message", "a\n\nc", {}}}},
      {"two", "data: a\n\ndata: b\n\n", {{"message", "a", {}}, {"message", "b", {}}}},
      {"an id is of its event only", "id: 1\ndata: a\n\ndata: b\n\n", {{"message", "a", 1}, {"message", "b", {}}}},
      {"the last of two names", "event: a\nevent: b\ndata: c\n\n", {{"b", "c", {}}}},
      {"a comment", ": hello\n\n:\ndata: a\n\n", {{"message", "a", {}}}},
      {"retry and what nobody knows", "retry: 5\nfoo: bar\ndata: a\n\n", {{"message", "a", {}}}},
      {"no data is no event", "event: a\nid: 3\n\ndata: b\n\n", {{"message", "b", {}}}},
      {"empty data is data", "data\n\n", {{"message", "", {}}}},
      {"not over", "data: a\n", {}},
      {"not even its line", "data: a", {}},
      {"the highest id", "id: 9007199254740992\ndata: a\n\n", {{"message", "a", 9'007'199'254'740'992}}},
  };
  for (const Row& row : table) {
    const Reading reading = read(row.stream);
    EXPECT_EQ(reading.events, row.events) << row.name;
    EXPECT_EQ(reading.error, "") << row.name;
  }
}

TEST(SseReader, RefusesWhatIsHostile) {
  const std::string byte = "the event stream holds a byte that has no place there";
  const std::string id = "an event's id is no whole number";
  const std::pair<std::string, std::string> table[] = {
      {"\xEF\xBB\xBF"s + "data: a\n\n", "the event stream holds a byte order mark"},
      {"data: a\rdata: b\n\n", byte},
      {"data: a\r\r\n\n", byte},
      {"data: a\0b\n\n"s, byte},
      {"id:\n", id},
      {"id: -1\n", id},
      {"id: +1\n", id},
      {"id: 1 \n", id},
      {"id: 1.0\n", id},
      {"id: 0x1\n", id},
      {"id: 9007199254740993\n", id},
      {"id: 99999999999999999999999\n", id},
      {"data: " + std::string(limits::kEventLineBytes, 'a') + "\n", "a line of the event stream is too long"},
      {std::string(limits::kEventLineBytes + 1, 'a'), "a line of the event stream is too long"},
  };
  for (const auto& [stream, error] : table) {
    const Reading reading = read("data: before\n\n" + stream);
    EXPECT_EQ(reading.error, error) << stream.substr(0, 80);
    EXPECT_EQ(reading.events, (std::vector<SseEvent>{{"message", "before", {}}})) << stream.substr(0, 80);
  }
}

TEST(SseReader, BoundsAnEventOfManyLines) {
  std::string stream;
  while (stream.size() < limits::kEventBytes + 70'000) stream += "data: " + std::string(1000, 'a') + "\n";
  EXPECT_EQ(read(stream, 4096).error, "an event is too long");
  std::string empty;
  for (std::size_t i = 0; i <= limits::kEventBytes + 1; ++i) empty += "data\n";
  EXPECT_EQ(read(empty, 4096).error, "an event is too long");
}

}  // namespace
}  // namespace portreeve::pep

#include "pep/usage/event_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace portreeve::pep {
namespace {

struct Collector final : EventSink {
  void data(std::string_view bytes) override { open += bytes; }
  void end_event() override {
    events.push_back(open);
    open.clear();
  }
  std::string open;
  std::vector<std::string> events;
};

std::vector<std::string> events_of(std::string_view stream, std::size_t piece) {
  Collector collector;
  EventLines lines(collector);
  for (std::size_t at = 0; at < stream.size(); at += piece) lines.feed(stream.substr(at, piece));
  return collector.events;
}

struct Case {
  const char* name;
  const char* stream;
  std::vector<std::string> events;
};

TEST(EventLines, SplitsWhateverThePieces) {
  const Case kCases[] = {
      {"one", "data: a\n\n", {"a"}},
      {"no space", "data:a\n\n", {"a"}},
      {"one space only is taken off", "data:  a\n\n", {" a"}},
      {"CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", {"a", "b"}},
      {"CR", "data: a\r\rdata: b\r\r", {"a", "b"}},
      {"several lines are one", "data: a\ndata: b\n\n", {"a\nb"}},
      {"other fields", "event: x\nid: 1\nretry: 5\ndata: a\n: comment\n\n", {"a"}},
      {"names that only begin like data", "dataset: x\ndat: y\ndata2: z\n\n", {}},
      {"comments alone are no event", ": ping\n\n: ping\n\ndata: a\n\n", {"a"}},
      {"a bare field", "data\n\n", {""}},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "data: a\n\n",
       {"a"}},
      {"a mark further on is a name",
       "data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",
       {"a"}},
      {"colons in the value", "data: a:b: c\n\n", {"a:b: c"}},
      {"cut before the blank line", "data: a\n\ndata: b\n", {"a"}},
      {"cut inside", "data: a\n\ndat", {"a"}},
      {"nothing", "", {}},
      {"blank lines", "\n\n\n\n", {}},
  };
  for (const Case& row : kCases) {
    for (const std::size_t piece : {1u, 2u, 3u, 1000u}) {
      EXPECT_EQ(events_of(row.stream, piece), row.events) << row.name << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace portreeve::pep

#include "pep/usage/usage_reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <ostream>

namespace portreeve::wire {
void PrintTo(const UsageCounters& c, std::ostream* out) {
  *out << "input " << c.input << " read " << c.cache_read << " 5m " << c.cache_write_5m << " 1h " << c.cache_write_1h
       << " audio " << c.input_audio << " output " << c.output << " reasoning " << c.reasoning << " audio "
       << c.output_audio;
  for (const auto& [tool, count] : c.tools) *out << ' ' << tool << ' ' << count;
}
}  // namespace portreeve::wire

namespace portreeve::pep {
namespace {

using wire::UsageApi;
using wire::UsageCertainty;
using wire::UsageCounters;

constexpr std::size_t kRequestBytes = 401;  // 101 tokens, as an estimate goes

std::string answer(const std::string& name) {
  std::ifstream file(std::string(PORTREEVE_SOURCE_DIR "/tests/pep/usage/answers/") + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

UsageReader reader_for(UsageApi api, bool stream, int status = 200) {
  return UsageReader({api, status, stream ? "text/event-stream; charset=utf-8" : "application/json", kRequestBytes});
}

UsageReading read(UsageApi api, bool stream, std::string_view body, int status = 200, std::size_t piece = 1u << 20) {
  UsageReader reader = reader_for(api, stream, status);
  for (std::size_t at = 0; at < body.size(); at += piece) reader.feed(body.substr(at, piece));
  return reader.finish();
}

UsageCounters counters(std::int64_t input, std::int64_t read, std::int64_t write_5m, std::int64_t write_1h,
                       std::int64_t output) {
  UsageCounters out;
  out.input = input;
  out.cache_read = read;
  out.cache_write_5m = write_5m;
  out.cache_write_1h = write_1h;
  out.output = output;
  return out;
}
UsageCounters with_tools(UsageCounters counters, const std::string& tool, std::int64_t count) {
  counters.tools[tool] = count;
  return counters;
}
// OpenAI's, with what is taken out of the totals.
UsageCounters of_chat() {
  UsageCounters out = counters(150, 1000, 0, 0, 80);
  out.input_audio = 50;
  out.reasoning = 200;
  out.output_audio = 20;
  return out;
}
UsageCounters of_responses() {
  UsageCounters out = with_tools(counters(100, 400, 0, 0, 26), "web_search", 2);
  out.reasoning = 64;
  return out;
}

struct Golden {
  const char* file;
  UsageApi api;
  UsageCertainty certainty;
  UsageCounters counters;
  const char* model;
  const char* id;
  const char* tier;
};
const Golden kGolden[] = {
    {"anthropic_one_delta.sse", UsageApi::anthropic_messages, UsageCertainty::reported,
     counters(25, 1000, 100, 200, 15), "claude-sonnet-4-5-20250929", "msg_01Golden", "standard"},
    {"anthropic_cumulative_deltas.sse", UsageApi::anthropic_messages, UsageCertainty::reported,
     with_tools(counters(2025, 1500, 100, 200, 120), "web_search", 2), "claude-sonnet-4-5-20250929", "msg_01Golden",
     "standard"},
    {"anthropic_null_fields.sse", UsageApi::anthropic_messages, UsageCertainty::reported,
     counters(25, 1000, 100, 200, 7), "claude-sonnet-4-5-20250929", "msg_01Golden", "standard"},
    {"anthropic_explicit_zero.sse", UsageApi::anthropic_messages, UsageCertainty::reported, counters(0, 0, 0, 0, 0),
     "claude-sonnet-4-5-20250929", "msg_01Golden", ""},
    // Thirteen bytes of text: four tokens, more than the first figure of one.
    {"anthropic_error_inside.sse", UsageApi::anthropic_messages, UsageCertainty::estimated,
     counters(25, 1000, 100, 200, 4), "claude-sonnet-4-5-20250929", "msg_01Golden", "standard"},
    {"anthropic_plain.json", UsageApi::anthropic_messages, UsageCertainty::reported,
     with_tools(counters(12, 7, 50, 0, 34), "web_search", 3), "claude-sonnet-4-5-20250929", "msg_01Plain", "priority"},
    {"anthropic_plain_no_split.json", UsageApi::anthropic_messages, UsageCertainty::reported, counters(1, 0, 9, 0, 2),
     "claude-x", "msg_02", ""},
    {"openai_chat_usage.sse", UsageApi::openai_chat, UsageCertainty::reported, of_chat(), "gpt-5-2025-08-07",
     "chatcmpl-Golden", "default"},
    // Eleven bytes of text, and the request's 401.
    {"openai_chat_no_usage.sse", UsageApi::openai_chat, UsageCertainty::estimated, counters(101, 0, 0, 0, 3),
     "gpt-5-2025-08-07", "chatcmpl-Golden", "default"},
    {"openai_chat_continuous.sse", UsageApi::openai_chat, UsageCertainty::reported, counters(10, 0, 0, 0, 2),
     "gpt-5-2025-08-07", "chatcmpl-Golden", "default"},
    {"openai_chat_plain.json", UsageApi::openai_chat, UsageCertainty::reported, of_chat(), "gpt-5", "chatcmpl-Plain",
     "priority"},
    {"openai_embeddings.json", UsageApi::openai_chat, UsageCertainty::reported, counters(8, 0, 0, 0, 0),
     "text-embedding-3-small", "", ""},
    {"openai_responses.sse", UsageApi::openai_responses, UsageCertainty::reported, of_responses(), "gpt-5-2025-08-07",
     "resp_Golden", "default"},
    {"openai_responses_plain.json", UsageApi::openai_responses, UsageCertainty::reported, of_responses(),
     "gpt-5-2025-08-07", "resp_Golden", "default"},
};

bool is_stream(const Golden& row) { return std::string_view(row.file).ends_with(".sse"); }

TEST(UsageReader, ReadsGoldenAnswersInPiecesOfAnySize) {
  for (const Golden& row : kGolden) {
    const std::string body = answer(row.file);
    for (const std::size_t piece : {1u, 2u, 7u, 64u, 1u << 20}) {
      SCOPED_TRACE(std::string(row.file) + " in pieces of " + std::to_string(piece));
      const UsageReading reading = read(row.api, is_stream(row), body, 200, piece);
      EXPECT_EQ(to_text(reading.certainty), to_text(row.certainty));
      EXPECT_EQ(reading.counters, row.counters);
      EXPECT_EQ(reading.model, row.model);
      EXPECT_EQ(reading.response_id, row.id);
      EXPECT_EQ(reading.service_tier, row.tier);
    }
  }
}

// Whatever the place where an answer is cut: it is reported only with the figures of the whole, and complete() is
// believed only there.
TEST(UsageReader, CutAtEachByteNeverReportsOtherFigures) {
  for (const Golden& row : kGolden) {
    const std::string body = answer(row.file);
    const UsageReading whole = read(row.api, is_stream(row), body);
    bool reported_before = false;
    UsageReader reader = reader_for(row.api, is_stream(row));
    for (std::size_t size = 0; size <= body.size(); ++size) {
      SCOPED_TRACE(std::string(row.file) + " cut at " + std::to_string(size));
      const UsageReading cut = reader.finish();
      EXPECT_EQ(cut, read(row.api, is_stream(row), std::string_view(body).substr(0, size)));
      if (cut.certainty == UsageCertainty::reported) {
        EXPECT_EQ(cut, whole);
      }
      if (reader.complete()) {
        EXPECT_EQ(cut, whole);
      }
      if (!is_stream(row) && size + 1 < body.size()) {
        EXPECT_EQ(to_text(cut.certainty), "unknown");
      }
      EXPECT_TRUE(!reported_before || cut.certainty == UsageCertainty::reported) << "a report was taken back";
      reported_before = cut.certainty == UsageCertainty::reported;
      if (size < body.size()) reader.feed(std::string_view(body).substr(size, 1));
    }
    EXPECT_TRUE(reader.complete()) << row.file;
  }
}

TEST(UsageReader, EstimatesWhatAnInterruptedStreamUsed) {
  const std::string anthropic = answer("anthropic_one_delta.sse");
  const std::string chat = answer("openai_chat_usage.sse");
  const std::string responses = answer("openai_responses.sse");
  struct Case {
    const char* name;
    UsageApi api;
    std::string body;
    UsageCertainty certainty;
    UsageCounters counters;
  };
  const Case kCases[] = {
      {"before anything", UsageApi::anthropic_messages, "", UsageCertainty::unknown, {}},
      {"after a ping",
       UsageApi::anthropic_messages,
       "event: ping\ndata: {\"type\":\"ping\"}\n\n",
       UsageCertainty::unknown,
       {}},
      {"after message_start", UsageApi::anthropic_messages, anthropic.substr(0, anthropic.find("event: content")),
       UsageCertainty::estimated, counters(25, 1000, 100, 200, 1)},
      {"after the last delta, before message_stop", UsageApi::anthropic_messages,
       anthropic.substr(0, anthropic.find("event: message_stop")), UsageCertainty::estimated,
       counters(25, 1000, 100, 200, 15)},
      {"chat, amid the text", UsageApi::openai_chat, chat.substr(0, chat.find("\"stop\"")), UsageCertainty::estimated,
       counters(101, 0, 0, 0, 3)},
      {"chat, usage there, [DONE] missing", UsageApi::openai_chat, chat.substr(0, chat.find("data: [DONE]")),
       UsageCertainty::reported, of_chat()},
      {"responses, amid the text", UsageApi::openai_responses,
       responses.substr(0, responses.find("event: response.completed")), UsageCertainty::estimated,
       counters(101, 0, 0, 0, 1)},
  };
  for (const Case& row : kCases) {
    const UsageReading reading = read(row.api, true, row.body);
    EXPECT_EQ(to_text(reading.certainty), to_text(row.certainty)) << row.name;
    EXPECT_EQ(reading.counters, row.counters) << row.name;
  }
}

// A cut continuous count is interim: the next chunk would have replaced it.
TEST(UsageReader, AnInterimCountIsAnEstimate) {
  const std::string body = answer("openai_chat_continuous.sse");
  const UsageReading reading = read(UsageApi::openai_chat, true, body.substr(0, body.find("\n\n") + 2));
  EXPECT_EQ(to_text(reading.certainty), "estimated");
  EXPECT_EQ(reading.counters, counters(10, 0, 0, 0, 1));
}

TEST(UsageReader, PartsLargerThanTheirTotalAreCutToIt) {
  struct Case {
    const char* name;
    UsageApi api;
    const char* usage;
    UsageCounters counters;
  };
  UsageCounters audio = counters(0, 7, 0, 0, 0);
  audio.input_audio = 3;
  audio.reasoning = 4;
  const Case kCases[] = {
      {"cached above prompt", UsageApi::openai_chat,
       R"({"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}})",
       counters(0, 5, 0, 0, 1)},
      {"cached and audio overlap", UsageApi::openai_chat,
       R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":9},
           "completion_tokens_details":{"reasoning_tokens":9,"audio_tokens":1}})",
       audio},
      {"details null", UsageApi::openai_chat,
       R"({"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":null,"completion_tokens_details":null})",
       counters(5, 0, 0, 0, 1)},
      {"one-hour write above the whole", UsageApi::anthropic_messages,
       R"({"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":3,
           "cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":2}})",
       counters(1, 0, 0, 3, 1)},
      {"split without the whole", UsageApi::anthropic_messages,
       R"({"input_tokens":1,"output_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":2}})",
       counters(1, 0, 2, 4, 1)},
      {"a whole number with a point", UsageApi::openai_chat, R"({"prompt_tokens":5.0,"completion_tokens":1e1})",
       counters(5, 0, 0, 0, 10)},
  };
  for (const Case& row : kCases) {
    const UsageReading reading = read(row.api, false, std::string(R"({"id":"x","usage":)") + row.usage + "}");
    EXPECT_EQ(to_text(reading.certainty), "reported") << row.name;
    EXPECT_EQ(reading.counters, row.counters) << row.name;
  }
}

TEST(UsageReader, WhatIsNotAFigureLeavesUsageUnknown) {
  const struct {
    const char* name;
    const char* body;
  } kCases[] = {
      {"no JSON", "<html>busy</html>"},
      {"empty", ""},
      {"truncated", R"({"usage":{"input_tokens":1,"output_tokens":2})"},
      {"trailing bytes", R"({"usage":{"input_tokens":1,"output_tokens":2}} {})"},
      {"no usage", R"({"id":"msg_1","content":[]})"},
      {"usage null", R"({"id":"msg_1","usage":null})"},
      {"no output", R"({"usage":{"input_tokens":1}})"},
      {"a figure twice", R"({"usage":{"input_tokens":1,"output_tokens":2,"input_tokens":1}})"},
      {"usage twice", R"({"usage":{"input_tokens":1,"output_tokens":2},"usage":{"input_tokens":5,"output_tokens":6}})"},
      {"negative", R"({"usage":{"input_tokens":-1,"output_tokens":2}})"},
      {"a fraction", R"({"usage":{"input_tokens":1.5,"output_tokens":2}})"},
      {"beyond any call", R"({"usage":{"input_tokens":10000000001,"output_tokens":2}})"},
      {"beyond an int64", R"({"usage":{"input_tokens":18446744073709551615,"output_tokens":2}})"},
      {"a string", R"({"usage":{"input_tokens":"1","output_tokens":2}})"},
      {"usage inside the text", R"({"content":"{\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}"})"},
      {"usage inside a tool's input", R"({"content":[{"input":{"usage":{"input_tokens":1,"output_tokens":2}}}]})"},
      {"usage in a list", R"([{"usage":{"input_tokens":1,"output_tokens":2}}])"},
      {"a key with a slash", R"({"usage/input_tokens":1,"usage/output_tokens":2})"},
      {"ill-formed UTF-8", "{\"x\":\"\xff\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}"},
  };
  for (const auto& row : kCases) {
    const UsageReading reading = read(UsageApi::anthropic_messages, false, row.body);
    EXPECT_EQ(to_text(reading.certainty), "unknown") << row.name;
    EXPECT_EQ(reading.counters, UsageCounters()) << row.name;
  }
  const std::string deep(300, '[');
  EXPECT_EQ(to_text(read(UsageApi::openai_chat, false, deep + std::string(300, ']')).certainty), "unknown");
}

TEST(UsageReader, ABrokenEventMakesAStreamAnEstimate) {
  std::string body = answer("anthropic_one_delta.sse");
  body.insert(body.find("event: content_block_start"), "data: {\"type\":\n\n");
  const UsageReading reading = read(UsageApi::anthropic_messages, true, body);
  EXPECT_EQ(to_text(reading.certainty), "estimated");
  EXPECT_EQ(reading.counters.input, 25);
}

TEST(UsageReader, ARefusalUsedNothing) {
  for (const int status : {300, 400, 401, 429, 500, 529}) {
    for (const char* body : {"", "<html>busy</html>", R"({"type":"error","error":{"type":"overloaded_error"}})"}) {
      const UsageReading reading = read(UsageApi::anthropic_messages, false, body, status);
      EXPECT_EQ(to_text(reading.certainty), "reported") << status << body;
      EXPECT_EQ(reading.counters, UsageCounters());
    }
  }
  // Unless it says otherwise.
  const UsageReading reading =
      read(UsageApi::openai_chat, false, R"({"usage":{"prompt_tokens":3,"completion_tokens":0}})", 500);
  EXPECT_EQ(reading.counters.input, 3);
}

TEST(UsageReader, WithoutAModelThereIsNothingToCount) {
  UsageReader reader = reader_for(UsageApi::none, false);
  EXPECT_TRUE(reader.complete());
  reader.feed("anything");
  EXPECT_EQ(to_text(reader.finish().certainty), "reported");
}

}  // namespace
}  // namespace portreeve::pep

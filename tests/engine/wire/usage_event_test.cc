#include "engine/wire/usage_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"

namespace portreeve::wire {
namespace {

using testing::HasSubstr;

UsageEvent completion() {
  UsageEvent event;
  event.key = std::string(32, 'a') + "-12";
  event.kind = UsageKind::completion;
  event.time = Timestamp::from_unix_millis(1'795'000'000'123);
  event.gate = "broker-1";
  event.decision = "dec_1";
  event.session = "ses_1";
  event.subject = "keycloak/rita";
  event.tenant = "acme";
  event.secret = "llm/anthropic";
  event.provider = "anthropic";
  event.api = UsageApi::anthropic_messages;
  event.model = "claude-sonnet-4-5";
  event.stream = true;
  event.tags = {{"team", "research"}, {"empty", ""}};
  event.answered_model = "claude-sonnet-4-5-20250929";
  event.response_id = "msg_1";
  event.service_tier = "standard";
  event.status = 200;
  event.outcome = UsageOutcome::client_gone;
  event.certainty = UsageCertainty::estimated;
  event.counters = {1, 2, 3, 4, 5, 6, 7, 8, {{"web_search", 9}}};
  event.duration_millis = 1500;
  return event;
}
UsageEvent intent() {
  UsageEvent event = completion();
  UsageEvent out;
  out.key = event.key;
  out.time = event.time;
  out.gate = event.gate;
  out.provider = event.provider;
  return out;
}
Result<NumberedUsageEvent> read(std::string_view text) {
  return usage_event_from_json(reader::parse_json(text).value());
}

// Frozen: docs/accounting.md
TEST(UsageEvent, HasTheFixedWireForm) {
  EXPECT_EQ(
      to_json(completion(), 7),
      R"({"answeredModel":"claude-sonnet-4-5-20250929","api":"anthropic.messages","certainty":"estimated",)"
      R"("counters":{"cacheRead":2,"cacheWrite1h":4,"cacheWrite5m":3,"input":1,"inputAudio":5,"output":6,"outputAudio":8,)"
      R"("reasoning":7,"tools":{"web_search":9}},"decision":"dec_1","durationMs":1500,"gate":"broker-1",)"
      R"("key":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-12","kind":"completion","model":"claude-sonnet-4-5",)"
      R"("outcome":"client-gone","provider":"anthropic","responseId":"msg_1","secret":"llm/anthropic","seq":7,)"
      R"("serviceTier":"standard","session":"ses_1","status":200,"stream":true,"subject":"keycloak/rita",)"
      R"("tags":{"empty":"","team":"research"},"tenant":"acme","time":"2026-11-18T11:06:40.123Z"})");
  EXPECT_EQ(to_json(intent(), 1),
            R"({"api":"none","gate":"broker-1","key":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-12","kind":"intent",)"
            R"("provider":"anthropic","seq":1,"stream":false,"time":"2026-11-18T11:06:40.123Z"})");
}

TEST(UsageEvent, IsReadAsItWasWritten) {
  for (const UsageEvent& event : {completion(), intent()}) {
    const auto again = read(to_json(event, 7));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->seq, 7);
    EXPECT_EQ(again->event, event);
  }
}

TEST(UsageEvent, WhatWouldNotFitIsBroughtWithinTheBounds) {
  UsageEvent event = completion();
  for (std::string UsageEvent::*text :
       {&UsageEvent::gate, &UsageEvent::decision, &UsageEvent::session, &UsageEvent::subject, &UsageEvent::tenant,
        &UsageEvent::secret, &UsageEvent::provider, &UsageEvent::model, &UsageEvent::answered_model,
        &UsageEvent::service_tier}) {
    event.*text = std::string(255, '"') + "\xC3\xA4 and on";  // the bound falls inside a character
  }
  event.response_id = std::string(257, 'x');
  event.model = "a\xFF\x01\x7F" + std::string("b");
  event.provider = "";
  for (int i = 100; i < 150; ++i) {
    event.tags[std::string(80, 'k') + std::to_string(i)] = std::string(300, '\\');
    event.tags["k" + std::to_string(i)] = std::string(300, '\\');
    event.counters.tools["t" + std::to_string(i)] = INT64_MAX;
  }
  event.counters.input = -5;
  event.counters.output = INT64_MAX;
  event.status = -1;
  event.duration_millis = -1;
  const std::string text = to_json(event, 1);
  EXPECT_LE(text.size(), limits::kUsageEventBytes);
  const auto again = read(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->event.subject, std::string(255, '"'));
  EXPECT_EQ(again->event.model, "a\xEF\xBF\xBD  b");
  EXPECT_EQ(again->event.response_id, "") << "half of an id could be another's";
  EXPECT_EQ(again->event.provider, "-");
  EXPECT_EQ(again->event.counters.input, 0);
  EXPECT_EQ(again->event.counters.output, limits::kUsageCount);
  EXPECT_LE(again->event.tags.size(), limits::kUsageTags);
  EXPECT_EQ(again->event.counters.tools.size(), limits::kUsageTools);
}

TEST(UsageEvent, RefusesAnythingElse) {
  const std::string good = to_json(completion(), 7);
  const auto changed = [&good](const std::string& from, const std::string& to) {
    std::string out = good;
    const std::size_t at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, from.size(), to);
  };
  const std::string start = to_json(intent(), 1);
  const struct {
    const char* name;
    std::string text;
    const char* error;
  } kCases[] = {
      {"no object", "[]", "/: not an object"},
      {"unknown member", changed(R"("seq":7)", R"("seq":7,"prompt":"x")"), "/: has a member"},
      {"unknown counter", changed(R"("input":1)", R"("input":1,"image":1)"), "/counters: has a member"},
      {"a completion's member in an intent", start.substr(0, start.size() - 1) + R"(,"status":200})",
       "/: has a member"},
      {"missing seq", changed(R"("seq":7,)", ""), "/seq: missing"},
      {"seq zero", changed(R"("seq":7)", R"("seq":0)"), "/seq: not within"},
      {"seq beyond 2^53", changed(R"("seq":7)", R"("seq":9007199254740992)"), "/seq: not within"},
      {"seq a text", changed(R"("seq":7)", R"("seq":"7")"), "/seq: not an integer"},
      {"kind unknown", changed("completion", "retraction"), "/kind: not one of its values"},
      {"api unknown", changed("anthropic.messages", "gemini"), "/api: not one of its values"},
      {"outcome unknown", changed("client-gone", "gone"), "/outcome: not one of its values"},
      {"certainty unknown", changed("estimated", "sure"), "/certainty: not one of its values"},
      {"time no time", changed("2026-11-18T11:06:40.123Z", "yesterday"), "/time: not an RFC 3339 time"},
      {"time before 1970", changed("2026-11-18", "1969-11-18"), "/time: before 1970"},
      {"key in capitals", changed("aaaaaaaa-12", "aaaaaaaA-12"), "/key: not 32 hex digits"},
      {"key without number", changed("aaaaaaaa-12", "aaaaaaaa-"), "/key: not 32 hex digits"},
      {"key with a leading zero", changed("aaaaaaaa-12", "aaaaaaaa-012"), "/key: not 32 hex digits"},
      {"gate empty", changed("broker-1", ""), "/gate: empty"},
      {"tenant null", changed(R"("acme")", "null"), "/tenant: not a string"},
      {"subject too long", changed("keycloak/rita", std::string(257, 'x')), "/subject: longer than 256 bytes"},
      {"a line break", changed("keycloak/rita", "a\\nb"), "/subject: holds a control character"},
      {"stream a number", changed(R"("stream":true)", R"("stream":1)"), "/stream: not a boolean"},
      {"negative count", changed(R"("input":1)", R"("input":-1)"), "/counters/input: not within"},
      {"a fraction", changed(R"("input":1)", R"("input":1.5)"), "/counters/input: not an integer"},
      {"beyond any call", changed(R"("input":1)", R"("input":10000000001)"), "/counters/input: not within"},
      {"a counter missing", changed(R"("input":1,)", ""), "/counters/input: missing"},
      {"tools a list", changed(R"({"web_search":9})", "[]"), "/counters/tools: not an object"},
      {"tools with a text", changed(R"("web_search":9)", R"("web_search":"9")"), "/counters/tools: a count"},
      {"tags with a number", changed(R"("empty":"")", R"("empty":1)"), "/tags: a value is not a string"},
      {"an empty tag", changed(R"("empty":"")", R"("":"")"), "/tags: a key"},
      {"status 1000", changed(R"("status":200)", R"("status":1000)"), "/status: not within"},
      {"counters missing", changed(R"("certainty":"estimated","counters")", R"("certainty":"estimated","counter")"),
       "/counters: missing"},
  };
  for (const auto& row : kCases) {
    const auto event = read(row.text);
    ASSERT_FALSE(event) << row.name;
    EXPECT_THAT(event.error().message, HasSubstr(row.error)) << row.name;
  }
}

}  // namespace
}  // namespace portreeve::wire

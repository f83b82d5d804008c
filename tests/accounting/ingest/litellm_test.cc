#include "accounting/ingest/litellm.h"

#include <gtest/gtest.h>

namespace portreeve::accounting {
namespace {

using wire::UsageCounters;

std::string payload(const std::string& more = "", const std::string& id = "chatcmpl-1") {
  return R"({"id":")" + id +
         R"(","call_id":"c-1","call_type":"acompletion","stream":true,"response_cost":0.000123,"status":"success",)"
         R"("custom_llm_provider":"openai","total_tokens":1500,"prompt_tokens":1200,"completion_tokens":300,)"
         R"("startTime":1764000000.25,"endTime":1764000001.5,"model":"gpt-5","model_group":"smart","cache_hit":null,)"
         R"("request_tags":["prod","batch-7"],"end_user":"eve","metadata":{"user_api_key_user_id":"rita",)"
         R"("user_api_key_team_id":"t-1","user_api_key_team_alias":"research","user_api_key_org_id":null,)"
         R"("user_api_key_alias":"laptop","usage_object":{"prompt_tokens":1200,"completion_tokens":300,)"
         R"("prompt_tokens_details":{"cached_tokens":1000,"audio_tokens":null},)"
         R"("completion_tokens_details":{"reasoning_tokens":200}}})" +
         more + "}";
}

UsageCounters counters(std::int64_t input, std::int64_t read, std::int64_t output, std::int64_t reasoning) {
  UsageCounters out;
  out.input = input;
  out.cache_read = read;
  out.output = output;
  out.reasoning = reasoning;
  return out;
}

TEST(LiteLlm, OnePayloadIsOneCall) {
  const auto batch = read_litellm(payload());
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->postings.size(), 1u);
  const wire::UsageEvent& event = batch->postings[0].event;
  EXPECT_EQ(batch->postings[0].source, Source::litellm);
  EXPECT_EQ(event.key, "litellm:chatcmpl-1");
  EXPECT_EQ(event.response_id, "chatcmpl-1");
  EXPECT_EQ(event.provider, "openai");
  EXPECT_EQ(event.model, "smart");
  EXPECT_EQ(event.answered_model, "gpt-5");
  EXPECT_EQ(event.tenant, "t-1");
  EXPECT_EQ(event.subject, "rita");
  EXPECT_EQ(to_rfc3339(event.time), "2025-11-24T16:00:00.250Z");
  EXPECT_EQ(event.duration_millis, 1250);
  EXPECT_TRUE(event.stream);
  EXPECT_EQ(event.counters, counters(200, 1000, 100, 200)) << "parts are taken out of their totals";
  EXPECT_EQ(event.certainty, wire::UsageCertainty::reported);
  EXPECT_EQ(event.tags, (std::map<std::string, std::string>{
                            {"team", "research"}, {"key", "laptop"}, {"prod", ""}, {"batch-7", ""}}));
}

TEST(LiteLlm, ArraysLinesAndSinglesAreTheSame) {
  const std::string one = payload("", "a");
  const std::string two = payload("", "b");
  for (const std::string& body : {"[" + one + "," + two + "]", one + "\n" + two, one + "\r\n\n" + two + "\n"}) {
    const auto batch = read_litellm(body);
    ASSERT_TRUE(batch) << body;
    ASSERT_EQ(batch->postings.size(), 2u);
    EXPECT_EQ(batch->postings[1].event.key, "litellm:b");
    EXPECT_TRUE(batch->refused.empty());
  }
  EXPECT_EQ(read_litellm("[]")->postings.size(), 0u);
}

TEST(LiteLlm, AnthropicsCachesAreTakenOutOfThePrompt) {
  std::string body = payload();
  const std::size_t at = body.find("\"usage_object\"");
  body.replace(at, body.find("}}}", at) + 2 - at,
               R"("usage_object":{"cache_read_input_tokens":700,"cache_creation_input_tokens":400,)"
               R"("prompt_tokens_details":{"cache_creation_token_details":{"ephemeral_1h_input_tokens":300}},)"
               R"("server_tool_use":{"web_search_requests":2}})");
  const auto batch = read_litellm(body);
  ASSERT_TRUE(batch) << batch.error().message;
  const UsageCounters& read = batch->postings.at(0).event.counters;
  EXPECT_EQ(read.input, 100);
  EXPECT_EQ(read.cache_read, 700);
  EXPECT_EQ(read.cache_write_1h, 300);
  EXPECT_EQ(read.cache_write_5m, 100);
  EXPECT_EQ(read.output, 300);
  EXPECT_EQ(read.tools.at("web_search"), 2);
}

TEST(LiteLlm, ACacheHitAskedNobody) {
  std::string body = payload();
  body.replace(body.find("\"cache_hit\":null"), 16, "\"cache_hit\":true");
  const auto batch = read_litellm(body);
  ASSERT_TRUE(batch);
  const wire::UsageEvent& event = batch->postings.at(0).event;
  EXPECT_EQ(event.response_id, "") << "the id is that of the call which filled the cache";
  EXPECT_NE(event.key, "litellm:chatcmpl-1");
  EXPECT_EQ(event.counters, UsageCounters());
  EXPECT_EQ(event.tags.at("cache_hit"), "true");
}

// A guest writes prompts: nothing in one may have its usage, or its neighbours', refused.
TEST(LiteLlm, NoPromptHasItsUsageRefused) {
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "[";
  deep += std::string(400, ']');
  for (const std::string& prompt :
       {std::string(R"("\u0000")"), std::string(R"("\ud800")"), std::string(R"("\udc00\ud800x")"),
        std::string(R"("\ud83d\ude00")"), std::string(R"("\\u0000 \\\u0000")"), std::string(R"("a\nb\"")"), deep,
        std::string(R"({"usage":{"prompt_tokens":1},"id":"forged"})"), "\"" + std::string(1 << 20, 'x') + "\""}) {
    const auto batch = read_litellm("[" + payload(R"(,"messages":)" + prompt) + "," + payload("", "b") + "]");
    ASSERT_TRUE(batch) << prompt.substr(0, 40) << batch.error().message;
    EXPECT_EQ(batch->postings.size(), 2u) << prompt.substr(0, 40);
    EXPECT_EQ(batch->postings[0].event.counters.input, 200);
  }
}

TEST(LiteLlm, SaysWhichPayloadSaysTooLittle) {
  const auto changed = [](const std::string& from, const std::string& to) {
    std::string out = payload();
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  const struct {
    const char* name;
    std::string body;
    const char* field;
  } kCases[] = {
      {"no object", "7", "/0"},
      {"no id", changed(R"("id":"chatcmpl-1",)", ""), "/0/id"},
      {"an empty id", changed("chatcmpl-1", ""), "/0/id"},
      {"a number for an id", changed(R"("chatcmpl-1")", "5"), "/0/id"},
      {"an id too long", changed("chatcmpl-1", std::string(201, 'x')), "/0/id"},
      {"no time", changed(R"("startTime":1764000000.25,)", ""), "/0/startTime"},
      {"milliseconds for seconds", changed("1764000000.25", "1764000000250"), "/0/startTime"},
      {"a negative time", changed("1764000000.25", "-5"), "/0/startTime"},
      {"a fraction of a token", changed(R"("prompt_tokens":1200)", R"("prompt_tokens":1200.5)"), "/0/prompt_tokens"},
      {"a negative count", changed(R"("completion_tokens":300)", R"("completion_tokens":-1)"), "/0/completion_tokens"},
      {"a text for a count", changed(R"("prompt_tokens":1200)", R"("prompt_tokens":"1200")"), "/0/prompt_tokens"},
      {"beyond any call", changed(R"("prompt_tokens":1200)", R"("prompt_tokens":1e300)"), "/0/prompt_tokens"},
  };
  for (const auto& row : kCases) {
    const auto batch = read_litellm("[" + row.body + "," + payload("", "b") + "]");
    ASSERT_TRUE(batch) << row.name;
    ASSERT_EQ(batch->refused.size(), 1u) << row.name;
    EXPECT_EQ(batch->refused[0].field, row.field) << row.name;
    EXPECT_EQ(batch->postings.size(), 1u) << "the others are posted all the same";
  }
  EXPECT_FALSE(read_litellm("")) << "empty";
  EXPECT_FALSE(read_litellm("{"));
  EXPECT_FALSE(read_litellm("[" + payload() + ",]"));
  const auto lines = read_litellm(payload("", "a") + "\n{broken\n" + payload("", "b"));
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->postings.size(), 2u);
  EXPECT_EQ(lines->refused.at(0).field, "/1");
}

TEST(LiteLlm, WithoutCountsUsageIsUnknown) {
  std::string body = payload();
  body.replace(body.find(R"("prompt_tokens":1200)"), 20, R"("prompt_tokens":null)");
  const auto batch = read_litellm(body);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->postings.at(0).event.certainty, wire::UsageCertainty::unknown);
  std::string whole = payload();
  whole.replace(whole.find("1200"), 4, "1200.0");
  EXPECT_EQ(read_litellm(whole)->postings.at(0).event.counters.input, 200);
}

}  // namespace
}  // namespace portreeve::accounting

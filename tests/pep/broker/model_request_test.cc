#include "pep/broker/model_request.h"

#include <gtest/gtest.h>

#include <string>

namespace portreeve::pep {
namespace {

using IncludeUsage = ModelRequest::IncludeUsage;

TEST(ModelRequest, ReadsTheModel) {
  struct Row {
    const char* body;
    const char* model;
    bool stream;
    IncludeUsage include_usage;
  };
  const Row rows[] = {
      {R"({"model":"claude-x"})", "claude-x", false, IncludeUsage::absent},
      {R"( {"messages":[{"model":"inner","stream":true}],"model":"a","stream":true} )", "a", true,
       IncludeUsage::absent},
      {"{\"mo\\u0064el\":\"gpt\\u002d5\"}", "gpt-5", false, IncludeUsage::absent},
      {R"({"model":"a","stream":null})", "a", false, IncludeUsage::absent},
      {R"({"model":"a","stream_options":{"include_usage":true}})", "a", false, IncludeUsage::yes},
      {R"({"model":"a","stream_options":{"include_usage":false,"x":1}})", "a", false, IncludeUsage::no},
      {R"({"model":"a","stream_options":{}})", "a", false, IncludeUsage::no},
      {R"({"model":"a","stream_options":null})", "a", false, IncludeUsage::no},
      {R"({"model":"a","stream_options":7})", "a", false, IncludeUsage::unreadable},
      {R"({"model":"a","x":{"stream_options":{"include_usage":true}}})", "a", false, IncludeUsage::absent},
      {R"({"metadata":{"models":[1],"fallbacks":{}},"model":"a"})", "a", false, IncludeUsage::absent},
  };
  for (const Row& row : rows) {
    const auto request = read_model_request(row.body);
    ASSERT_TRUE(request) << row.body << request.error().message;
    EXPECT_EQ(request->model, row.model) << row.body;
    EXPECT_EQ(request->stream, row.stream) << row.body;
    EXPECT_EQ(request->include_usage, row.include_usage) << row.body;
  }
}

TEST(ModelRequest, RefusesWhatTwoReadersCouldReadAsTwo) {
  struct Row {
    std::string body;
    const char* error;
  };
  const Row rows[] = {
      {"", "the body is no JSON text"},
      {"{", "the body is no JSON text"},
      {R"({"model":"a"} x)", "the body is no JSON text"},
      {R"({"model":"a"}{"model":"b"})", "the body is no JSON text"},
      {R"({"model":"a",})", "the body is no JSON text"},
      {R"({'model':'a'})", "the body is no JSON text"},
      {R"({"model":"a"/*,"model":"b"*/})", "the body is no JSON text"},
      {"\xef\xbb\xbf{\"model\":\"a\"}", "the body is no JSON text"},
      {"{\"model\":\"a\",\"x\":\"\xff\"}", "the body is no JSON text"},
      {"{\"model\":\"a\",\"x\":" + std::string(200, '[') + std::string(200, ']') + "}", "the body is no JSON text"},
      {R"(["model"])", "the body is no JSON object"},
      {R"("model")", "the body is no JSON object"},
      {R"({})", "the body has no `model`"},
      {R"({"x":{"model":"a"}})", "the body has no `model`"},
      {R"({"model":"a","model":"b"})", "an object in the body has a key twice"},
      {"{\"model\":\"a\",\"mode\\u006c\":\"b\"}", "an object in the body has a key twice"},
      {R"({"model":"a","x":{"y":1,"y":2}})", "an object in the body has a key twice"},
      {R"({"model":"a","x":[{"y":1,"y":2}]})", "an object in the body has a key twice"},
      {R"({"model":["a"]})", "`model` is a text"},
      {R"({"model":{"a":"b"}})", "`model` is a text"},
      {R"({"model":7})", "`model` is a text"},
      {R"({"model":null})", "`model` is a text"},
      {R"({"model":""})", "`model` is a text of 1 to 256 bytes"},
      {"{\"model\":\"" + std::string(257, 'a') + "\"}", "`model` is a text of 1 to 256 bytes"},
      {R"({"model":"a","models":["b"]})", "the body has `models`; it names one `model`"},
      {R"({"model":"a","fallbacks":["b"]})", "the body has `fallbacks`; it names one `model`"},
      {R"({"model":"a","Model":"b"})", "the body has a key that is `model` but for its case"},
      {R"({"model":"a","Fallbacks":[]})", "the body has a key that is `fallbacks` but for its case"},
      {R"({"model":"a","stream":"yes"})", "`stream` is true or false"},
      {R"({"model":"a","stream":1})", "`stream` is true or false"},
  };
  for (const Row& row : rows) {
    const auto request = read_model_request(row.body);
    ASSERT_FALSE(request) << row.body;
    EXPECT_EQ(request.error().message, row.error) << row.body;
  }
}

TEST(ModelRequest, GetsUsageIncludedAndNothingElseChanged) {
  struct Row {
    const char* body;
    const char* sent;
  };
  const Row rows[] = {
      {R"({"model":"a","stream":true})", R"({"stream_options":{"include_usage":true},"model":"a","stream":true})"},
      {R"( {  "model":"a"})", R"( {"stream_options":{"include_usage":true},  "model":"a"})"},
      {R"({"model":"a","stream_options":null,"x":[1,{"y":"}"}]})",
       R"({"model":"a","stream_options":{"include_usage":true},"x":[1,{"y":"}"}]})"},
      {R"({"model":"a\"}","stream_options" : {"include_usage":false,"z":1} , "x":2})",
       R"({"model":"a\"}","stream_options" :{"include_usage":true,"z":1}, "x":2})"},
      {R"({"stream_options":{},"model":"a"})", R"({"stream_options":{"include_usage":true},"model":"a"})"},
      {R"({"x":{"stream_options":{"a":[1,2]}},"model":"a","stream_options":{}})",
       R"({"x":{"stream_options":{"a":[1,2]}},"model":"a","stream_options":{"include_usage":true}})"},
  };
  for (const Row& row : rows) {
    const auto request = read_model_request(row.body);
    ASSERT_TRUE(request) << row.body;
    EXPECT_EQ(with_usage_included(row.body, *request), row.sent) << row.body;
    const auto again = read_model_request(row.sent);
    ASSERT_TRUE(again) << row.sent;
    EXPECT_EQ(again->include_usage, IncludeUsage::yes);
    EXPECT_EQ(again->model, request->model);
  }
  const std::string odd = R"({"model":"a","stream_options":7})";
  EXPECT_EQ(with_usage_included(odd, *read_model_request(odd)), std::nullopt);
}

TEST(UsageChunkFilter, TakesOutTheExtraChunkAlone) {
  const std::string first = "data: {\"choices\":[{\"delta\":{\"content\":\"usage\"}}],\"usage\":null}\n\n";
  const std::string extra = "data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
  const std::string azure = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
  const std::string done = "data: [DONE]\n\n";
  for (const std::string line_end : {"\n", "\r\n"}) {
    std::string in;
    std::string want;
    for (const auto& [event, passes] : {std::pair(first, true), {azure, true}, {extra, false}, {done, true}}) {
      std::string text = event;
      if (line_end == "\r\n") text = event.substr(0, event.size() - 2) + "\r\n\r\n";
      in += text;
      if (passes) want += text;
    }
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, in.size()}) {
      UsageChunkFilter filter;
      std::string out;
      for (std::size_t at = 0; at < in.size(); at += step) filter.feed(std::string_view(in).substr(at, step), out);
      filter.finish(out);
      EXPECT_EQ(out, want) << step;
    }
  }
  UsageChunkFilter filter;
  std::string out;
  filter.feed(first, out);
  EXPECT_EQ(out, first) << "a whole event passes at once";
  filter.feed("data: " + std::string(2u << 20, 'x'), out);
  filter.feed("\n\n" + extra + done, out);
  EXPECT_EQ(out.size(), first.size() + 6 + (2u << 20) + 2 + done.size());
}

}  // namespace
}  // namespace portreeve::pep

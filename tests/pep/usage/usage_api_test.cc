#include "pep/usage/usage_api.h"

#include <gtest/gtest.h>

namespace portreeve::pep {
namespace {

using wire::UsageApi;

TEST(UsageApi, IsKnownByThePath) {
  struct Case {
    const char* secret_api;
    const char* path;
    UsageApi api;
  };
  const Case kCases[] = {
      {"anthropic", "/v1/messages", UsageApi::anthropic_messages},
      {"anthropic", "/v1/messages/count_tokens", UsageApi::none},
      {"anthropic", "/v1/models", UsageApi::none},
      {"anthropic", "/v1/models/claude-x", UsageApi::none},
      {"anthropic", "/v1/something/new", UsageApi::anthropic_messages},
      {"openai", "/v1/chat/completions", UsageApi::openai_chat},
      {"openai", "/v1/embeddings", UsageApi::openai_chat},
      {"openai", "/v1/responses", UsageApi::openai_responses},
      {"openai", "/v1/models", UsageApi::none},
      {"openai", "/v1/models/gpt-5", UsageApi::none},
      {"openai", "/v1/models/gemini:generateContent", UsageApi::openai_chat},
      {"openai", "/v1/models/x/chat/completions", UsageApi::openai_chat},
      {"none", "/team/project.git/info/refs", UsageApi::none},
  };
  for (const Case& row : kCases) EXPECT_EQ(usage_api_of(row.secret_api, row.path), row.api) << row.path;
}

TEST(UsageApi, AProviderIsItsOwnHosts) {
  EXPECT_EQ(provider_of("api.anthropic.com"), "anthropic");
  EXPECT_EQ(provider_of("anthropic.com"), "anthropic");
  EXPECT_EQ(provider_of("api.openai.com"), "openai");
  EXPECT_EQ(provider_of("notopenai.com"), "notopenai.com");
  EXPECT_EQ(provider_of("openai.com.example.net"), "openai.com.example.net");
  EXPECT_EQ(provider_of("models.example.net"), "models.example.net");
}

}  // namespace
}  // namespace portreeve::pep

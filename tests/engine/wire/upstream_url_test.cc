#include "engine/wire/upstream_url.h"

#include <gtest/gtest.h>

#include "engine/wire/program_path.h"
#include "engine/wire/reason.h"

namespace portreeve::wire {
namespace {

TEST(UpstreamUrl, HasOneNormalForm) {
  const struct {
    const char* text;
    const char* normal;
  } cases[] = {
      {"https://api.example.com", "https://api.example.com"},
      {"HTTPS://API.example.com:443/", "https://api.example.com"},
      {"https://api.example.com:8443/v1/", "https://api.example.com:8443/v1"},
      {"https://[2606:4700::1]/x", "https://[2606:4700::1]/x"},
  };
  for (const auto& c : cases) {
    const auto url = UpstreamUrl::parse(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->to_string(), c.normal);
    EXPECT_EQ(UpstreamUrl::parse(url->to_string()), *url);
  }
}

TEST(UpstreamUrl, RefusesWhatIsNoPlainHttpsOrigin) {
  for (const char* text :
       {"", "http://a.example.com", "https://", "https://u:p@a.example.com", "https://a.example.com?x",
        "https://a.example.com/#f", "https://*.example.com", "https://a.example.com:0", "https://a.example.com:x",
        "https://a.example.com//x", "https://a.example.com//", "https://a.example.com/x//",
        "https://a.example.com/../x", "https://a.example.com/%41", "https://0x7f.1/", "https://a b.example.com",
        "a.example.com"}) {
    EXPECT_FALSE(UpstreamUrl::parse(text)) << text;
  }
}

TEST(HttpMethod, IsAnUpperCaseToken) {
  for (const char* good : {"GET", "M-SEARCH", "X_1"}) EXPECT_TRUE(is_http_method(good)) << good;
  for (const char* bad : {"", "get", "GET ", "G\nT", "GÉT", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_FALSE(is_http_method(bad)) << bad;
}

TEST(ProgramPath, TellsCleanFromUnclean) {
  for (const char* good : {"/", "/a", "/a/b.c", "/a/..b", "/a/...", "/ä"}) EXPECT_TRUE(is_clean_path(good)) << good;
  for (const char* bad : {"", "a", "/a/", "//a", "/a//b", "/a/./b", "/a/..", "/..", "/."})
    EXPECT_FALSE(is_clean_path(bad)) << bad;
  EXPECT_FALSE(is_clean_path(std::string_view("/a\0b", 4)));
}

TEST(ProgramPath, KnowsTheDynamicLoaders) {
  for (const char* loader :
       {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-aarch64.so.1", "/usr/lib/ld.so", "/lib/ld.so.1", "/lib/ld64.so.2",
        "/lib/ld-2.31.so", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"}) {
    EXPECT_TRUE(is_dynamic_loader(loader)) << loader;
  }
  for (const char* other : {"/usr/bin/ld", "/usr/bin/ldd", "/usr/bin/ld.gold", "/usr/lib/ldap.so.1",
                            "/usr/lib/libld.so", "/usr/bin/ld-x.sox"}) {
    EXPECT_FALSE(is_dynamic_loader(other)) << other;
  }
}

TEST(Reason, EachCodeReadsBackAsItself) {
  for (const ReasonRow& row : all_reasons()) {
    EXPECT_EQ(reason_from_code(row.code), row.reason);
    EXPECT_FALSE(row.meaning.empty());
  }
  EXPECT_FALSE(reason_from_code("nonsense"));
}

}  // namespace
}  // namespace portreeve::wire

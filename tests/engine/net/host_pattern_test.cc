#include "engine/net/host_pattern.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/net/seeded_random.h"
#include "tests/engine/net/slow_host_pattern.h"

namespace portreeve::net {
namespace {

HostPattern pattern(std::string_view text) {
  const auto parsed = HostPattern::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : HostPattern::parse("unparsed").value();
}
HostName name(std::string_view text) { return HostName::parse_wire(text).value(); }

TEST(HostPattern, ReadsThreeShapes) {
  using Kind = HostPattern::Kind;
  const struct {
    std::string_view input;
    Kind kind;
    std::string_view suffix, canonical;
  } cases[] = {
      {"API.example.com", Kind::exact, "api.example.com", "api.example.com"},
      {"*.Example.com", Kind::one_label, "example.com", "*.example.com"},
      {"**.example.com", Kind::any_depth, "example.com", "**.example.com"},
      {"*.xn--p1ai", Kind::one_label, "xn--p1ai", "*.xn--p1ai"},
      {"_svc.example.com", Kind::exact, "_svc.example.com", "_svc.example.com"},
      {"*.com", Kind::one_label, "com", "*.com"},  // the suffix list is the loader's
  };
  for (const auto& c : cases) {
    EXPECT_EQ(pattern(c.input).kind(), c.kind) << c.input;
    EXPECT_EQ(pattern(c.input).suffix().view(), c.suffix);
    EXPECT_EQ(pattern(c.input).to_string(), c.canonical);
  }
}

TEST(HostPattern, SaysWhatIsWrong) {
  const auto global = [](std::string p) {
    return "host pattern `" + p + "` covers every name; name a domain, like `*.example.com`, or say `internet: true`";
  };
  const auto misplaced = [](std::string p) {
    return "host pattern `" + p +
           "` has a wildcard in the wrong place; only the whole first label may be `*` (one label) or `**` (one or "
           "more), "
           "like `*.example.com`";
  };
  const struct {
    std::string input, message;
  } cases[] = {
      {"*", global("*")},
      {"**", global("**")},
      {"*.*", misplaced("*.*")},
      {"**.*", misplaced("**.*")},
      {"*.**.example.com", misplaced("*.**.example.com")},
      {"ex*mple.com", misplaced("ex*mple.com")},
      {"*example.com", misplaced("*example.com")},
      {"*-x.example.com", misplaced("*-x.example.com")},
      {"***.example.com", misplaced("***.example.com")},
      {"a.*.example.com", misplaced("a.*.example.com")},
      {"example.*", misplaced("example.*")},
      {"", "host pattern ``: the host name is empty"},
      {"*.", "host pattern `*.`: the host name is empty"},
      {"*.example.com.", "host pattern `*.example.com.`: host name `example.com.` has an empty label"},
      {"*..example.com", "host pattern `*..example.com`: host name `.example.com` has an empty label"},
      {"*.8.8.8.8", "host pattern `*.8.8.8.8`: `8.8.8.8` is an address, not a host name"},
      {"127.1", "host pattern `127.1`: `127.1` is neither a host name nor the plain spelling of an address"},
      {"api.example.com:80",
       "host pattern `api.example.com:80`: host name `api.example.com:80` has a character other than letters, digits, "
       "`-`, `_` and `.`"},
  };
  for (const auto& c : cases) {
    const auto parsed = HostPattern::parse(c.input);
    ASSERT_FALSE(parsed) << c.input;
    EXPECT_EQ(parsed.error().message, c.message);
  }
}

TEST(HostPattern, LeavesRoomForALabel) {
  const std::string of_251 =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(59, 'd');
  ASSERT_EQ(of_251.size(), 251u);
  EXPECT_TRUE(HostPattern::parse("*." + of_251));
  EXPECT_FALSE(HostPattern::parse("*." + of_251 + "e"));
  EXPECT_TRUE(HostPattern::parse(of_251 + "e"));
}

TEST(HostPattern, MatchesAtLabelBoundariesOnly) {
  const struct {
    std::string_view pattern, name;
    bool matches;
  } cases[] = {
      {"example.com", "example.com", true},
      {"example.com", "EXAMPLE.com.", true},
      {"example.com", "a.example.com", false},
      {"example.com", "xexample.com", false},
      {"example.com", "example.co", false},
      {"*.example.com", "a.example.com", true},
      {"*.example.com", "a.b.example.com", false},
      {"*.example.com", "example.com", false},
      {"*.example.com", "xexample.com", false},
      {"*.example.com", "a.xexample.com", false},
      {"**.example.com", "a.example.com", true},
      {"**.example.com", "a.b.c.example.com", true},
      {"**.example.com", "example.com", false},
      {"**.example.com", "xexample.com", false},
      {"**.example.com", "example.com.evil.org", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(pattern(c.pattern).matches(name(c.name)), c.matches) << c.pattern << " ~ " << c.name;
  }
}

// Over a small world in which every pattern and name can be written down, matching, covering and overlapping are what
// the sets of names say.
TEST(HostPattern, CoversAndOverlapsAsTheSetsOfNamesDo) {
  std::vector<std::string> world = {"a", "b"};
  std::vector<HostPattern> patterns;
  for (std::size_t first = 0, level = 0; level < 4; ++level) {
    const std::size_t end = world.size();
    for (; first < end; ++first) {
      for (const char* label : {"a.", "b."}) world.push_back(label + world[first]);
    }
  }
  std::vector<HostName> names;
  for (const std::string& text : world) {
    names.push_back(name(text));
    if (std::count(text.begin(), text.end(), '.') > 2) continue;
    for (const char* wildcard : {"", "*.", "**."}) patterns.push_back(pattern(wildcard + text));
  }
  for (const HostPattern& a : patterns) {
    for (const HostPattern& b : patterns) {
      bool covers = true;
      bool overlaps = false;
      for (const HostName& n : names) {
        covers = covers && (a.matches(n) || !b.matches(n));
        overlaps = overlaps || (a.matches(n) && b.matches(n));
      }
      // At the depth where the world ends, `**.x` has no names but those of `*.x`.
      const bool at_the_edge = b.kind() == HostPattern::Kind::any_depth && a.kind() == HostPattern::Kind::one_label &&
                               std::count(b.suffix().view().begin(), b.suffix().view().end(), '.') == 3;
      ASSERT_EQ(a.covers(b), covers && !at_the_edge) << a.to_string() << " " << b.to_string();
      ASSERT_EQ(a.overlaps(b), overlaps) << a.to_string() << " " << b.to_string();
      ASSERT_EQ(a.overlaps(b), b.overlaps(a));
    }
  }
}

TEST(HostPattern, AgreesWithTheSlowTwin) {
  auto random = seeded_random("patterns");
  const auto draw = [&random](std::size_t most) {
    std::string text;
    for (auto labels = 1 + below(random, most); labels > 0; --labels) {
      for (auto size = 1 + below(random, 2); size > 0; --size) text += below(random, 2) == 0 ? 'a' : 'b';
      if (labels > 1) text += '.';
    }
    return text;
  };
  constexpr const char* kWildcards[] = {"", "*.", "**."};
  int matches = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string p = kWildcards[below(random, 3)] + draw(3);
    const std::string n = draw(4);
    ASSERT_EQ(pattern(p).matches(name(n)), slow_matches(p, n)) << p << " ~ " << n;
    ASSERT_EQ(pattern(p).to_string(), p);
    matches += slow_matches(p, n) ? 1 : 0;
  }
  EXPECT_GT(matches, 500);
}

}  // namespace
}  // namespace portreeve::net

#include "engine/load/host_names.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/load/load.h"

namespace portreeve::load {
namespace {

struct Mapping {
  const char* written;
  const char* pattern;  // "" where it is refused
};

TEST(PolicyHost, IsMappedOnceAndCheckedAgain) {
  constexpr Mapping kRows[] = {
      {"EXAMPLE.org", "example.org"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"BÜCHER.example", "xn--bcher-kva.example"},
      {"*.bücher.example", "*.xn--bcher-kva.example"},
      {"straße.example", "xn--strae-oqa.example"},  // non-transitional: not strasse
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"example。org", "example.org"},  // the ideographic full stop is a dot
      {"_svc.example.org", "_svc.example.org"},
      {"１２７.0.0.1", ""},
      {"①②⑦.⓪.⓪.①", ""},
      {"ｅxample.org", "example.org"},
      {"a\u200bb.example", "ab.example"},  // zero width: mapped to nothing
      {"a\u202eb.example", ""},
      {"xn--a.example", ""},
      {"xn--.example", ""},
      {"＊.example.org", ""},  // a full-width asterisk is no wildcard
      {"**.ü.*.example", ""},
      {"", ""},
  };
  for (const Mapping& row : kRows) {
    const auto pattern = parse_policy_host(row.written);
    EXPECT_EQ(pattern ? pattern->to_string() : "", row.pattern) << row.written;
  }
}

TEST(PublicSuffixes, AreCoveredAtAndAbove) {
  struct Row {
    const char* pattern;
    const char* suffix;  // "" where none is covered
  };
  constexpr Row kRows[] = {
      {"*.com", "com"},
      {"**.com", "com"},
      {"*.co.uk", "co.uk"},
      {"*.github.io", "github.io"},
      {"*.a.github.io", ""},
      {"github.io", ""},
      {"com", ""},
      {"*.example.com", ""},
      {"**.example.com", ""},
      {"*.blob.core.windows.net", "blob.core.windows.net"},
      {"**.windows.net", "blob.core.windows.net"},
      {"*.tigris.dev", ""},
      {"*.a.blob.core.windows.net", ""},
      {"*.kawasaki.jp", "kawasaki.jp"},
      {"*.x.kawasaki.jp", "x.kawasaki.jp"},
      {"**.city.kawasaki.jp", ""},
      {"*.xn--p1ai", "xn--p1ai"},
      {"*.no-such-top-level-name", "no-such-top-level-name"},
      {"*.hf.space", "hf.space"},
      {"*.ngrok-free.app", "ngrok-free.app"},
      {"*.on.aws", "on.aws"},
  };
  const PublicSuffixes suffixes;
  for (const Row& row : kRows) {
    const auto pattern = net::HostPattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern;
    EXPECT_EQ(suffixes.covered_by(*pattern).value_or(""), row.suffix) << row.pattern;
  }
}

// What the corpus gives a load error for, the loader refuses, in the place the row is about.
bool loads(const std::string& input) {
  constexpr std::string_view kException = "exception ";
  std::string yaml;
  if (input.starts_with(kException)) {
    yaml =
        "apiVersion: portreeve/v1\nkind: InternalService\nmetadata: { name: x }\nspec: { hosts: [x.internal], "
        "addresses: ['" +
        input.substr(kException.size()) + "'] }\n";
  } else {
    // A pattern's port stands in `ports` here, an address in `cidrs`.
    std::string host = input;
    std::string port = "443";
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    if (colon != std::string::npos && (bracket == std::string::npos || bracket < colon)) {
      port = host.substr(colon + 1);
      host.resize(colon);
    }
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    const auto address = net::IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host);
    const std::string target =
        address ? "cidrs: ['" + (bracketed ? host.substr(1, host.size() - 2) + "/128" : host + "/32") + "']"
                : "hosts: ['" + host + "']";
    yaml =
        "apiVersion: portreeve/v1\nkind: EgressPolicy\nmetadata: { name: x }\nspec:\n  rules:\n    - { id: a, effect: "
        "allow, " +
        target + ", ports: ['" + port + "'] }\n";
  }
  return load({{"x.yaml", yaml}}).set != nullptr;
}

TEST(Corpus, PatternRowsLoadOrAreRefused) {
  std::ifstream corpus(PORTREEVE_SOURCE_DIR "/../shared/data/egress-corpus.tsv");
  if (!corpus) GTEST_SKIP() << "the corpus is not here";
  std::size_t rows = 0;
  for (std::string line; std::getline(corpus, line);) {
    if (!line.starts_with("pattern\t") || line.find(" ~ ") != std::string::npos) continue;
    const std::size_t first = line.find('\t') + 1;
    const std::size_t second = line.find('\t', first);
    const std::size_t third = line.find('\t', second + 1);
    const std::string input = line.substr(first, second - first);
    // A range of ports is one here (`8000-8099`); as part of a host it stays a mistake.
    if (input.find(":80-90") != std::string::npos) continue;
    EXPECT_EQ(loads(input), line.substr(second + 1, third - second - 1) == "allow") << line;
    ++rows;
  }
  EXPECT_GT(rows, 40u);
}

}  // namespace
}  // namespace portreeve::load

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/index/host_index.h"
#include "engine/index/path_index.h"
#include "engine/index/postings.h"
#include "engine/index/prefix_index.h"

namespace portreeve::index {
namespace {

constexpr unsigned kSeed = 20261124;

std::set<EntryId> as_set(const std::vector<Hit>& hits) {
  std::set<EntryId> out;
  for (const Hit hit : hits) out.insert(hit.id());
  return out;
}

template <class T>
const T& pick(const std::vector<T>& values, std::mt19937& random) {
  return values[random() % values.size()];
}

// Against a map; texts of every length around a word's end, the empty one among them.
TEST(Postings, FindWhatWasFiledInItsOrder) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    Postings::Builder builder;
    std::map<std::string, std::vector<std::uint32_t>> expected;
    const auto text = [&] {
      std::string out;
      for (std::size_t n = random() % 18; n > 0; --n) out += static_cast<char>(random() % 2);
      return out;
    };
    const std::uint32_t added = round == 0 ? 0 : static_cast<std::uint32_t>(random() % 200);
    for (std::uint32_t number = 0; number < added; ++number) {
      const std::string key = text();
      builder.add(key, number);
      expected[key].push_back(number);
    }
    const Postings postings = std::move(builder).build();
    const auto agree = [&](const std::string& probe) {
      const auto at = expected.find(probe);
      const auto wanted = at == expected.end() ? std::vector<std::uint32_t>{} : at->second;
      std::vector<std::uint32_t> found;
      postings.for_each(probe, [&](std::uint32_t number) { found.push_back(number); });
      EXPECT_EQ(found, wanted);
      EXPECT_EQ(postings.contains(probe), !wanted.empty());
      EXPECT_EQ(postings.first(probe), wanted.empty() ? std::nullopt : std::optional(wanted[0]));
    };
    EXPECT_EQ(postings.empty(), expected.empty());
    for (const auto& [key, numbers] : expected) agree(key);
    for (int probe = 0; probe < 50; ++probe) agree(text());
  }
}

// A text's length and how many numbers it has are written in one, two or three bytes.
TEST(Postings, HoldTextsAndNumbersOfEveryLength) {
  const std::vector<std::uint32_t> sizes{0, 1, 127, 128, 129, 16'383, 16'384, 16'385};
  const auto text_of = [](std::size_t size) { return std::string(size, 'x'); };
  const auto many_of = [](std::size_t size) { return std::to_string(size) + " numbers"; };
  Postings::Builder builder;
  for (const std::uint32_t size : sizes) {
    builder.add(text_of(size), size);
    for (std::uint32_t number = 0; number < size; ++number) builder.add(many_of(size), number);
  }
  const Postings postings = std::move(builder).build();
  for (const std::uint32_t size : sizes) {
    EXPECT_EQ(postings.first(text_of(size)), size);
    std::uint32_t next = 0;
    postings.for_each(many_of(size), [&](std::uint32_t number) { EXPECT_EQ(number, next++); });
    EXPECT_EQ(next, size);
  }
  EXPECT_FALSE(postings.contains(text_of(2)));
}

TEST(HostIndex, FindsWhatAScanOfAllPatternsFinds) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::string> labels{"a", "b", "c", "com"};
  const auto name = [&](std::size_t most) {
    std::string out = pick(labels, random);
    for (std::size_t n = 1 + random() % most; n > 0; --n) out += "." + pick(labels, random);
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    HostIndex::Builder builder;
    std::vector<net::HostPattern> patterns;
    for (EntryId id = 0; id < 40; ++id) {
      patterns.push_back(*net::HostPattern::parse(pick<std::string>({"", "*.", "**."}, random) + name(3)));
      builder.add(patterns.back(), id);
    }
    const HostIndex index = std::move(builder).build();
    for (int probe = 0; probe < 40; ++probe) {
      const auto host = net::HostName::parse(name(4));
      ASSERT_TRUE(host);
      std::set<EntryId> expected;
      for (EntryId id = 0; id < patterns.size(); ++id) {
        if (patterns[id].matches(*host)) expected.insert(id);
      }
      std::vector<Hit> found;
      index.find(*host, found);
      ASSERT_EQ(as_set(found), expected) << host->view();
      ASSERT_EQ(index.contains(*host), !expected.empty()) << host->view();
    }
  }
}

TEST(PrefixIndex, FindsWhatAScanOfAllPrefixesFinds) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const auto address = [&] {
    const std::uint64_t low =
        random() % 4 == 0 ? random() : std::uint64_t{0xffff} << 32 | (random() % 8) << 24 | random() % 4;
    return net::IpAddress::from_words((low >> 32) == 0xffff ? 0 : std::uint64_t{0x2000} << 48 | random() % 3, low);
  };
  for (int round = 0; round < 300; ++round) {
    PrefixIndex::Builder builder;
    std::vector<net::IpPrefix> prefixes;
    for (EntryId id = 0; id < 40; ++id) {
      const net::IpAddress network = address();
      prefixes.push_back(
          net::IpPrefix::masked(network, static_cast<int>(random() % static_cast<unsigned>(network.bits() + 1))));
      builder.add(prefixes.back(), id);
    }
    const PrefixIndex index = std::move(builder).build();
    for (int probe = 0; probe < 40; ++probe) {
      const net::IpAddress target = address();
      std::set<EntryId> expected;
      for (EntryId id = 0; id < prefixes.size(); ++id) {
        if (prefixes[id].contains(target)) expected.insert(id);
      }
      std::vector<Hit> found;
      index.find(target, found);
      ASSERT_EQ(as_set(found), expected) << target.to_string();
    }
  }
}

TEST(PathIndex, MissesNoPatternThatMatchesAndIsCertainOfNoOther) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::string> parts{"/a", "/b", "/ab", "/*", "/a*", "/**", "*"};
  for (int round = 0; round < 500; ++round) {
    PathIndex::Builder builder;
    std::vector<pattern::Pattern> patterns;
    for (EntryId id = 0; id < 30; ++id) {
      std::string text;
      for (std::size_t n = 1 + random() % 4; n > 0; --n) text += pick(parts, random);
      if (random() % 5 == 0)
        text = pick<std::string>({"/re:.*b/", "/re:/a(/b)*/", "/re:/ab?/.+/", "/re:(/a|/b).*/"}, random);
      patterns.push_back(*pattern::Pattern::parse(text));
      builder.add(patterns.back(), id);
    }
    const PathIndex index = std::move(builder).build();
    for (int probe = 0; probe < 30; ++probe) {
      std::string path;
      for (std::size_t n = 1 + random() % 4; n > 0; --n)
        path += pick<std::string>({"/a", "/b", "/ab", "/", "a"}, random);
      std::vector<Hit> found;
      index.find(path, found);
      const std::set<EntryId> candidates = as_set(found);
      for (EntryId id = 0; id < patterns.size(); ++id) {
        if (patterns[id].matches(path)) {
          ASSERT_TRUE(candidates.contains(id)) << patterns[id].text() << " ~ " << path;
        }
      }
      for (const Hit hit : found) {
        if (hit.is_certain()) {
          ASSERT_TRUE(patterns[hit.id()].matches(path)) << patterns[hit.id()].text() << " ~ " << path;
        }
      }
    }
  }
}

TEST(PathIndex, LeavesOutWhatBeginsElsewhere) {
  PathIndex::Builder builder;
  builder.add(*pattern::Pattern::parse("/opt/tools/**"), 1);
  builder.add(*pattern::Pattern::parse("/usr/bin/git"), 2);
  builder.add(*pattern::Pattern::parse("/usr/bin/g*"), 3);
  const PathIndex index = std::move(builder).build();
  std::vector<Hit> found;
  index.find("/usr/bin/git", found);
  EXPECT_EQ(as_set(found), (std::set<EntryId>{2, 3}));
  found.clear();
  index.find("/opt/tools", found);
  EXPECT_EQ(as_set(found), (std::set<EntryId>{1}));
}

}  // namespace
}  // namespace portreeve::index

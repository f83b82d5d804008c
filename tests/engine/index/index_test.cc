#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/index/host_index.h"
#include "engine/index/path_index.h"
#include "engine/index/postings.h"
#include "engine/index/prefix_index.h"

namespace portreeve::index {
namespace {

constexpr unsigned kSeed = 20261124;

std::set<EntryId> as_set(const std::vector<EntryId>& ids) { return {ids.begin(), ids.end()}; }

template <class T>
const T& pick(const std::vector<T>& values, std::mt19937& random) {
  return values[random() % values.size()];
}

// Against a map; texts of every length around a word's end, the empty one among them.
TEST(Postings, FindWhatWasFiledInItsOrder) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    Postings postings;
    std::map<std::string, std::vector<EntryId>> expected;
    const auto text = [&] {
      std::string out;
      for (std::size_t n = random() % 18; n > 0; --n) out += static_cast<char>(random() % 2);
      return out;
    };
    const auto agree = [&](const std::string& probe) {
      const auto at = expected.find(probe);
      std::vector<EntryId> found;
      postings.find(probe, found);
      EXPECT_EQ(found, at == expected.end() ? std::vector<EntryId>{} : at->second);
      EXPECT_EQ(postings.contains(probe), at != expected.end());
      EXPECT_EQ(postings.empty(), expected.empty());
    };
    agree("");
    for (EntryId id = 0; id < 100; ++id) {
      const std::string key = text();
      postings.add(key, id);
      expected[key].push_back(id);
      if (id == 60) postings.compact();
      agree(key);
    }
    postings.compact();
    for (const auto& [key, ids] : expected) agree(key);
    for (int probe = 0; probe < 50; ++probe) agree(text());
  }
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
    HostIndex index;
    std::vector<net::HostPattern> patterns;
    for (EntryId id = 0; id < 40; ++id) {
      patterns.push_back(*net::HostPattern::parse(pick<std::string>({"", "*.", "**."}, random) + name(3)));
      index.add(patterns.back(), id);
    }
    for (int probe = 0; probe < 40; ++probe) {
      const auto host = net::HostName::parse(name(4));
      ASSERT_TRUE(host);
      std::set<EntryId> expected;
      for (EntryId id = 0; id < patterns.size(); ++id) {
        if (patterns[id].matches(*host)) expected.insert(id);
      }
      std::vector<EntryId> found;
      index.find(*host, found);
      ASSERT_EQ(as_set(found), expected) << host->view();
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
    PrefixIndex index;
    std::vector<net::IpPrefix> prefixes;
    for (EntryId id = 0; id < 40; ++id) {
      const net::IpAddress network = address();
      prefixes.push_back(
          net::IpPrefix::masked(network, static_cast<int>(random() % static_cast<unsigned>(network.bits() + 1))));
      index.add(prefixes.back(), id);
    }
    for (int probe = 0; probe < 40; ++probe) {
      const net::IpAddress target = address();
      std::set<EntryId> expected;
      for (EntryId id = 0; id < prefixes.size(); ++id) {
        if (prefixes[id].contains(target)) expected.insert(id);
      }
      std::vector<EntryId> found;
      index.find(target, found);
      ASSERT_EQ(as_set(found), expected) << target.to_string();
    }
  }
}

TEST(PathIndex, MissesNoPatternThatMatches) {
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::string> parts{"/a", "/b", "/ab", "/*", "/a*", "/**", "*"};
  for (int round = 0; round < 500; ++round) {
    PathIndex index;
    std::vector<pattern::Pattern> patterns;
    for (EntryId id = 0; id < 30; ++id) {
      std::string text;
      for (std::size_t n = 1 + random() % 4; n > 0; --n) text += pick(parts, random);
      if (random() % 5 == 0)
        text = pick<std::string>({"/re:.*b/", "/re:/a(/b)*/", "/re:/ab?/.+/", "/re:(/a|/b).*/"}, random);
      patterns.push_back(*pattern::Pattern::parse(text));
      index.add(patterns.back(), id);
    }
    for (int probe = 0; probe < 30; ++probe) {
      std::string path;
      for (std::size_t n = 1 + random() % 4; n > 0; --n) path += pick<std::string>({"/a", "/b", "/ab"}, random);
      std::vector<EntryId> found;
      index.find(path, found);
      const std::set<EntryId> candidates = as_set(found);
      for (EntryId id = 0; id < patterns.size(); ++id) {
        if (patterns[id].matches(path)) {
          ASSERT_TRUE(candidates.contains(id)) << patterns[id].text() << " ~ " << path;
        }
      }
    }
  }
}

TEST(PathIndex, LeavesOutWhatBeginsElsewhere) {
  PathIndex index;
  index.add(*pattern::Pattern::parse("/opt/tools/**"), 1);
  index.add(*pattern::Pattern::parse("/usr/bin/git"), 2);
  index.add(*pattern::Pattern::parse("/usr/bin/g*"), 3);
  std::vector<EntryId> found;
  index.find("/usr/bin/git", found);
  EXPECT_EQ(as_set(found), (std::set<EntryId>{2, 3}));
  found.clear();
  index.find("/opt/tools", found);
  EXPECT_EQ(as_set(found), (std::set<EntryId>{1}));
}

}  // namespace
}  // namespace portreeve::index

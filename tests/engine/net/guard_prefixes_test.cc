#include "engine/net/guard_prefixes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/net/guard.h"
#include "tests/engine/net/seeded_random.h"

namespace portreeve::net {
namespace {

bool holds(const std::vector<IpPrefix>& prefixes, IpAddress address) {
  return std::ranges::any_of(prefixes, [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

bool is_isatap(IpAddress address) { return address.is_v6() && ((address.low() >> 32) & 0xfcff'ffffu) == 0x5efeu; }

void expect_agreement(IpAddress address) {
  const bool guarded = classify(address) != SpecialRange::none;
  const auto& prefixes = address.is_v4() ? guarded_v4_prefixes() : guarded_v6_prefixes();
  EXPECT_EQ(holds(prefixes, address), guarded && !is_isatap(address)) << address.to_string();
}

TEST(GuardPrefixes, AreDisjointAndSorted) {
  for (const auto& prefixes : {guarded_v4_prefixes(), guarded_v6_prefixes()}) {
    for (std::size_t i = 1; i < prefixes.size(); ++i) {
      EXPECT_LT(prefixes[i - 1], prefixes[i]);
      EXPECT_FALSE(prefixes[i - 1].overlaps(prefixes[i])) << prefixes[i].to_string();
    }
  }
}

TEST(GuardPrefixes, HoldWhatTheGuardHoldsAndNothingElse) {
  // Both sides of every edge, and random addresses.
  for (const auto& prefixes : {guarded_v4_prefixes(), guarded_v6_prefixes()}) {
    for (const IpPrefix& prefix : prefixes) {
      expect_agreement(prefix.network());
      expect_agreement(prefix.last());
      const IpAddress first = prefix.network();
      const IpAddress last = prefix.last();
      if (first.low() != 0) expect_agreement(IpAddress::from_words(first.high(), first.low() - 1));
      if (last.low() != ~std::uint64_t{0}) expect_agreement(IpAddress::from_words(last.high(), last.low() + 1));
      if (last.low() == ~std::uint64_t{0} && last.high() != ~std::uint64_t{0}) {
        expect_agreement(IpAddress::from_words(last.high() + 1, 0));
      }
    }
  }
  auto random = seeded_random("GuardPrefixes.HoldWhatTheGuardHoldsAndNothingElse");
  for (int i = 0; i < 20'000; ++i) {
    expect_agreement(IpAddress::from_words(0, std::uint64_t{0xffff} << 32 | (random() & 0xffff'ffffu)));
    expect_agreement(IpAddress::from_words(random(), random()));
    expect_agreement(IpAddress::from_words(std::uint64_t{1} << 61 | random() >> 3, random()));
  }
}

}  // namespace
}  // namespace portreeve::net

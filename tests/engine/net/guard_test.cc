#include "engine/net/guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/net/special_ranges.h"
#include "tests/engine/net/seeded_random.h"
#include "tests/engine/net/slow_bits.h"

namespace portreeve::net {
namespace {

using R = SpecialRange;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }
IpPrefix prefix(std::string_view text) { return IpPrefix::parse(text).value(); }
HostName name(std::string_view text) { return HostName::parse_wire(text).value(); }

TEST(Guard, NamesEveryBlockAndLeavesItsNeighboursAlone) {
  const struct {
    std::string_view block;
    R range;
    std::string_view before;  // empty where the block begins the family
    R range_before;
    std::string_view after;
    R range_after;
  } cases[] = {
      {"0.0.0.0/8", R::unspecified, "", R::none, "1.0.0.0", R::none},
      {"10.0.0.0/8", R::private_use, "9.255.255.255", R::none, "11.0.0.0", R::none},
      {"127.0.0.0/8", R::loopback, "126.255.255.255", R::none, "128.0.0.0", R::none},
      {"172.16.0.0/12", R::private_use, "172.15.255.255", R::none, "172.32.0.0", R::none},
      {"192.0.2.0/24", R::documentation, "192.0.1.255", R::none, "192.0.3.0", R::none},
      {"192.31.196.0/24", R::protocol, "192.31.195.255", R::none, "192.31.197.0", R::none},
      {"192.52.193.0/24", R::protocol, "192.52.192.255", R::none, "192.52.194.0", R::none},
      {"192.88.99.0/24", R::translated, "192.88.98.255", R::none, "192.88.100.0", R::none},
      {"192.168.0.0/16", R::private_use, "192.167.255.255", R::none, "192.169.0.0", R::none},
      {"192.175.48.0/24", R::protocol, "192.175.47.255", R::none, "192.175.49.0", R::none},
      {"198.18.0.0/15", R::benchmarking, "198.17.255.255", R::none, "198.20.0.0", R::none},
      {"198.51.100.0/24", R::documentation, "198.51.99.255", R::none, "198.51.101.0", R::none},
      {"203.0.113.0/24", R::documentation, "203.0.112.255", R::none, "203.0.114.0", R::none},
      {"224.0.0.0/4", R::multicast, "223.255.255.255", R::none, "240.0.0.0", R::reserved},
      {"255.255.255.255/32", R::broadcast, "255.255.255.254", R::reserved, "", R::none},
      {"100.64.0.0/10", R::shared, "100.63.255.255", R::none, "100.128.0.0", R::none},
      {"100.100.100.200/32", R::metadata, "100.100.100.199", R::shared, "100.100.100.201", R::shared},
      {"100.100.100.100/32", R::overlay, "100.100.100.99", R::shared, "100.100.100.101", R::shared},
      {"168.63.129.16/32", R::metadata, "168.63.129.15", R::none, "168.63.129.17", R::none},
      {"169.254.0.0/16", R::link_local, "169.253.255.255", R::none, "169.255.0.0", R::none},
      {"169.254.169.254/32", R::metadata, "169.254.169.253", R::metadata, "169.254.169.255", R::link_local},
      {"169.254.169.123/32", R::metadata, "169.254.169.122", R::link_local, "169.254.169.124", R::link_local},
      {"169.254.170.2/32", R::metadata, "169.254.170.1", R::link_local, "169.254.170.3", R::link_local},
      {"169.254.170.23/32", R::metadata, "169.254.170.22", R::link_local, "169.254.170.24", R::link_local},
      {"169.254.0.23/32", R::metadata, "169.254.0.22", R::link_local, "169.254.0.24", R::link_local},
      {"169.254.42.42/32", R::metadata, "169.254.42.41", R::link_local, "169.254.42.43", R::link_local},
      {"192.0.0.0/24", R::protocol, "191.255.255.255", R::none, "192.0.1.0", R::none},
      {"192.0.0.192/32", R::metadata, "192.0.0.191", R::protocol, "192.0.0.193", R::protocol},
      {"::/128", R::unspecified, "", R::none, "::1", R::loopback},
      {"::1/128", R::loopback, "::", R::unspecified, "::2", R::translated},
      {"::7f00:0/104", R::translated, "::7eff:ffff", R::translated, "::8000:0", R::translated},
      {"::ffff:0:0:0/96", R::translated, "::fffe:ffff:ffff:ffff", R::not_global, "::ffff:1:0:0", R::not_global},
      {"64:ff9b::/96", R::translated, "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global, "64:ff9b::1:0:0",
       R::not_global},
      {"64:ff9b:1::/48", R::translated, "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", R::not_global,
       "64:ff9b:2::", R::not_global},
      {"100::/64", R::not_global, "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global, "100:0:0:2::", R::not_global},
      {"2001::/32", R::translated, "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "2001:1::", R::protocol},
      {"2001:2::/48", R::benchmarking, "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", R::protocol, "2001:2:1::", R::protocol},
      {"2001:3::/32", R::protocol, "2001:2:ffff:ffff:ffff:ffff:ffff:ffff", R::protocol, "2001:4::", R::protocol},
      {"2001:10::/28", R::not_global, "2001:f:ffff:ffff:ffff:ffff:ffff:ffff", R::protocol, "2001:20::", R::not_global},
      {"2001:20::/28", R::not_global, "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global, "2001:30::", R::protocol},
      {"2001:40::/26", R::protocol, "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", R::protocol, "2001:80::", R::protocol},
      {"2001:100::/24", R::protocol, "2001:ff:ffff:ffff:ffff:ffff:ffff:ffff", R::protocol, "2001:200::", R::none},
      {"2001:db8::/32", R::documentation, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "2001:db9::", R::none},
      {"2002::/16", R::translated, "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "2003::", R::none},
      {"2620:4f:8000::/48", R::protocol, "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", R::none, "2620:4f:8001::", R::none},
      {"3fff::/20", R::documentation, "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "3fff:1000::", R::none},
      {"2600::/12", R::none, "25ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "2610::", R::none},
      {"4000::/4", R::not_global, "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::none, "5000::", R::not_global},
      {"5f00::/16", R::not_global, "5eff::", R::not_global, "5f01::", R::not_global},
      {"1000::/4", R::not_global, "fff::", R::not_global, "2000::", R::none},
      {"fc00::/8", R::unique_local, "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global,
       "fd00::", R::unique_local},
      {"fd00:ec2::/32", R::metadata, "fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", R::unique_local,
       "fd00:ec3::", R::unique_local},
      {"fd20:ce::254/128", R::metadata, "fd20:ce::253", R::unique_local, "fd20:ce::255", R::unique_local},
      {"fd00:c1::a9fe:a9fe/128", R::metadata, "fd00:c1::a9fe:a9fd", R::unique_local, "fd00:c1::a9fe:a9ff",
       R::unique_local},
      {"fd7a:115c:a1e0::/48", R::overlay, "fd7a:115c:a1df:ffff:ffff:ffff:ffff:ffff", R::unique_local,
       "fd7a:115c:a1e1::", R::unique_local},
      {"fe80::/10", R::link_local, "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global, "fec0::", R::not_global},
      {"fe80::a9fe:a9fe/128", R::metadata, "fe80::a9fe:a9fd", R::link_local, "fe80::a9fe:a9ff", R::link_local},
      {"fec0::/10", R::not_global, "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::link_local, "ff00::", R::multicast},
      {"ff00::/8", R::multicast, "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", R::not_global, "", R::none},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(classify(prefix(c.block).network()), c.range) << "first of " << c.block;
    EXPECT_EQ(classify(prefix(c.block).last()), c.range) << "last of " << c.block;
    if (!c.before.empty()) {
      EXPECT_EQ(classify(address(c.before)), c.range_before) << c.before << " before " << c.block;
    }
    if (!c.after.empty()) {
      EXPECT_EQ(classify(address(c.after)), c.range_after) << c.after << " after " << c.block;
    }
  }
}

TEST(Guard, JudgesMappedAddressesAsIpv4) {
  EXPECT_EQ(classify(address("::ffff:8.8.8.8")), R::none);
  EXPECT_EQ(classify(address("::ffff:127.0.0.1")), R::loopback);
  EXPECT_EQ(classify(address("::ffff:a9fe:a9fe")), R::metadata);
  EXPECT_EQ(classify(address("::ffff:10.0.0.1")), R::private_use);
}

TEST(Guard, ClosesIsatapInterfaceIdsEverywhere) {
  const struct {
    std::string_view address;
    R range;
  } cases[] = {
      {"2607:f8b0::5efe:127.0.0.1", R::translated},     {"2607:f8b0::200:5efe:7f00:1", R::translated},
      {"2607:f8b0::200:5efe:808:808", R::translated},   {"2607:f8b0::100:5efe:7f00:1", R::translated},
      {"2607:f8b0::300:5efe:7f00:1", R::translated},    {"2607:f8b0::400:5efe:7f00:1", R::none},
      {"2607:f8b0::201:5efe:7f00:1", R::none},          {"2607:f8b0::5eff:127.0.0.1", R::none},
      {"2607:f8b0::5efd:127.0.0.1", R::none},           {"2607:f8b0::5efe:7f00:1:0", R::none},
      {"fd12:3456:789a::5efe:10.0.0.1", R::translated},  // a soft range around it opens nothing
      {"4000::5efe:10.0.0.1", R::translated},           {"fe80::5efe:10.0.0.1", R::link_local},
      {"2001:db8::5efe:10.0.0.1", R::documentation},
  };
  for (const auto& c : cases) EXPECT_EQ(classify(address(c.address)), c.range) << c.address;
}

// The same judgement over bit strings: of the rows that hold the address, metadata first, then overlay, then the
// longest.
class SlowGuard {
 public:
  SlowGuard() {
    for (const SpecialPrefix& row : kV4Ranges) rows_.push_back({32, slow_bits(row.prefix), row.range});
    for (const SpecialPrefix& row : kV6Ranges) rows_.push_back({128, slow_bits(row.prefix), row.range});
  }

  R classify(IpAddress a) const {
    const std::string bits = slow_bits(a);
    const Row* best = nullptr;
    for (const Row& row : rows_) {
      const bool holds = row.family == bits.size() && bits.starts_with(row.bits);
      if (holds && (best == nullptr || rank(row) > rank(*best))) best = &row;
    }
    const R outside = bits.size() == 32 || bits.starts_with("001") ? R::none : R::not_global;
    const R range = best != nullptr ? best->range : outside;
    const bool is_isatap = bits.size() == 128 && bits.substr(64, 6) == "000000" && bits.substr(72, 8) == "00000000" &&
                           bits.substr(80, 16) == "0101111011111110";
    const bool gives_way = range == R::none || range == R::unique_local || range == R::not_global;
    return is_isatap && gives_way ? R::translated : range;
  }

 private:
  struct Row {
    std::size_t family;
    std::string bits;
    R range;
  };
  static std::size_t rank(const Row& row) {
    return (row.range == R::metadata ? 2000u : row.range == R::overlay ? 1000u : 0u) + row.bits.size();
  }
  std::vector<Row> rows_;
};

// Addresses at and about the edges of the table's rows, and some from anywhere.
IpAddress near_a_row(std::mt19937_64& random) {
  const std::size_t rows = std::size(kV4Ranges) + std::size(kV6Ranges);
  const std::size_t row = below(random, rows + 4);
  if (row >= rows) return IpAddress::from_words(random(), random());
  const IpPrefix& block =
      row < std::size(kV4Ranges) ? kV4Ranges[row].prefix : kV6Ranges[row - std::size(kV4Ranges)].prefix;
  const IpAddress edge = below(random, 2) == 0 ? block.network() : block.last();
  IpAddress moved = edge;
  switch (below(random, 5)) {
    case 0:
      break;
    case 1:
      moved = IpAddress::from_words(edge.high(), edge.low() + below(random, 3) - 1);
      break;
    case 2:
      moved = IpAddress::from_words(edge.high() + below(random, 3) - 1, edge.low());
      break;
    case 3:
      moved =
          IpAddress::from_words(edge.high(), (edge.low() & 0xffff'ffff) | (below(random, 8) << 56 | 0x5efeull << 32));
      break;
    default: {
      const std::uint64_t bit = std::uint64_t{1} << below(random, 64);
      moved = below(random, 2) == 0 || block.is_v4() ? IpAddress::from_words(edge.high(), edge.low() ^ bit)
                                                     : IpAddress::from_words(edge.high() ^ bit, edge.low());
    }
  }
  return moved;
}

TEST(Guard, AgreesWithTheBitStrings) {
  auto random = seeded_random("guard against bit strings");
  const SlowGuard slow;
  std::set<R> seen;
  for (int i = 0; i < 60'000; ++i) {
    const IpAddress a = near_a_row(random);
    ASSERT_EQ(classify(a), slow.classify(a)) << a.to_string();
    seen.insert(classify(a));
  }
  EXPECT_EQ(seen.size(), 17u) << "every kind but the deployment's own was met";
}

TEST(Guard, OverlapsWhateverItsAddressesTrip) {
  const struct {
    std::string_view prefix;
    std::optional<R> guard, hard;
  } cases[] = {
      {"8.8.8.0/24", std::nullopt, std::nullopt},
      {"8.0.0.0/7", std::nullopt, std::nullopt},
      {"8.0.0.0/6", R::private_use, std::nullopt},
      {"0.0.0.0/0", R::unspecified, R::unspecified},
      {"128.0.0.0/1", R::metadata, R::metadata},
      {"10.20.0.0/24", R::private_use, std::nullopt},
      {"10.0.0.0/8", R::private_use, std::nullopt},
      {"100.64.0.0/16", R::shared, std::nullopt},
      {"100.100.0.0/16", R::metadata, R::metadata},
      {"100.100.100.100/32", R::overlay, R::overlay},
      {"100.64.10.7/32", R::shared, std::nullopt},
      {"168.63.0.0/16", R::metadata, R::metadata},
      {"168.62.0.0/16", std::nullopt, std::nullopt},
      {"127.0.0.1/32", R::loopback, R::loopback},
      {"169.254.169.254/32", R::metadata, R::metadata},
      {"::/0", R::unspecified, R::unspecified},
      {"2000::/3", R::translated, R::translated},
      {"2000::/16", std::nullopt, std::nullopt},
      {"2600::/12", std::nullopt, std::nullopt},
      {"3000::/4", R::documentation, R::documentation},
      {"4000::/3", R::not_global, R::not_global},
      {"fc00::/7", R::metadata, R::metadata},
      {"fd00::/8", R::metadata, R::metadata},
      {"fd12:3456:789a::/48", R::unique_local, std::nullopt},
      {"fd00:ec2::/48", R::metadata, R::metadata},
      {"fd20:ce::/64", R::metadata, R::metadata},
      {"fd7a:115c:a1e0:1::/64", R::overlay, R::overlay},
      {"fc00::/6", R::metadata, R::metadata},
      {"f800::/6", R::not_global, R::not_global},
      {"2607:f8b0::/64", std::nullopt, std::nullopt},
      {"2607:f8b0::5efe:0:0/96", R::translated, R::translated},
      {"fd12::5efe:10.0.0.1/128", R::translated, R::translated},
      {"64:ff9b::/96", R::translated, R::translated},
      {"2002::/16", R::translated, R::translated},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(overlaps_guard(prefix(c.prefix)), c.guard) << c.prefix;
    EXPECT_EQ(overlaps_hard(prefix(c.prefix)), c.hard) << c.prefix;
  }
}

TEST(Guard, OverlapsAgreeWithTheAddressesInside) {
  auto random = seeded_random("prefixes against the guard");
  for (int i = 0; i < 60'000; ++i) {
    const IpAddress a = near_a_row(random);
    const IpPrefix p = IpPrefix::masked(a, static_cast<int>(below(random, static_cast<std::size_t>(a.bits()) + 1)));
    const auto guard = overlaps_guard(p);
    const auto hard = overlaps_hard(p);
    const bool fills_isatap = p.length() >= 96 || classify(a) != R::translated;
    if (classify(a) != R::none && fills_isatap) {
      ASSERT_TRUE(guard) << p.to_string() << " holds " << a.to_string();
    }
    if (tier(classify(a)) == GuardTier::hard && fills_isatap) {
      ASSERT_TRUE(hard) << p.to_string() << " holds " << a.to_string();
    }
    if (hard) {
      ASSERT_EQ(tier(*hard), GuardTier::hard) << p.to_string();
      ASSERT_EQ(guard, hard) << p.to_string();
    }
    // Nothing tripped: then neither does the first, the last, nor any address drawn from inside.
    if (!guard) {
      ASSERT_EQ(classify(p.last()), R::none) << p.to_string();
    }
  }
}

TEST(Guard, SplitsRangesIntoTiersAndGivesEachItsFrozenCode) {
  const struct {
    R range;
    GuardTier tier;
    std::string_view code;
  } cases[] = {
      {R::none, GuardTier::open, ""},
      {R::loopback, GuardTier::hard, "guard:loopback-address"},
      {R::unspecified, GuardTier::hard, "guard:unspecified-address"},
      {R::link_local, GuardTier::hard, "guard:link-local-address"},
      {R::metadata, GuardTier::hard, "guard:metadata-address"},
      {R::private_use, GuardTier::soft, "guard:private-address"},
      {R::shared, GuardTier::soft, "guard:shared-address"},
      {R::unique_local, GuardTier::soft, "guard:unique-local-address"},
      {R::multicast, GuardTier::hard, "guard:multicast-address"},
      {R::broadcast, GuardTier::hard, "guard:broadcast-address"},
      {R::reserved, GuardTier::hard, "guard:reserved-address"},
      {R::documentation, GuardTier::hard, "guard:documentation-address"},
      {R::benchmarking, GuardTier::hard, "guard:benchmarking-address"},
      {R::protocol, GuardTier::hard, "guard:protocol-address"},
      {R::translated, GuardTier::hard, "guard:translated-address"},
      {R::not_global, GuardTier::hard, "guard:not-global-address"},
      {R::overlay, GuardTier::hard, "guard:overlay-address"},
      {R::own, GuardTier::hard, "guard:own-address"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(tier(c.range), c.tier) << c.code;
    EXPECT_EQ(guard_code(c.range), c.code);
  }
  EXPECT_EQ(guard_code(NameGuard::special_use), "guard:special-use-name");
  EXPECT_EQ(guard_code(NameGuard::metadata), "guard:metadata-name");
  EXPECT_EQ(guard_code(NameGuard::single_label), "guard:single-label-name");
}

TEST(OwnAddresses, NamesWhatWouldElseBePublicOrSoft) {
  const OwnAddresses own({prefix("23.0.0.10/32"), prefix("10.9.0.0/29"), prefix("10.9.0.2/32"), prefix("127.0.0.0/8"),
                          prefix("2a0f:1:2::10/128"), prefix("::/64")});
  const struct {
    std::string_view address;
    R range;
  } cases[] = {
      {"23.0.0.10", R::own},
      {"23.0.0.9", R::none},
      {"23.0.0.11", R::none},
      {"10.9.0.0", R::own},
      {"10.9.0.7", R::own},
      {"10.9.0.8", R::private_use},
      {"10.8.255.255", R::private_use},
      {"127.0.0.1", R::loopback},
      {"2a0f:1:2::10", R::own},
      {"2a0f:1:2::11", R::none},
      {"::ffff:23.0.0.10", R::own},
      {"8.8.8.8", R::none},
  };
  for (const auto& c : cases) EXPECT_EQ(classify(address(c.address), own), c.range) << c.address;
  EXPECT_EQ(own.prefixes().size(), 5u) << "the nested one is gone";
  EXPECT_EQ(classify(address("23.0.0.10"), OwnAddresses()), R::none);
}

TEST(OwnAddresses, AgreeWithALinearScan) {
  auto random = seeded_random("own addresses");
  for (int round = 0; round < 300; ++round) {
    std::vector<IpPrefix> prefixes;
    for (auto count = below(random, 12); count > 0; --count) {
      const IpAddress a = near_a_row(random);
      prefixes.push_back(IpPrefix::masked(a, static_cast<int>(below(random, static_cast<std::size_t>(a.bits()) + 1))));
    }
    const OwnAddresses own(prefixes);
    for (int i = 0; i < 40; ++i) {
      const IpAddress a = near_a_row(random);
      const IpPrefix p = IpPrefix::masked(a, static_cast<int>(below(random, static_cast<std::size_t>(a.bits()) + 1)));
      ASSERT_EQ(own.contains(a), std::any_of(prefixes.begin(), prefixes.end(),
                                             [&](const IpPrefix& one) { return slow_contains(one, a); }))
          << a.to_string();
      ASSERT_EQ(own.overlaps(p), std::any_of(prefixes.begin(), prefixes.end(),
                                             [&](const IpPrefix& one) { return slow_overlaps(one, p); }))
          << p.to_string();
    }
  }
}

TEST(NameGuard, KnowsSpecialNamesAndWhatStandsBelowThem) {
  using N = NameGuard;
  const struct {
    std::string_view name;
    std::optional<N> guard;
  } cases[] = {
      {"localhost", N::special_use},
      {"LOCALHOST.", N::special_use},
      {"foo.localhost", N::special_use},
      {"localhost.localdomain", N::special_use},
      {"notlocalhost.example.org", std::nullopt},
      {"localhost.example.org", std::nullopt},
      {"printer.local", N::special_use},
      {"local", N::special_use},
      {"host.docker.internal", N::special_use},
      {"gateway.docker.internal", N::special_use},
      {"internal.example.org", std::nullopt},
      {"router.home.arpa", N::special_use},
      {"home.arpa", N::special_use},
      {"xhome.arpa", std::nullopt},
      {"abc.onion", N::special_use},
      {"a.invalid", N::special_use},
      {"a.test", N::special_use},
      {"a.example", N::special_use},
      {"www.example.com", std::nullopt},
      {"a.alt", N::special_use},
      {"ipv4only.arpa", N::special_use},
      {"1.0.0.127.in-addr.arpa", N::special_use},
      {"1.ip6.arpa", N::special_use},
      {"_dns.resolver.arpa", N::special_use},
      {"kubernetes.default", N::special_use},
      {"kubernetes.default.svc", N::special_use},
      {"kubernetes.default.svc.cluster.local", N::special_use},
      {"metadata.google.internal", N::metadata},
      {"x.metadata.google.internal", N::metadata},
      {"google.internal", N::special_use},
      {"metadata.goog", N::metadata},
      {"other.goog", std::nullopt},
      {"instance-data", N::metadata},
      {"instance-data.ec2.internal", N::metadata},
      {"metadata.azure.internal", N::metadata},
      {"metadata.tencentyun.com", N::metadata},
      {"mirrors.tencentyun.com", std::nullopt},
      {"metadata.packet.net", N::metadata},
      {"metadata.platformequinix.com", N::metadata},
      {"intranet", N::single_label},
      {"kubernetes", N::single_label},
      {"com", N::single_label},
      {"api.example.org", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(classify_name(name(c.name)), c.guard) << c.name;
}

TEST(NameGuard, JudgesAPatternByWhatAllItsNamesTrip) {
  using N = NameGuard;
  const struct {
    std::string_view pattern;
    std::optional<N> guard;
  } cases[] = {
      {"localhost", N::special_use},
      {"*.localhost", N::special_use},
      {"**.svc.cluster.local", N::special_use},
      {"*.google.internal", N::special_use},
      {"**.metadata.goog", N::metadata},
      {"*.packet.net", std::nullopt},
      {"*.com", std::nullopt},
      {"intranet", N::single_label},
      {"*.intranet", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(classify_pattern(HostPattern::parse(c.pattern).value()), c.guard) << c.pattern;
  }
}

TEST(ForbiddenPort, IsAControlPlanes) {
  for (const int port : {2024, 2375, 2376, 2379, 2380, 4194, 6443, 10250, 10255, 10256, 10257, 10259}) {
    EXPECT_TRUE(is_forbidden_port(static_cast<std::uint16_t>(port))) << port;
  }
  for (const int port : {0, 22, 80, 443, 2023, 2025, 2378, 2381, 6442, 6444, 8080, 10249, 10258, 65535}) {
    EXPECT_FALSE(is_forbidden_port(static_cast<std::uint16_t>(port))) << port;
  }
}

}  // namespace
}  // namespace portreeve::net

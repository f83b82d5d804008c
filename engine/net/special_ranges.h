// The guard's table of address ranges. Private to engine/net and its tests.
//
// Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890) and the IPv6 address space registry;
// the documentation of the clouds and overlays named beside each row.
#pragma once

#include <array>
#include <cstdint>

#include "engine/net/guard.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::net {

struct SpecialPrefix {
  IpPrefix prefix;
  SpecialRange range;
};

constexpr IpPrefix v4_range(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, int length) {
  return IpPrefix::masked(IpAddress::from_v4_bytes(std::array<std::uint8_t, 4>{a, b, c, d}), length);
}

// The first four groups; the rest is zero.
constexpr IpPrefix v6_range(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, int length) {
  return IpPrefix::masked(IpAddress::from_words(a << 48 | b << 32 | c << 16 | d, 0), length);
}

constexpr IpPrefix v6_range_of_words(std::uint64_t high, std::uint64_t low, int length) {
  return IpPrefix::masked(IpAddress::from_words(high, low), length);
}

// The first row that holds an address names it: metadata, then overlay, then the registry's, the narrower first.
inline constexpr SpecialPrefix kV4Ranges[] = {
    {v4_range(169, 254, 169, 254, 32), SpecialRange::metadata},    // AWS, GCE, Azure, OCI, DigitalOcean, Hetzner
    {v4_range(169, 254, 169, 253, 32), SpecialRange::metadata},    // AWS name server
    {v4_range(169, 254, 169, 123, 32), SpecialRange::metadata},    // AWS time server
    {v4_range(169, 254, 170, 2, 32), SpecialRange::metadata},      // ECS task credentials
    {v4_range(169, 254, 170, 23, 32), SpecialRange::metadata},     // EKS pod credentials
    {v4_range(169, 254, 0, 23, 32), SpecialRange::metadata},       // Tencent
    {v4_range(169, 254, 42, 42, 32), SpecialRange::metadata},      // Scaleway
    {v4_range(100, 100, 100, 200, 32), SpecialRange::metadata},    // Alibaba
    {v4_range(168, 63, 129, 16, 32), SpecialRange::metadata},      // Azure WireServer, a public address
    {v4_range(192, 0, 0, 192, 32), SpecialRange::metadata},        // Oracle classic
    {v4_range(100, 100, 100, 100, 32), SpecialRange::overlay},     // Tailscale
    {v4_range(0, 0, 0, 0, 8), SpecialRange::unspecified},          // RFC 791: Linux takes 0.0.0.0 for loopback
    {v4_range(10, 0, 0, 0, 8), SpecialRange::private_use},         // RFC 1918
    {v4_range(100, 64, 0, 0, 10), SpecialRange::shared},           // RFC 6598
    {v4_range(127, 0, 0, 0, 8), SpecialRange::loopback},           // RFC 1122
    {v4_range(169, 254, 0, 0, 16), SpecialRange::link_local},      // RFC 3927
    {v4_range(172, 16, 0, 0, 12), SpecialRange::private_use},      // RFC 1918
    {v4_range(192, 0, 0, 0, 24), SpecialRange::protocol},          // RFC 6890
    {v4_range(192, 0, 2, 0, 24), SpecialRange::documentation},     // RFC 5737
    {v4_range(192, 31, 196, 0, 24), SpecialRange::protocol},       // RFC 7535: AS112
    {v4_range(192, 52, 193, 0, 24), SpecialRange::protocol},       // RFC 7450: AMT
    {v4_range(192, 88, 99, 0, 24), SpecialRange::translated},      // RFC 7526: 6to4 relay
    {v4_range(192, 168, 0, 0, 16), SpecialRange::private_use},     // RFC 1918
    {v4_range(192, 175, 48, 0, 24), SpecialRange::protocol},       // RFC 7534: AS112
    {v4_range(198, 18, 0, 0, 15), SpecialRange::benchmarking},     // RFC 2544
    {v4_range(198, 51, 100, 0, 24), SpecialRange::documentation},  // RFC 5737
    {v4_range(203, 0, 113, 0, 24), SpecialRange::documentation},   // RFC 5737
    {v4_range(224, 0, 0, 0, 4), SpecialRange::multicast},          // RFC 5771
    {v4_range(255, 255, 255, 255, 32), SpecialRange::broadcast},   // RFC 919
    {v4_range(240, 0, 0, 0, 4), SpecialRange::reserved},           // RFC 1112
};

inline constexpr SpecialPrefix kV6Ranges[] = {
    {v6_range(0xfd00, 0x0ec2, 0, 0, 32), SpecialRange::metadata},                          // AWS
    {v6_range_of_words(0xfd20'00ce'0000'0000, 0x254, 128), SpecialRange::metadata},        // GCE
    {v6_range_of_words(0xfd00'00c1'0000'0000, 0xa9fe'a9fe, 128), SpecialRange::metadata},  // OCI
    {v6_range_of_words(0xfe80'0000'0000'0000, 0xa9fe'a9fe, 128), SpecialRange::metadata},  // OpenStack
    {v6_range(0xfd7a, 0x115c, 0xa1e0, 0, 48), SpecialRange::overlay},                      // Tailscale
    {v6_range_of_words(0, 0, 128), SpecialRange::unspecified},                             // RFC 4291
    {v6_range_of_words(0, 1, 128), SpecialRange::loopback},                                // RFC 4291
    {v6_range(0, 0, 0, 0, 96), SpecialRange::translated},                                  // RFC 4291: IPv4-compatible
    {v6_range_of_words(0, 0xffff'0000'0000'0000, 96), SpecialRange::translated},           // RFC 2765: SIIT
    {v6_range(0x0064, 0xff9b, 0, 0, 96), SpecialRange::translated},                        // RFC 6052: NAT64
    {v6_range(0x0064, 0xff9b, 1, 0, 48), SpecialRange::translated},                        // RFC 8215: NAT64
    {v6_range(0x0100, 0, 0, 0, 64), SpecialRange::not_global},                             // RFC 6666: discard
    {v6_range(0x0100, 0, 0, 1, 64), SpecialRange::not_global},                             // RFC 9780: dummy
    {v6_range(0x2001, 0, 0, 0, 32), SpecialRange::translated},                             // RFC 4380: Teredo
    {v6_range(0x2001, 2, 0, 0, 48), SpecialRange::benchmarking},                           // RFC 5180
    {v6_range(0x2001, 0x10, 0, 0, 28), SpecialRange::not_global},                          // RFC 4843: ORCHID
    {v6_range(0x2001, 0x20, 0, 0, 28), SpecialRange::not_global},                          // RFC 7343: ORCHIDv2
    {v6_range(0x2001, 0, 0, 0, 23), SpecialRange::protocol},                               // RFC 2928
    {v6_range(0x2001, 0xdb8, 0, 0, 32), SpecialRange::documentation},                      // RFC 3849
    {v6_range(0x2002, 0, 0, 0, 16), SpecialRange::translated},                             // RFC 3056: 6to4
    {v6_range(0x2620, 0x4f, 0x8000, 0, 48), SpecialRange::protocol},                       // RFC 7534: AS112
    {v6_range(0x3fff, 0, 0, 0, 20), SpecialRange::documentation},                          // RFC 9637
    {v6_range(0x5f00, 0, 0, 0, 16), SpecialRange::not_global},                             // RFC 9602: SRv6
    {v6_range(0xfc00, 0, 0, 0, 7), SpecialRange::unique_local},                            // RFC 4193
    {v6_range(0xfe80, 0, 0, 0, 10), SpecialRange::link_local},                             // RFC 4291
    {v6_range(0xfec0, 0, 0, 0, 10), SpecialRange::not_global},                             // RFC 3879: site-local
    {v6_range(0xff00, 0, 0, 0, 8), SpecialRange::multicast},                               // RFC 4291
};

}  // namespace portreeve::net

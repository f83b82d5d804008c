// Prefixes. Lines: two prefixes, an address. Containing and overlapping as strings of bits do; the guard of a prefix is
// that of its addresses.
#include "engine/net/ip_prefix.h"

#include "engine/net/guard.h"
#include "tests/engine/net/slow_bits.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::net;
  const auto [first, second, third] = as_lines<3>(data, size);
  const auto a = IpPrefix::parse(first);
  if (!a) {
    CHECK(!a.error().message.empty());
    return 0;
  }
  CHECK(IpPrefix::parse(a->to_string()) == *a);
  CHECK(IpPrefix::masked(a->network(), a->length()) == *a);
  CHECK(a->contains(a->network()) && a->contains(a->last()));
  CHECK(!overlaps_hard(*a) || overlaps_guard(*a));

  if (const auto address = IpAddress::parse(third)) {
    CHECK(a->contains(*address) == slow_contains(*a, *address));
    const SpecialRange range = classify(*address);
    if (a->contains(*address) && range != SpecialRange::translated) {  // ISATAP has addresses in every IPv6 /64
      CHECK(overlaps_guard(*a) || range == SpecialRange::none);
      CHECK(overlaps_hard(*a) || tier(range) != GuardTier::hard);
    }
    CHECK(OwnAddresses({*a}).contains(*address) == a->contains(*address));
  }
  const auto b = IpPrefix::parse(second);
  if (!b) return 0;
  CHECK(a->overlaps(*b) == slow_overlaps(*a, *b) && a->overlaps(*b) == b->overlaps(*a));
  CHECK(a->contains(*b) == (a->contains(b->network()) && a->contains(b->last())));
  const OwnAddresses own({*a, *b});
  CHECK(own.overlaps(*a) && own.overlaps(*b));
  for (const IpPrefix& prefix : {*a, *b}) CHECK(own.contains(prefix.network()) && own.contains(prefix.last()));
  return 0;
}

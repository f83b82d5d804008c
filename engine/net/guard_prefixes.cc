#include "engine/net/guard_prefixes.h"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/net/special_ranges.h"

namespace portreeve::net {
namespace {

std::vector<IpPrefix> prefixes_of(std::span<const SpecialPrefix> table) {
  std::vector<IpPrefix> prefixes;
  for (const SpecialPrefix& special : table) prefixes.push_back(special.prefix);
  return prefixes;
}

std::vector<IpPrefix> without_nested(std::vector<IpPrefix> prefixes) {
  std::ranges::sort(prefixes);  // a prefix stands before those inside it
  std::vector<IpPrefix> out;
  for (const IpPrefix& prefix : prefixes) {
    if (out.empty() || !out.back().contains(prefix)) out.push_back(prefix);
  }
  return out;
}

}  // namespace

std::vector<IpPrefix> guarded_v4_prefixes() { return without_nested(prefixes_of(kV4Ranges)); }

std::vector<IpPrefix> guarded_v6_prefixes() {
  std::vector<IpPrefix> prefixes = prefixes_of(kV6Ranges);
  // What is not 2000::/3.
  prefixes.push_back(v6_range(0, 0, 0, 0, 3));
  prefixes.push_back(v6_range(0x4000, 0, 0, 0, 2));
  prefixes.push_back(v6_range(0x8000, 0, 0, 0, 1));
  return without_nested(std::move(prefixes));
}

}  // namespace portreeve::net

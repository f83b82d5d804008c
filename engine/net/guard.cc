#include "engine/net/guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/net/special_ranges.h"

namespace portreeve::net {
namespace {

constexpr IpPrefix kGlobalUnicast = v6_range(0x2000, 0, 0, 0, 3);
constexpr IpPrefix kUniqueLocal = v6_range(0xfc00, 0, 0, 0, 7);

std::span<const SpecialPrefix> table_of(bool v4) noexcept {
  return v4 ? std::span<const SpecialPrefix>(kV4Ranges) : std::span<const SpecialPrefix>(kV6Ranges);
}

// The first octets of all that kV4Ranges holds: most addresses begin otherwise, and are told by one look.
constexpr std::array<bool, 256> kSpecialFirstOctets = [] {
  std::array<bool, 256> out{};
  for (const SpecialPrefix& special : kV4Ranges) {
    const auto first = static_cast<std::uint32_t>(special.prefix.network().low()) >> 24;
    const auto spanned = special.prefix.length() >= 8 ? 1U : 1U << (8 - special.prefix.length());
    for (std::uint32_t octet = first; octet < first + spanned; ++octet) out[octet] = true;
  }
  return out;
}();

constexpr bool is_ordinary_v4(IpAddress address) noexcept {
  return address.is_v4() && !kSpecialFirstOctets[static_cast<std::uint32_t>(address.low()) >> 24];
}

// RFC 5214 §6.1: interface id 0000:5efe:a.b.c.d, with the universal and group bits either way.
constexpr bool is_isatap(IpAddress address) noexcept {
  return address.is_v6() && ((address.low() >> 32) & 0xfcff'ffffu) == 0x0000'5efeu;
}

bool fills_isatap(const IpPrefix& prefix) noexcept { return prefix.length() >= 96 && is_isatap(prefix.network()); }

constexpr std::array<std::uint16_t, 12> kForbiddenPorts = {
    2024,                 // our own control channel
    2375,  2376,          // Docker
    2379,  2380,          // etcd
    4194,                 // cAdvisor
    6443,                 // Kubernetes API
    10250, 10255, 10256,  // kubelet, read-only kubelet, kube-proxy
    10257, 10259,         // controller manager, scheduler
};

constexpr std::array<std::string_view, 8> kMetadataNames = {
    "metadata.google.internal", "metadata.goog",           "instance-data",       "instance-data.ec2.internal",
    "metadata.azure.internal",  "metadata.tencentyun.com", "metadata.packet.net", "metadata.platformequinix.com",
};

// IANA's special-use domain names; then names that container and cluster runtimes answer for. `host.docker.internal`
// and its kin stand below `internal`, `kubernetes.default.svc.cluster.local` below `local`.
constexpr std::array<std::string_view, 20> kSpecialUseNames = {
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "onion",
    "invalid",
    "test",
    "example",
    "alt",
    "ipv4only.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "resolver.arpa",
    "service.arpa",
    "eap-noob.arpa",
    "6tisch.arpa",
    "localdomain",
    "localdomain6",
    "kubernetes.default",
    "kubernetes.default.svc",
};

template <std::size_t N>
bool is_below_any(const HostName& name, const std::array<std::string_view, N>& suffixes) noexcept {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view suffix) { return name.is_at_or_below(suffix); });
}

// The last two characters that some guarded name ends in, by their hash: nearly every name ends otherwise.
constexpr std::size_t ending(std::string_view name) noexcept {
  const auto last = static_cast<unsigned char>(name[name.size() - 1]);
  return (last * 31U + static_cast<unsigned char>(name[name.size() - 2])) % 1024;
}
constexpr std::array<bool, 1024> kGuardedEndings = [] {
  std::array<bool, 1024> out{};
  for (const std::string_view name : kMetadataNames) out[ending(name)] = true;
  for (const std::string_view name : kSpecialUseNames) out[ending(name)] = true;
  return out;
}();

std::optional<NameGuard> classify_suffix(const HostName& name) noexcept {
  if (name.view().size() < 2 || !kGuardedEndings[ending(name.view())]) return std::nullopt;
  if (is_below_any(name, kMetadataNames)) return NameGuard::metadata;
  if (is_below_any(name, kSpecialUseNames)) return NameGuard::special_use;
  return std::nullopt;
}

// IPv4 before IPv6, so that a prefix's neighbours in the order are of its family.
bool stands_before(const IpPrefix& a, const IpPrefix& b) noexcept {
  return std::pair(a.is_v4() ? 0 : 1, a) < std::pair(b.is_v4() ? 0 : 1, b);
}

}  // namespace

SpecialRange classify(IpAddress address) noexcept {
  if (is_ordinary_v4(address)) return SpecialRange::none;
  SpecialRange range =
      address.is_v4() || kGlobalUnicast.contains(address) ? SpecialRange::none : SpecialRange::not_global;
  for (const SpecialPrefix& special : table_of(address.is_v4())) {
    if (special.prefix.contains(address)) {
      range = special.range;
      break;
    }
  }
  // An ISATAP interface id may hold any IPv4 address, and so closes what is open or soft around it.
  const bool is_named = tier(range) == GuardTier::hard && range != SpecialRange::not_global;
  return !is_named && is_isatap(address) ? SpecialRange::translated : range;
}

GuardTier tier(SpecialRange range) noexcept {
  switch (range) {
    case SpecialRange::none:
      return GuardTier::open;
    case SpecialRange::private_use:
    case SpecialRange::shared:
    case SpecialRange::unique_local:
      return GuardTier::soft;
    case SpecialRange::loopback:
    case SpecialRange::unspecified:
    case SpecialRange::link_local:
    case SpecialRange::metadata:
    case SpecialRange::multicast:
    case SpecialRange::broadcast:
    case SpecialRange::reserved:
    case SpecialRange::documentation:
    case SpecialRange::benchmarking:
    case SpecialRange::protocol:
    case SpecialRange::translated:
    case SpecialRange::not_global:
    case SpecialRange::overlay:
    case SpecialRange::own:
      return GuardTier::hard;
  }
  return GuardTier::hard;
}

std::string_view guard_code(SpecialRange range) noexcept {
  switch (range) {
    case SpecialRange::none:
      return "";
    case SpecialRange::loopback:
      return "guard:loopback-address";
    case SpecialRange::unspecified:
      return "guard:unspecified-address";
    case SpecialRange::link_local:
      return "guard:link-local-address";
    case SpecialRange::metadata:
      return "guard:metadata-address";
    case SpecialRange::private_use:
      return "guard:private-address";
    case SpecialRange::shared:
      return "guard:shared-address";
    case SpecialRange::unique_local:
      return "guard:unique-local-address";
    case SpecialRange::multicast:
      return "guard:multicast-address";
    case SpecialRange::broadcast:
      return "guard:broadcast-address";
    case SpecialRange::reserved:
      return "guard:reserved-address";
    case SpecialRange::documentation:
      return "guard:documentation-address";
    case SpecialRange::benchmarking:
      return "guard:benchmarking-address";
    case SpecialRange::protocol:
      return "guard:protocol-address";
    case SpecialRange::translated:
      return "guard:translated-address";
    case SpecialRange::not_global:
      return "guard:not-global-address";
    case SpecialRange::overlay:
      return "guard:overlay-address";
    case SpecialRange::own:
      return "guard:own-address";
  }
  return "guard:not-global-address";
}

std::optional<SpecialRange> overlaps_hard(const IpPrefix& prefix) noexcept {
  if (const auto range = classify(prefix.network()); tier(range) == GuardTier::hard) {
    if (range != SpecialRange::translated || !is_isatap(prefix.network()) || fills_isatap(prefix)) return range;
  }
  for (const SpecialPrefix& special : table_of(prefix.is_v4())) {
    if (tier(special.range) == GuardTier::hard && special.prefix.overlaps(prefix)) return special.range;
  }
  // Outside these two all of IPv6 is hard, named in the table or not.
  if (prefix.is_v4() || kGlobalUnicast.contains(prefix) || kUniqueLocal.contains(prefix)) return std::nullopt;
  return SpecialRange::not_global;
}

std::optional<SpecialRange> overlaps_guard(const IpPrefix& prefix) noexcept {
  if (const auto hard = overlaps_hard(prefix)) return hard;
  for (const SpecialPrefix& special : table_of(prefix.is_v4())) {
    if (special.prefix.overlaps(prefix)) return special.range;
  }
  return std::nullopt;
}

OwnAddresses::OwnAddresses(std::vector<IpPrefix> prefixes) : prefixes_(std::move(prefixes)) {
  std::sort(prefixes_.begin(), prefixes_.end(), stands_before);
  // Prefixes nest or are apart: what lies inside the one kept last goes.
  std::size_t kept = 0;
  for (const IpPrefix& prefix : prefixes_) {
    if (kept == 0 || !prefixes_[kept - 1].contains(prefix)) prefixes_[kept++] = prefix;
  }
  prefixes_.resize(kept);
}

bool OwnAddresses::contains(IpAddress address) const noexcept {
  if (prefixes_.empty()) return false;
  const auto after = std::upper_bound(prefixes_.begin(), prefixes_.end(), IpPrefix::of(address), stands_before);
  return after != prefixes_.begin() && std::prev(after)->contains(address);
}

bool OwnAddresses::overlaps(const IpPrefix& prefix) const noexcept {
  if (contains(prefix.network())) return true;
  const auto inside = std::lower_bound(prefixes_.begin(), prefixes_.end(), prefix, stands_before);
  return inside != prefixes_.end() && prefix.contains(*inside);
}

SpecialRange classify(IpAddress address, const OwnAddresses& own) noexcept {
  const SpecialRange range = classify(address);
  return tier(range) != GuardTier::hard && own.contains(address) ? SpecialRange::own : range;
}

std::optional<NameGuard> classify_name(const HostName& name) noexcept {
  if (const auto guard = classify_suffix(name)) return guard;
  return name.is_single_label() ? std::optional(NameGuard::single_label) : std::nullopt;
}

std::optional<NameGuard> classify_pattern(const HostPattern& pattern) noexcept {
  return pattern.kind() == HostPattern::Kind::exact ? classify_name(pattern.suffix())
                                                    : classify_suffix(pattern.suffix());
}

std::string_view guard_code(NameGuard guard) noexcept {
  switch (guard) {
    case NameGuard::special_use:
      return "guard:special-use-name";
    case NameGuard::metadata:
      return "guard:metadata-name";
    case NameGuard::single_label:
      return "guard:single-label-name";
  }
  return "guard:special-use-name";
}

bool is_forbidden_port(std::uint16_t port) noexcept {
  return std::find(kForbiddenPorts.begin(), kForbiddenPorts.end(), port) != kForbiddenPorts.end();
}

}  // namespace portreeve::net

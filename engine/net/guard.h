// The guard: addresses, names and ports that no rule opens, or only a declared InternalService (SEMANTICS §1 and §3).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/net/host_name.h"
#include "engine/net/host_pattern.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::net {

// What kind of special address one is; `none` is public. Texts: guard_code().
enum class SpecialRange : std::uint8_t {
  none,
  loopback,
  unspecified,
  link_local,
  metadata,
  private_use,   // soft
  shared,        // soft
  unique_local,  // soft
  multicast,
  broadcast,
  reserved,
  documentation,
  benchmarking,
  protocol,
  translated,
  not_global,
  overlay,
  own,  // the deployment's own: only from classify(address, own)
};

// Soft is opened by an InternalService, hard by nothing.
enum class GuardTier : std::uint8_t { open, soft, hard };

// Classifies an address against the special-purpose registries (IANA, RFC 6890), cloud and overlay services, and every
// embedding of IPv4 in IPv6. Where ranges nest, metadata names it, then overlay, then the narrowest. IPv6 outside
// 2000::/3 is never public. Total, no allocation, any thread.
SpecialRange classify(IpAddress address) noexcept;

GuardTier tier(SpecialRange range) noexcept;

// The frozen reason code, as `guard:private-address`; empty for `none`. Frozen: SEMANTICS §1.
std::string_view guard_code(SpecialRange range) noexcept;

// A special range that holds some address of `prefix`; hard ones are named before soft ones. Nothing if all of it is
// public, or, for overlaps_hard, public or soft. ISATAP, a pattern of interface ids that every IPv6 /64 has addresses
// of, counts where it fills the prefix; classify() refuses its addresses everywhere.
std::optional<SpecialRange> overlaps_guard(const IpPrefix& prefix) noexcept;
std::optional<SpecialRange> overlaps_hard(const IpPrefix& prefix) noexcept;

// The deployment's own addresses: interfaces, PDP, broker, proxy, what the deployment file lists. Immutable. The
// default is empty.
class OwnAddresses {
 public:
  OwnAddresses() = default;
  explicit OwnAddresses(std::vector<IpPrefix> prefixes);

  // O(log n), no allocation, any thread.
  bool contains(IpAddress address) const noexcept;
  bool overlaps(const IpPrefix& prefix) const noexcept;
  // Sorted, disjoint.
  std::span<const IpPrefix> prefixes() const noexcept { return prefixes_; }

 private:
  std::vector<IpPrefix> prefixes_;
};

// As classify(address), and `own` for an own address that would otherwise be public or soft.
SpecialRange classify(IpAddress address, const OwnAddresses& own) noexcept;

// Names that no target may have, nor any hop of a CNAME chain, unless an InternalService lists the name.
enum class NameGuard : std::uint8_t { special_use, metadata, single_label };

// Classifies a name: cloud metadata names first, then special-use names (IANA's registry, and what container and
// cluster runtimes answer for), then names of one label. Nothing for an ordinary name. No allocation, any thread.
std::optional<NameGuard> classify_name(const HostName& name) noexcept;

// The guard that every name of the pattern trips. Names that a pattern covers beside ordinary ones (`*.packet.net`)
// trip it one by one, when asked for.
std::optional<NameGuard> classify_pattern(const HostPattern& pattern) noexcept;

// The frozen reason code, as `guard:special-use-name`. Frozen: SEMANTICS §1.
std::string_view guard_code(NameGuard guard) noexcept;

// Ports of control planes, which no InternalService opens: etcd, Kubernetes, kubelet, Docker, our own control channel.
bool is_forbidden_port(std::uint16_t port) noexcept;
inline constexpr std::string_view kForbiddenPortCode = "guard:forbidden-port";

}  // namespace portreeve::net

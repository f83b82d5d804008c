// Host names as policies write them: Unicode mapped once (UTS 46), and public suffixes known.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/net/host_pattern.h"

namespace portreeve::load {

// Parses a host pattern of a policy. What is not ASCII, and every A-label, goes through UTS 46, non-transitional, and
// the outcome through net::HostPattern, so that no mapping can make an address, a dot or a wildcard of something else.
Result<net::HostPattern> parse_policy_host(std::string_view text);

// The Public Suffix List, both sections, and the shared hosting names it lacks. Immutable; const use is thread-safe.
class PublicSuffixes {
 public:
  PublicSuffixes();
  ~PublicSuffixes();
  PublicSuffixes(const PublicSuffixes&) = delete;
  PublicSuffixes& operator=(const PublicSuffixes&) = delete;

  // A public suffix that a wildcard pattern reaches or stands at: `*.com`, `*.github.io`, `**.windows.net`. Nothing for
  // exact names, whatever they are, and for patterns below every suffix.
  std::optional<std::string> covered_by(const net::HostPattern& pattern) const;

 private:
  struct List;
  std::unique_ptr<const List> list_;
};

}  // namespace portreeve::load
